"""What an order to the running bot did, in words, and what that means for the positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.cli.text import moment
from bot.core.durations import format_duration

Answer = Mapping[str, Any]


def report(answer: Answer) -> str:
    """The lines for people."""
    told = {
        "pause": _paused,
        "resume": _resumed,
        "halt": _halted,
        "reset": _released,
        "acknowledge": _acknowledged,
        "flatten": _flattening,
    }[answer["command"]]
    lines = list(told(answer))
    if answer["shadow"]:
        lines.append("In shadow nothing is sent anyway.")
    return "\n".join(lines)


def _paused(answer: Answer) -> Iterator[str]:
    for_ms = answer["until_ms"] - answer["at_ms"]
    until = f"until {moment(answer['until_ms'])}, for {format_duration(for_ms)}"
    yield f"paused {answer['subject'] or 'every rule'} {until}"
    yield "It ends by itself. The seatbelt and the keeper go on, and stops that rest at the exchange stay."


def _resumed(answer: Answer) -> Iterator[str]:
    if answer["subject"]:
        yield f"resumed {answer['subject']}"
        yield "A pause or a halt of everything is ended by: holdfast resume, without a name"
        return
    yield f"resumed: {_states(answer['states'])}"
    for account in answer["was_flattening"]:
        left = _of(account, answer["held"])
        yield f"Flattening {account} was left off; it still holds {_listed(left)}"


def _halted(answer: Answer) -> Iterator[str]:
    yield f"halted: {_states(answer['states'])}"
    yield "Nothing is sent any more. Stops that rest at the exchange stay and work. To go on: holdfast resume"
    for account in answer["flattening"]:
        yield f"Except that {account} goes on being flattened: holdfast resume leaves that off."


def _released(answer: Answer) -> Iterator[str]:
    for rule, position in answer["released"]:
        yield f"released {rule} on {position}: it may act again"
    if not answer["released"]:
        yield f"{answer['subject'] or 'no rule'} was {'not ' if answer['subject'] else ''}latched anywhere"


def _acknowledged(answer: Answer) -> Iterator[str]:
    was, now = answer["was"], answer["states"]
    changed = [account for account in now if was.get(account) != now[account]]
    for account in changed:
        yield f"acknowledged: {account} {was[account]} -> {now[account]}"
    if not changed:
        yield f"nothing waited to be acknowledged: {_states(now)}"


def _flattening(answer: Answer) -> Iterator[str]:
    account = answer["subject"]
    if account not in answer["flattening"]:
        yield f"{account} is flat: it holds nothing"
        return
    yield f"flattening {account}: closing {_listed(_of(account, answer['held']))} at market"
    yield "Until nothing is held, nothing else is opened or added, over a restart too. Your own orders stay."
    yield "A stop of ours stays until its position is closed. To leave off: holdfast resume"


def _of(account: str, held: Iterable[str]) -> list[str]:
    return [position for position in held if position.startswith(f"{account}/")]


def _states(states: Mapping[str, str]) -> str:
    return ", ".join(f"{account} {state}" for account, state in states.items())


def _listed(positions: Iterable[str]) -> str:
    return ", ".join(positions) or "nothing that is known"
