"""Resting orders that were met: the facts in which a stop closes a position, and whose stop it was.

They come without a decision, for the order had been placed long before; only the client id leads back to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.text import exact, moment
from bot.core.codec import decode_decision
from bot.core.decisions import Action
from bot.core.facts import MET
from bot.core.intents import MoveStop, PlaceStop

if TYPE_CHECKING:
    from bot.cli.journal_file import Reading

YOURS = "an order of your own"

Row = dict[str, Any]


async def met_rows(reading: Reading, given: Mapping[str, Any]) -> list[Row]:
    """The last rows of this sort; ``rule`` and ``order`` say whose order it was, and what.

    ``given`` is as for a page. A ``rule`` in it is the one that placed the order.
    """
    rule = given.get("rule")
    asked = {**given, "kind": "Outcome", "contains": f'"{MET}"', "latest": True, "rule": None}
    if rule is not None:
        asked["limit"] = None  # as many as fit on a page, for most may be of other rules
    rows = [await _attributed(reading, row) for row in await reading.page(asked)]
    return [row for row in rows if rule is None or row["rule"] == rule]


async def _attributed(reading: Reading, row: Row) -> Row:
    client_id = json.dumps(json.loads(row["body"])["client_id"])
    actions = await reading.page(
        {"kind": "Action", "symbol": row["symbol"], "contains": f'"client_id":{client_id}', "latest": True}
    )
    # Runs may use the same ids again, so it is the last action before the outcome.
    before = [action for action in actions if action["seq"] < row["seq"]]
    if not before:
        return {**row, "order": YOURS}
    action = decode_decision(before[-1]["body"])
    assert isinstance(action, Action), "an action that is none"
    stop = isinstance(action.intent, PlaceStop | MoveStop)
    return {**row, "rule": action.rule, "order": f"{action.rule}'s {'stop' if stop else 'order'}"}


async def closings(reading: Reading, symbol: str, begin: int) -> list[str]:
    """For each position in ``symbol`` that a resting order closed last: by what, at which price, and when."""
    given = {"symbol": symbol, "after_seq": begin - 1}
    gone = await reading.page(
        {**given, "kind": "PositionChanged", "contains": '"position":null', "latest": True}
    )
    last = {_side(row): row["at_ms"] for row in gone}
    met = {_side(row): row for row in await met_rows(reading, given)}
    return [
        f"closed by {row['order']} at {_price(row)}, {moment(row['at_ms'])}"
        for side, row in met.items()
        if last.get(side) == row["at_ms"]
    ]


def _side(row: Row) -> str:
    side: str = json.loads(row["body"])["id"]["side"]
    return side


def _price(row: Row) -> str:
    return exact(json.loads(row["body"])["fills"][-1]["price"])
