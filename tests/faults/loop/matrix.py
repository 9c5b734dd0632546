"""The ambiguity matrix: what may go wrong with a reply, and what may be asked for when it does.

A cell is a fault, whether the request was executed, and a kind of action. The reply alone tells nothing of
the second: that is what makes it a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.types import MarginMode, Symbol
from bot.simulator import Fault, FaultKind
from bot.venues.live.dialects.okx.acting import EXPIRY
from bot.venues.live.registry import dialect
from tests.building.venues import BINANCE, BYBIT, OKX, XT, Venue

VENUES = {venue.name: venue for venue in (BINANCE, BYBIT, OKX, XT)}
LATE_MS = 8_000
FIREWALL = "<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"
TIMED_OUT = {
    "binanceusdm": (504, '{"code":-1007,"msg":"Send status unknown; execution status unknown."}'),
    "bybit": (200, '{"retCode":10000,"retMsg":"Server Timeout","result":{},"time":1}'),
    "okx": (200, '{"code":"50004","msg":"API endpoint request timeout","data":[]}'),
    "xt": (200, '{"returnCode":1,"msgInfo":"failure","error":{"code":"timeout","msg":""},"result":null}'),
}
"""How each exchange says itself that it does not know."""


class Way(StrEnum):
    """Where a fault happens."""

    REPLY = "reply"
    REFUSED = "refused"
    """No connection is accepted."""
    NAMELESS = "nameless"
    """The exchange's name cannot be resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One row of the matrix; ``kind`` and what goes with it for a request that was executed, and was not."""

    name: str
    way: Way = Way.REPLY
    executed: FaultKind | None = None
    not_executed: FaultKind | None = None
    status: int = 503
    body: str = ""

    @property
    def twins(self) -> tuple[bool, ...]:
        """Whether the request is executed: what befalls a connection never lets it be."""
        return (True, False) if self.way is Way.REPLY else (False,)

    def fault(self, venue: str, *, executed: bool) -> Fault:
        """The fault as the simulator takes it."""
        kind = self.executed if executed else self.not_executed
        assert kind is not None, f"{self.name} has no fault for executed={executed}"
        fault = Fault(
            kind=kind, status=self.status, body=self.body, ms=LATE_MS, executed=executed, method="POST"
        )
        if self.name == "timeout-code":
            status, body = TIMED_OUT[venue]
            return replace(fault, status=status, body=body)
        return fault


def _spoilt(name: str, kind: FaultKind, body: str = "") -> Trouble:
    return Trouble(name=name, executed=kind, not_executed=kind, body=body)


def _failed(name: str, status: int, body: str = "") -> Trouble:
    executed, not_executed = FaultKind.ERROR_AFTER, FaultKind.ERROR_BEFORE
    return Trouble(name=name, executed=executed, not_executed=not_executed, status=status, body=body)


TROUBLES = (
    Trouble(name="no-name", way=Way.NAMELESS),
    Trouble(name="refused", way=Way.REFUSED),
    Trouble(name="closed", executed=FaultKind.LOST_AFTER, not_executed=FaultKind.LOST_BEFORE),
    Trouble(name="hangs", executed=FaultKind.HANG_AFTER, not_executed=FaultKind.HANG_BEFORE),
    Trouble(name="late", executed=FaultKind.DELAY_AFTER, not_executed=FaultKind.DELAY_BEFORE),
    _failed("timeout-code", 0),
    _failed("502", 502),
    _failed("503", 503),
    _failed("403", 403, FIREWALL),
    _spoilt("200-cut-off", FaultKind.CUT_BODY),
    _spoilt("200-html", FaultKind.HTML_AFTER),
    _spoilt("200-empty", FaultKind.EMPTY_AFTER),
    _spoilt("200-null", FaultKind.BODY_AFTER, "null"),
    _spoilt("200-list", FaultKind.BODY_AFTER, "[]"),
    _spoilt("200-cut-json", FaultKind.CUT_JSON),
)
"""The rows. Those of connections never execute; each of the others has its twin."""


class Act(StrEnum):
    """What a request does, by which its fault finds it."""

    PLACE = "place"
    REST = "rest"
    CANCEL = "cancel"
    MARGIN = "margin"
    LEVERAGE = "leverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One column: the rule that asks, what has to be there before, and the request the fault is for.

    ``rises`` where the mark goes up in the end, and not down. ``dated`` where a quarterly takes part.
    ``meanwhile`` is the rule that wants an exit while the outcome is unknown.
    """

    name: str
    rule: str
    lever: str
    act: Act
    before: tuple[str, ...] = ()
    rises: bool = False
    dated: bool = False
    meanwhile: str = ""


KINDS = (
    Kind(name="add-margin", rule="add_margin", lever="AddMargin", act=Act.MARGIN),
    Kind(
        name="withdraw-margin",
        rule="withdraw_margin",
        lever="WithdrawMargin",
        act=Act.MARGIN,
        before=("add_margin",),
        rises=True,
    ),
    Kind(name="cut-leverage", rule="cut_leverage", lever="CutLeverage", act=Act.LEVERAGE),
    Kind(name="reduce", rule="reduce", lever="ReducePosition", act=Act.PLACE),
    Kind(name="place-stop", rule="place_stop", lever="PlaceStop", act=Act.REST),
    Kind(name="move-stop", rule="move_stop", lever="MoveStop", act=Act.REST, before=("place_stop",)),
    Kind(name="move-cancel", rule="move_stop", lever="MoveStop", act=Act.CANCEL, before=("place_stop",)),
    Kind(
        name="cancel-stop",
        rule="cancel_stop",
        lever="CancelStop",
        act=Act.CANCEL,
        before=("place_stop", "second_stop"),
    ),
    Kind(name="take-profit", rule="take_profit", lever="PlaceTakeProfit", act=Act.REST),
    Kind(name="open-hedge", rule="open_hedge", lever="OpenHedge", act=Act.PLACE, dated=True),
    Kind(name="hedge-leverage", rule="open_hedge", lever="OpenHedge", act=Act.LEVERAGE, dated=True),
    Kind(
        name="close-hedge",
        rule="close_hedge",
        lever="CloseHedge",
        act=Act.PLACE,
        before=("open_hedge",),
        rises=True,
        dated=True,
    ),
    Kind(name="exit-meanwhile", rule="add_margin", lever="AddMargin", act=Act.MARGIN, meanwhile="reduce"),
)
"""The columns."""

_PATHS: dict[str, dict[Act, tuple[str, str]]] = {
    "binanceusdm": {
        Act.PLACE: ("POST", r"/order\b"),
        Act.REST: ("POST", r"/algoOrder\b"),
        Act.CANCEL: ("DELETE", r"/algoOrder\b"),
        Act.MARGIN: ("POST", r"/positionMargin\b"),
        Act.LEVERAGE: ("POST", r"/leverage\b"),
    },
    "bybit": {
        Act.PLACE: ("POST", r"/order/create\b"),
        Act.REST: ("POST", r"/order/create\b"),
        Act.CANCEL: ("POST", r"/order/cancel\b"),
        Act.MARGIN: ("POST", r"/position/add-margin\b"),
        Act.LEVERAGE: ("POST", r"/position/set-leverage\b"),
    },
    "okx": {
        Act.PLACE: ("POST", r"/trade/order\b(?!-)"),
        Act.REST: ("POST", r"/trade/order-algo\b"),
        Act.CANCEL: ("POST", r"/trade/cancel-algos\b"),
        Act.MARGIN: ("POST", r"/account/position/margin-balance\b"),
        Act.LEVERAGE: ("POST", r"/account/set-leverage\b"),
    },
    "xt": {
        Act.PLACE: ("POST", r"/order/create\b"),
        Act.REST: ("POST", r"/entrust/create-p\w+\b"),
        Act.CANCEL: ("POST", r"/entrust/cancel-p\w+\b"),
        Act.MARGIN: ("POST", r"/position/margin\b"),
        Act.LEVERAGE: ("POST", r"/position/adjust-leverage\b"),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A position of its own in which one fault meets one action. ``base`` names its coin."""

    venue: str
    kind: Kind
    trouble: Trouble
    executed: bool
    base: str

    @property
    def symbol(self) -> Symbol:
        """The position that is acted for."""
        return Symbol(f"{self.base}/USDT:USDT")

    @property
    def window_ms(self) -> int:
        """How late its request may still be carried out: an order of OKX says so itself."""
        expires = self.venue == OKX.name and self.kind.act is Act.PLACE
        return EXPIRY.within_ms if expires else dialect(self.venue).traits.recv_window_ms

    @property
    def done_at_once(self) -> bool:
        """Whether the first intent is to be the one that is done.

        What a fault of a request before the act hides matters to nobody: nothing was asked for yet. And a
        stop that was replaced is done for, whenever it goes.
        """
        if self.kind.name == "move-cancel":
            return self.trouble.way is Way.REPLY
        if self.trouble.name == "late" and self.window_ms > LATE_MS:
            return self.kind.name != "hedge-leverage"  # It was late, and not too late for this exchange.
        return self.executed and self.kind.name != "hedge-leverage"

    def fault(self, about: str) -> Fault:
        """The fault of this cell; ``about`` is what its request is known by."""
        method, path = _PATHS[self.venue][self.kind.act]
        fault = self.trouble.fault(self.venue, executed=self.executed)
        return replace(fault, method=method, path=path, about=about)


def kinds_at(venue: str) -> list[Kind]:
    """The columns that an exchange can fill with isolated positions."""
    levers = dialect(venue).traits.levers
    able = [kind for kind in KINDS if levers[kind.lever, MarginMode.ISOLATED].works]
    return [kind for kind in able if VENUES[venue].quarterlies or not kind.dated]


def cells(venue: str, kinds: Sequence[Kind], troubles: Sequence[Trouble]) -> list[Cell]:
    """Every cell of these rows and columns."""
    found: list[Cell] = []
    for kind in kinds:
        for trouble in troubles:
            if kind.meanwhile and trouble.way is not Way.REPLY:
                continue  # It is never unknown.
            for executed in trouble.twins:
                cell = Cell(
                    venue=venue, kind=kind, trouble=trouble, executed=executed, base=f"C{len(found):03d}"
                )
                found.append(cell)
    return found


def venue_named(name: str) -> Venue:
    """How a venue is to tests."""
    return VENUES[name]
