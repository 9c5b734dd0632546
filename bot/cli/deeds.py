"""What each rule did in a run, one line for each: the summary that a list of actions is too long for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.cli.text import amount, columns, exact
from bot.config.currencies import coins
from bot.core.settings import FLATTEN, KEEPER, RESERVED_NAMES, SEATBELT, RuleEntry

_IN_ALL = {"money": amount, "base": exact}
"""Units whose amounts can be added up, each coin by itself; the sum of two prices says nothing."""


def deeds(answer: Mapping[str, Any], rules: Sequence[RuleEntry]) -> str:
    """For each rule, and for the fixed ones that did something: what it did, and what was refused, why."""
    rows = []
    for name in (*(entry.name for entry in rules), KEEPER, SEATBELT, FLATTEN):
        substitutes = next((e.rule.substitutes for e in rules if e.name == name), {})
        instead = {by.__name__: kind.__name__ for kind, by in substitutes.items()}
        said = "; ".join((*_done(answer, name, instead), *_met(answer, name), *_refused(answer, name)))
        if said or name not in RESERVED_NAMES:
            rows.append((name, said or "had nothing to do"))
    return columns(rows)


def _done(answer: Mapping[str, Any], rule: str, instead: Mapping[str, str]) -> Iterator[str]:
    """How often which kind of thing, how much of it, and in whose place."""
    mine = [action for action in answer["actions"] if action["rule"] == rule]
    for kind, count in Counter(action["intent"] for action in mine).items():
        rows = [action for action in mine if action["intent"] == kind]
        missing = instead.get(kind)
        place = f" instead of {missing}" if missing and all(a["intent"] != missing for a in mine) else ""
        yield f"{count} {kind}{_in_all(rows)}{place}"


def _in_all(rows: Sequence[Mapping[str, Any]]) -> str:
    figure = _IN_ALL.get(rows[0]["unit"] or "")
    if figure is None:
        return ""
    sums: dict[str, Decimal] = {}
    for row in rows:
        name = _coin(row) if row["unit"] == "base" else coins(row["symbol"])[1]
        sums[name] = sums.get(name, Decimal(0)) + Decimal(row["amount"])
    totals = ", ".join(
        f"{figure(total)} {name}" if len(sums) > 1 else figure(total) for name, total in sums.items()
    )
    return f" ({totals}{' in all' if len(rows) > 1 else ''})"


def _met(answer: Mapping[str, Any], rule: str) -> Iterator[str]:
    for row in answer["triggered"]:
        if row["rule"] == rule:
            yield f"its stop closed {exact(row['quantity'])} {_coin(row)} at {amount(row['price'])}"


def _coin(row: Mapping[str, Any]) -> str:
    """What its quantity is counted in: of an inverse contract the face value."""
    base, settlement = coins(row["symbol"])
    quote: str = row["symbol"].partition("/")[2].partition(":")[0]
    return quote if settlement == base else base


def _refused(answer: Mapping[str, Any], rule: str) -> Iterator[str]:
    words: Iterable[str] = (
        row["because"].partition(":")[0] for row in answer["refusals"] if row["rule"] == rule
    )
    found = Counter(words)
    if found:
        yield "refused: " + ", ".join(
            word if count == 1 else f"{word} {count} times" for word, count in found.items()
        )
