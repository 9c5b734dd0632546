"""What became of a cell: judged from the exchange's own books and the bot's own journal, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import dropwhile, pairwise
from typing import Any

from bot.core.types import OrderKind
from bot.simulator import AccountView, OrderRecord, OrderStatus, Origin
from tests.faults.loop.drill import AMOUNT, BETTER_STOP, CLOSED, CUT_TO, HEDGED, STOP, TAKEN, WORSE_STOP
from tests.faults.loop.matrix import Act, Cell, Way
from tests.faults.loop.stage import HELD, exit_rule, leg_of, position_of

Row = dict[str, Any]
MARGIN = Decimal(100)
HELD_UP = ("past its deadline", "its deadline passed", "cut off in the queue")
"""How an intent that never left is told from one whose first request, a leverage, nobody answered."""
CLOSING = frozenset({"verified", "not_applied", "rejected"})


class Found(StrEnum):
    """What a cell came to."""

    OK = "ok"
    DOUBLE = "double"
    LOST = "lost"
    WRONG = "wrong"
    """The journal says otherwise than the books, or the books are not as they were to be."""
    LATE = "late"
    BUSY = "busy"
    """Late by no more than bot and exchange waited for a processor meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """``took_ms`` is how long the proof took from when the exchange had the request, or it was decided."""

    found: Found
    took_ms: int | None = None
    because: str = ""

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        return self.found in (Found.OK, Found.BUSY)


@dataclass(frozen=True, slots=True)
class Deed:
    """One intent as the journal tells it: its action, and the outcomes in their order."""

    action: Row
    outcomes: Sequence[Row]

    @property
    def closed(self) -> Row | None:
        """The outcome that closed it."""
        return next((o for o in self.outcomes if o["kind"] in CLOSING), None)


def deeds_of(cell: Cell, rows: Sequence[Row], rule: str = "") -> list[Deed]:
    """What the rule of the cell, or ``rule``, did on its position, in order."""
    actions = [
        row["body"]
        for row in rows
        if row["kind"] == "Action"
        and row["rule"] == (rule or cell.kind.name)
        and row["symbol"] == cell.symbol
    ]
    told = [row["body"] for row in rows if row["kind"] == "Outcome" and row["symbol"] == cell.symbol]
    return [Deed(a, [o for o in told if o["client_id"] == a["client_id"]]) for a in actions]


def _met(cell: Cell, deeds: Sequence[Deed]) -> Sequence[Deed]:
    """Those the fault of a reply may have met: what waited past its deadline and never left is none of them.

    That is for how busy the machine is, and the one after it is tried as well as the first would have been.
    """
    if cell.trouble.way is not Way.REPLY:
        return deeds
    return list(dropwhile(lambda deed: any(words in _proof(deed) for words in HELD_UP), deeds))


def _proof(deed: Deed) -> str:
    return str(deed.closed["proof"]) if deed.closed is not None else ""


def effects(cell: Cell, view: AccountView, since_ms: int) -> list[int]:
    """When the exchange did what the cell asks for, from its own books; a leverage is the last one set."""
    id_, leg = position_of(cell), leg_of(cell)
    mine = [o for o in view.orders.values() if o.origin is Origin.CLIENT]
    new = [o for o in mine if o.created_ms >= since_ms]
    match cell.kind.name:
        case "add-margin" | "exit-meanwhile":
            return [move.at_ms for move in view.margin_moves if move.id == id_]
        case "withdraw-margin":
            return [move.at_ms for move in view.margin_moves if move.id == id_ and move.amount < 0]
        case "cut-leverage":
            return [view.at_ms] if view.positions[id_].leverage == CUT_TO else []
        case "reduce":
            return [o.created_ms for o in new if o.id == id_ and not o.conditional]
        case "place-stop" | "move-stop" | "take-profit":
            return [o.created_ms for o in new if o.id == id_ and o.conditional]
        case "move-cancel" | "cancel-stop":
            return [o.updated_ms for o in mine if o.id == id_ and o.status is OrderStatus.CANCELLED]
        case "open-hedge" | "hedge-leverage":
            return [o.created_ms for o in new if o.id == leg and not o.reduces]
        case "close-hedge":
            return [o.created_ms for o in new if o.id == leg and o.reduces]
        case other:
            raise AssertionError(f"nobody knows {other}")


def remains(cell: Cell, view: AccountView) -> str:
    """What is wrong with the books in the end; empty where they are as they were to be."""
    position, leg = view.positions.get(position_of(cell)), view.positions.get(leg_of(cell))
    name = cell.kind.name
    wanted: dict[str, object] = {
        "quantity": HELD - (CLOSED if name in ("reduce", "exit-meanwhile") else 0),
        "hedge": HEDGED if name in ("open-hedge", "hedge-leverage") else Decimal(0),
        "stops": {
            "place-stop": [STOP],
            "move-stop": [BETTER_STOP],
            "move-cancel": [BETTER_STOP],
            "cancel-stop": [WORSE_STOP],
        }.get(name, []),
        "take profits": 1 if name == "take-profit" else 0,
        "margin": _margin(cell),
    }
    resting = [o for o in view.open_orders if o.id == position_of(cell)]
    found: dict[str, object] = {
        "quantity": position.quantity if position is not None else Decimal(0),
        "hedge": leg.quantity if leg is not None else Decimal(0),
        "stops": [o.trigger for o in resting if o.kind.is_stop],
        "take profits": sum(o.kind is OrderKind.TAKE_PROFIT_MARKET for o in resting),
        "margin": position.margin if position is not None else Decimal(0),
    }
    if name in ("reduce", "cut-leverage"):
        wanted.pop("margin")
        found.pop("margin")  # It goes with the position, and with its leverage.
    return "; ".join(f"{key}: {found[key]}, not {wanted[key]}" for key in wanted if found[key] != wanted[key])


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """When the marks went, when the exchange had the request of the cell, and how long a proof may take."""

    moved_ms: int
    arrived_ms: int | None
    within_ms: int
    waited_ms: Callable[[int, int], int] = lambda _, __: 0
    """How long the processes waited for a processor between two moments."""


def judge(cell: Cell, rows: Sequence[Row], view: AccountView, moments: Moments) -> Judgement:
    """What became of a cell."""
    deeds, done = _met(cell, deeds_of(cell, rows)), effects(cell, view, moments.moved_ms)
    if not deeds or (cell.trouble.way is Way.REPLY and moments.arrived_ms is None):
        return Judgement(found=Found.WRONG, because="the rule never acted, or its request never came")
    if len(done) > 1:
        return Judgement(found=Found.DOUBLE, because=f"done {len(done)} times")
    if not done:
        return Judgement(found=Found.LOST, because=f"never done: {_told(deeds)}")
    first = deeds[0]
    if first.closed is None:
        return Judgement(found=Found.LATE, because=f"never proven: {_told(deeds)}")
    began_ms, ended_ms = moments.arrived_ms or first.action["at_ms"], first.closed["at_ms"]
    took_ms = ended_ms - began_ms
    wrong = _contradiction(cell, deeds, done[0]) or _exit(cell, rows, first) or remains(cell, view)
    if wrong:
        return Judgement(found=Found.WRONG, took_ms=took_ms, because=f"{wrong}; {_told(deeds)}")
    if took_ms <= moments.within_ms:
        return Judgement(found=Found.OK, took_ms=took_ms)
    waited_ms = moments.waited_ms(began_ms, ended_ms)
    found = Found.BUSY if took_ms - waited_ms <= moments.within_ms else Found.LATE
    told = f"waited {waited_ms} ms for a processor meanwhile; {_told(deeds)}"
    return Judgement(found=found, took_ms=took_ms, because=told)


def _contradiction(cell: Cell, deeds: Sequence[Deed], done_ms: int) -> str:
    """Where journal and books do not agree."""
    applied = [deed for deed in deeds if deed.closed and deed.closed["kind"] == "verified"]
    if any(not outcome["proof"] for deed in deeds for outcome in deed.outcomes):
        return "an outcome without a proof"
    if len(applied) != 1:
        return f"{len(applied)} intents count as done"
    if cell.done_at_once:
        return "" if len(deeds) == 1 else f"{len(deeds)} intents where one was done"
    *failed, last = deeds
    once = cell.trouble.way is Way.REPLY and cell.kind.name != "hedge-leverage"
    if not failed or last not in applied or (len(failed) > 1 and once):
        return f"{len(deeds)} intents where the first was not done"
    for one, after in pairwise(deeds):
        if one.closed is None or after.action["at_ms"] < one.closed["at_ms"]:
            return "another intent before the proof that the one before was not done"
    closed = failed[-1].closed
    assert closed is not None, "every one that has another after it is closed"
    return "" if done_ms >= closed["at_ms"] else "done before the proof that it was not"


def _exit(cell: Cell, rows: Sequence[Row], first: Deed) -> str:
    """What is wrong with the exit that was wanted meanwhile: it does not wait for the proof."""
    if not cell.kind.meanwhile or cell.trouble.way is not Way.REPLY:
        return ""
    exits = deeds_of(cell, rows, exit_rule(cell.kind))
    if len(exits) != 1 or exits[0].closed is None or exits[0].closed["kind"] != "verified":
        return f"exits: {_told(exits)}"
    assert first.closed is not None, "asked before"
    waited = not cell.executed and exits[0].closed["at_ms"] >= first.closed["at_ms"]
    return "the exit waited for the proof" if waited else ""


def _margin(cell: Cell) -> Decimal:
    """What is in the position in the end: an exit takes its share along of what is there."""
    if cell.kind.name == "add-margin":
        return MARGIN + AMOUNT
    if cell.kind.name == "withdraw-margin":
        return MARGIN + AMOUNT - TAKEN
    if cell.kind.name != "exit-meanwhile":
        return MARGIN
    left = (HELD - CLOSED) / HELD
    return (MARGIN + AMOUNT) * left if cell.executed else MARGIN * left + AMOUNT


def _told(deeds: Sequence[Deed]) -> str:
    return " / ".join(
        ", ".join(
            f"{o['kind']} after {o['at_ms'] - deed.action['at_ms']} ms: {o['proof']}" for o in deed.outcomes
        )
        or "no outcome"
        for deed in deeds
    )


def about(cell: Cell, view: AccountView) -> str:
    """What the request of a cell is known by: its symbol, or what is cancelled."""
    name = rf"(?i:{cell.base}[-_]?USDT)"
    if cell.kind.act is not Act.CANCEL:
        return name
    stops: list[OrderRecord] = [o for o in view.open_orders if o.id == position_of(cell) and o.conditional]
    ids = [str(stop.order_id) for stop in stops] + [stop.client_id for stop in stops]
    return "|".join([name, *(rf"\b{each}\b" for each in ids)])
