"""The answer of a stress test as text for people: the verdict, the matrix, then what went wrong and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.cli.text import NOTHING, amount, columns, moment, percent
from bot.look.refusals import refusal

Row = Mapping[str, Any]

DEAD = "LIQUIDATED"


def report(answer: Mapping[str, Any]) -> str:
    """The whole answer of ``holdfast stress``."""
    parts = [verdict(answer), _matrix(answer), *_deaths(answer), *_blocked(answer), *_assumed(answer)]
    return "\n\n".join(parts)


def verdict(answer: Mapping[str, Any]) -> str:
    """One sentence: how many scenarios were survived, with which rules."""
    count = len(answer["scenarios"])
    (mine, survived), *others = answer["rules"].items()
    word = "SURVIVED" if survived == count else DEAD
    said = f"{word}: with the {mine} rules {survived} of {count} scenarios are survived"
    for name, number in others:
        said += f"; with {'no defence at all' if name == 'none' else f'the rules of {name}'} {number}"
    return f"{said}. {len(answer['trials'])} runs in {answer['seconds']:.1f} s"


def _matrix(answer: Mapping[str, Any]) -> str:
    """A line for each scenario, a column for each set of rules: the nearest call, and what is left."""
    names = list(answer["rules"])
    trials = {(each["scenario"], each["rules"]): each for each in answer["trials"]}
    rows = [("scenario", *(title for name in names for title in (name, "equity")))]
    for scenario in answer["scenarios"]:
        mine = [trials[scenario["name"], name] for name in names]
        rows.append((scenario["name"], *(cell for each in mine for cell in _cells(each))))
    before = amount(answer["trials"][0]["equity_before"], 0)
    title = f"smallest distance to liquidation, and what is left of {before}"
    return f"{title}\n{columns(rows)}"


def _cells(trial: Row) -> tuple[str, str]:
    known = [p["smallest_distance"] for p in trial["positions"] if p["smallest_distance"] is not None]
    nearest = percent(min(known, key=float), 1) if known else NOTHING
    return nearest if trial["survived"] else DEAD, amount(trial["equity"], 0)


def _deaths(answer: Mapping[str, Any]) -> Iterator[str]:
    """Who died with the configured rules, when, and what would have saved them."""
    mine = next(iter(answer["rules"]))
    dead = [each for each in answer["trials"] if not each["survived"] and each["rules"] == mine]
    for trial in dead:
        lines = [
            f"  {position['symbol']} {position['side']} at {moment(position['liquidated_ms'])}"
            for position in trial["positions"]
            if not position["survived"]
        ]
        done = ", ".join(f"{count} {kind}" for kind, count in trial["actions"].items()) or "nothing"
        lines.append(
            f"  done: {done}; margin added {amount(trial['margin_added'])}, cost {amount(trial['cost'])}"
        )
        lines.append(f"  what would have saved it: {_saved(trial['saved_by'])}")
        yield f"{DEAD} in {trial['scenario']} with the {mine} rules\n" + "\n".join(lines)


def _saved(saved: Row | None) -> str:
    ways = []
    if saved is not None and saved["margin"] is not None:
        each = [
            f"{amount(row['margin'])} more behind {row['symbol']} {row['side']}" for row in saved["margin"]
        ]
        ways.append(" and ".join(each))
    if saved is not None and saved["earlier"] is not None:
        ways.append(f"rules that act at {amount(saved['earlier'])} times the distance")
    return ", or ".join(ways) or "nothing that was tried"


def _blocked(answer: Mapping[str, Any]) -> Iterator[str]:
    """What limits refused to the configured rules, most frequent first."""
    mine = next(iter(answer["rules"]))
    counted: dict[str, int] = {}
    where: dict[str, int] = {}
    for trial in answer["trials"]:
        if trial["rules"] == mine:
            for reason, count in trial["blocked"].items():
                counted[reason] = counted.get(reason, 0) + count
                where[reason] = where.get(reason, 0) + 1
    rows: Sequence[tuple[str, str, str]] = [
        (refusal(reason), str(count), f"in {where[reason]} scenario{'s' if where[reason] > 1 else ''}")
        for reason, count in sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    ]
    if rows:
        yield f"what the {mine} rules were refused\n{columns(rows)}"


def _assumed(answer: Mapping[str, Any]) -> Iterator[str]:
    yield "assumptions\n" + "\n".join(
        f"  {sentence}"
        for sentence in (
            "scenarios are rebuilt from published figures: docs/scenarios.md says what is modelled",
            *answer["assumptions"],
        )
    )
