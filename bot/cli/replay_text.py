"""The answer of a replay as text for people: the verdict first, then why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.cli.text import NOTHING, amount, columns, exact, flagged, mentions_flagged, moment, percent

ROWS_MAX = 30
"""Longer lists end with a count; --json has every row."""

_MONEY = {"equity": "equity at the end", "realised": "realised", "fees": "fees", "funding": "funding"}
"""Figures of a pool; those of closed positions are in the pool their money went to."""


def report(answer: Mapping[str, Any]) -> str:
    """The whole answer of ``holdfast replay``."""
    parts = [
        verdict(answer),
        *_parked(answer["changes"]),
        _section("actions", _actions(answer["actions"]), len(answer["actions"])),
        _section("resting orders that were met", _triggered(answer["triggered"]), len(answer["triggered"])),
        *_deliveries(answer["deliveries"]),
        _section("refusals", _refusals(answer["refusals"]), len(answer["refusals"])),
        f"with the rules, and without any defence\n{comparison(answer)}",
        "assumptions\n" + "\n".join(f"  {sentence}" for sentence in answer["assumptions"]),
        f"digest {answer['digest']}",
    ]
    return "\n\n".join(part for part in parts if part)


def verdict(answer: Mapping[str, Any]) -> str:
    """One line: what happened, what would have, over how much data, how fast."""
    seconds = answer["seconds"]
    data = f"{answer['bars']:,} bars, run in {seconds['run']:.2f} s, loaded in {seconds['load']:.2f} s"
    return f"{fates(answer)} {data}"


def fates(answer: Mapping[str, Any]) -> str:
    """What became of the positions, with the rules and without any defence, in one sentence."""
    return f"{_fate(answer)} with the rules; {_fate(answer['undefended']).lower()} without any defence."


def comparison(answer: Mapping[str, Any]) -> str:
    """What happened beside what would have happened with no defence."""
    sides = (answer, answer["undefended"])
    rows: list[tuple[str, ...]] = [("", "defended", "undefended")]
    rows.append(("survived", *("yes" if side["survived"] else "NO" for side in sides)))
    rows.append(("liquidations", *(str(len(side["liquidations"])) for side in sides)))
    if any(side["deleveraged"] for side in sides):
        rows.append(("deleveraged", *(str(len(side["deleveraged"])) for side in sides)))
    rows += _money(sides)
    mine, others = ({_name(row): row for row in side["final"]["positions"]} for side in sides)
    # A hedge is there only where a rule opened it.
    rows += [(name, _position(mine.get(name)), _position(others.get(name))) for name in mine | others]
    return columns(rows)


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['account']}/{_symbol(row)}/{row['side']}"


def _fate(side: Mapping[str, Any]) -> str:
    count = len(side["liquidations"])
    return "SURVIVED" if side["survived"] else f"LIQUIDATED {count} time{'s' if count > 1 else ''}"


def _position(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return NOTHING
    if not figures["open"]:
        return "liquidated" if figures["liquidations"] else f"closed, realised {amount(figures['realised'])}"
    return f"open, {exact(figures['quantity'])} at distance {percent(figures['distance'])}"


def _money(sides: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    """What is left, and of what: each currency by itself, for dollars and coins cannot be added up."""
    pools = [side["final"]["pools"] for side in sides]
    currencies = dict.fromkeys(pool["currency"] for each in pools for pool in each)
    for figure, name in _MONEY.items():
        for currency in currencies:
            sums = (
                sum((Decimal(pool[figure]) for pool in each if pool["currency"] == currency), Decimal(0))
                for each in pools
            )
            yield f"{name}, {currency}" if len(currencies) > 1 else name, *map(amount, sums)


def _symbol(row: Mapping[str, Any]) -> str:
    """The symbol; where another contract is traded for its sake, that one, too."""
    contract = row.get("contract", row["symbol"])
    if contract == row["symbol"]:
        return flagged(contract, row["synthetic"])
    return f"{row['symbol']} in {flagged(contract, row['synthetic'])}"


def _deliveries(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Nothing where nothing expired, which is the rule."""
    if rows:
        shown = [
            (moment(row["at_ms"]), f"{_symbol(row)} {row['side']}", f"at {exact(row['price'])}")
            for row in rows[:ROWS_MAX]
        ]
        yield _section("delivered at expiry", shown, len(rows))


def _parked(changes: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Nothing where every rule behaved: one that raised was not asked again, and the others went on."""
    rows = [
        (moment(change["at_ms"]), change["subject"].removeprefix("rule:"), change["because"])
        for change in changes
        if change["subject"].startswith("rule:") and change["now"] == "parked"
    ]
    if rows:
        yield _section("PARKED: rules that failed and were left out from then on", rows, len(rows))


def _section(title: str, rows: Sequence[tuple[str, ...]], count: int) -> str:
    more = f"\n  ... and {count - ROWS_MAX} more, all of them with --json" if count > ROWS_MAX else ""
    return f"{title} ({count})\n{columns(rows)}{more}" if rows else f"{title}: none"


def _actions(actions: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            *_what(action),
            f"{percent(action['distance_before'])} -> {percent(action['distance_after'])}",
            f"cost {amount(action['cost'])}",
            mentions_flagged(action["reason"], [action["contract"]] if action["synthetic"] else ()),
        )
        for action in list(actions)[:ROWS_MAX]
    ]


def _refusals(refusals: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (*_what(refusal), f"at {percent(refusal['distance_before'])}", refusal["because"])
        for refusal in list(refusals)[:ROWS_MAX]
    ]


def _triggered(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            moment(row["at_ms"]),
            row["rule"] or "of your own",
            f"{_symbol(row)} {row['side']}",
            f"{exact(row['quantity'])} at {exact(row['price'])}",
            f"cost {amount(row['cost'])}",
        )
        for row in list(rows)[:ROWS_MAX]
    ]


def _what(row: Mapping[str, Any]) -> tuple[str, ...]:
    unit = {"price": "at", "base": "", "money": "", "times": "to"}.get(row["unit"] or "", "")
    figure = NOTHING if row["amount"] is None else f"{unit} {exact(row['amount'])}".strip()
    return moment(row["at_ms"]), row["rule"], row["intent"], f"{_symbol(row)} {row['side']}", figure
