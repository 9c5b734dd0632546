"""An exchange in memory, its dialect, and the ways in which it may answer badly.

A contract asks 4 % maintenance. A market order trades at once at the mark, at no fee. ``faults`` are taken
one by each request that changes something: what was to be done is done or not as the fault says, and the
caller sees what the fault leaves of the reply.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.decisions import Action
from bot.core.facts import BarClosed, Fact, Fill, FundingRate, Link, LinkChanged, MarkPrice, OpenInterest
from bot.core.held.losses import Ending
from bot.core.intents import Intent, OpenHedge
from bot.core.types import (
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    PriceKind,
    RuleName,
    Side,
    Symbol,
)
from bot.venues.live.clock import ExchangeClock
from bot.venues.live.connection import Connection
from bot.venues.live.dialect import Dialect, Recent
from bot.venues.live.exact import exact
from bot.venues.live.gate import Gate
from bot.venues.live.history import Asked, History
from bot.venues.live.line import Line, Unreadable
from bot.venues.live.terms import (
    AccountState,
    Balance,
    Codes,
    Heard,
    Instrument,
    Listing,
    OrderState,
    Payload,
    Payment,
    Setup,
    Subscription,
    Traits,
    Wanted,
    Window,
)
from bot.venues.live.wire import Reply, Request
from bot.venues.port import Batch
from tests.building.core import BTC, ETH, LONG, MAIN, D, a_contract
from tests.venues.live.virtual import T0, now_ms, sleep_ms

RECV_MS = 3_000
QUARTERLY = Symbol("BTC/USDT:USDT-261225")
DAY_MS = 86_400_000
CODES = Codes(
    rejected=frozenset({"-2019", "-2022", "-1021", "-4161", "-2013"}),
    exists=frozenset({"-4116"}),
    already=frozenset({"-4046"}),
    auth=frozenset({"-2015"}),
    limited=frozenset({"-1003"}),
    clock=frozenset({"-1021"}),
    crowded=frozenset({"-2022"}),
)
LISTED = (
    Instrument(id="BTC", contract=a_contract(BTC), max_quantity=D(4)),
    Instrument(id="ETH", contract=a_contract(ETH)),
    Instrument(id="BTC-Q", contract=a_contract(QUARTERLY, expiry_ms=30_000 * DAY_MS)),
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one request that changes something."""

    done: bool = True
    reply: Reply | None = None
    """What comes back instead; ``None``: the truth."""
    late_ms: int = 0
    """How long the exchange waits before it executes; the reply, if none is given, comes after that."""
    answer_ms: int = 0
    """How long the reply takes to come back, beside that."""


LOST = Reply(sent=True, error="ServerDisconnectedError")
HTML = Reply(sent=True, status=502, body="<html>Bad Gateway</html>")
REFUSED = Reply(sent=False, error="ClientConnectorError: refused")


def says(status: int, code: int, text: str = "no") -> Reply:
    return Reply(sent=True, status=status, body=json.dumps({"code": code, "msg": text}))


@dataclass
class FakeExchange:
    """The books, and what was asked."""

    positions: dict[PositionId, Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    past: dict[str, OrderState] = field(default_factory=dict)
    wallet: Decimal = Decimal(1000)
    mark: Decimal = Decimal(100)
    faults: list[Fault] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    flaws: tuple[str, ...] = ()
    liquidations: Mapping[PositionId, Decimal] = field(default_factory=dict)
    unreadable: Reply | None = None
    """What every reading gets, if anything is wrong with readings."""
    lag: int = 0
    """How many readings of the account still show the past."""
    took_ms: int = 0
    """How long a reading takes."""
    within_bounds: Decimal | None = None
    """How much orders with a limit find at it or better, all together; ``None``: everything."""
    most_at_once: int = 0
    suspended: frozenset[Symbol] = frozenset()
    relisted: Sequence[Instrument] | None = None
    """What it lists by now."""
    spot: Mapping[str, str] = field(default_factory=dict)
    """The coins held outright."""
    payments: Sequence[Payment] = ()
    """Funding that its records show."""

    def __post_init__(self) -> None:
        self._shown: list[AccountState] = []
        self._busy = 0

    async def call(self, request: Request) -> Reply:
        if request.method == "GET":
            self.asked.append(request)
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            await sleep_ms(self.took_ms)
            self._busy -= 1
            return self.unreadable or self.answer(request)
        self.sent.append(request)
        fault = self.faults.pop(0) if self.faults else Fault()
        if fault.late_ms and fault.reply is None:
            await sleep_ms(fault.late_ms)
        elif fault.late_ms:
            asyncio.get_running_loop().call_later(fault.late_ms / 1000, self.carry_out, request)
            return fault.reply or LOST
        reply = self.carry_out(request) if fault.done else LOST
        if fault.answer_ms:
            await sleep_ms(fault.answer_ms)
        return fault.reply or reply

    def state(self) -> AccountState:
        return AccountState(
            positions=tuple(self.positions.values()),
            balances=(Balance(currency="USDT", wallet=self.wallet, free=self.wallet),),
            orders=tuple(self.orders.values()),
            venue_liquidation=self.liquidations,
            flaws=self.flaws,
        )

    def answer(self, request: Request) -> Reply:
        match request.path:
            case "account":
                present = self.state()
                if self.lag > 0 and self._shown:
                    self.lag -= 1
                    present = self._shown[-1]
                self._shown.append(present)
                return ok(payload=len(self._shown) - 1)
            case "order":
                id_ = str(request.params["id"])
                known = id_ in self.past or id_ in self.orders
                return ok(id=id_) if known else says(400, -2013, "Order does not exist.")
            case "time":
                return ok(time=now_ms())
            case "spot":
                return ok(**self.spot)
            case _:
                return ok(mark=str(self.mark), of=request.params.get("of"))

    def shown(self, number: int) -> AccountState:
        return self._shown[number]

    def carry_out(self, request: Request) -> Reply:
        p = request.params
        match request.path:
            case "margin":
                id_ = self._id(p)
                amount = Decimal(str(p["amount"]))
                self.positions[id_] = self.positions[id_].with_margin(self.positions[id_].margin + amount)
                self.wallet -= amount
            case "leverage":
                id_ = self._id(p)
                if id_ in self.positions:
                    leverage = Decimal(str(p["leverage"]))
                    self.positions[id_] = replace(self.positions[id_], leverage=leverage)
            case "stop":
                self.orders[str(p["id"])] = self._stop(p)
            case "cancel":
                if self.orders.pop(str(p["id"]), None) is None:
                    return says(400, -2013, "Order does not exist.")
            case "reduce" | "open":
                self._trade(str(p["id"]), self._id(p), self._found(p), opens=request.path == "open")
        return ok(done=True)

    def _id(self, p: Mapping[str, Any]) -> PositionId:
        symbol = next(i.symbol for i in LISTED if i.id == p["symbol"])
        return PositionId(MAIN, symbol, Side(str(p["side"])))

    def _stop(self, p: Mapping[str, Any]) -> Order:
        take = p["kind"] == "take"
        return Order(
            client_id=ClientId(str(p["id"])),
            id=self._id(p),
            kind=OrderKind.TAKE_PROFIT_MARKET if take else OrderKind.STOP_MARKET,
            reduces=True,
            quantity=Decimal(str(p["quantity"])),
            trigger=Decimal(str(p["trigger"])),
        )

    def _found(self, p: Mapping[str, Any]) -> Decimal:
        """How much of an order trades."""
        quantity = Decimal(str(p["quantity"]))
        if "limit" not in p or self.within_bounds is None:
            return quantity
        quantity = min(quantity, self.within_bounds)
        self.within_bounds -= quantity
        return quantity

    def _trade(self, client_id: str, id_: PositionId, quantity: Decimal, *, opens: bool) -> None:
        if not quantity:
            self.past[client_id] = OrderState(client_id=ClientId(client_id), open=False, status="EXPIRED")
            return
        held = self.positions.get(id_)
        before = held.quantity if held is not None else D(0)
        after = before + quantity if opens else before - quantity
        if after > 0:
            margin = held.margin * after / before if held is not None else D(10)
            self.wallet += (held.margin if held is not None else D(0)) - margin
            self.positions[id_] = replace(held or a_position(id_), quantity=after, margin=margin)
        else:
            self.wallet += self.positions.pop(id_).margin
        fill = Fill(quantity=quantity, price=self.mark, fee=D(0), pnl=D(0), slippage=D(0))
        self.past[client_id] = OrderState(
            client_id=ClientId(client_id), open=False, fills=(fill,), status="FILLED"
        )


def ok(**payload: Any) -> Reply:
    return Reply(sent=True, status=200, body=json.dumps(payload))


def a_position(id_: PositionId = LONG, **changes: Any) -> Position:
    """Ten at 100 with a margin of 100."""
    fields: dict[str, Any] = {
        "quantity": D(10),
        "entry": D(100),
        "leverage": D(10),
        "mode": MarginMode.ISOLATED,
        "margin": D(100),
    }
    return Position(id=id_, **(fields | changes))


class FakeDialect:
    """All parts of a dialect in one; requests are plain words."""

    def __init__(self, exchange: FakeExchange) -> None:
        self.exchange = exchange
        self.heard: Callable[[Payload], Heard] = lambda message: Heard(facts=(message,))
        self.private: Sequence[Subscription] = ()
        self.public: Callable[[Wanted], Sequence[Subscription]] = lambda wanted: ()
        self.bars_of: Mapping[Symbol, Sequence[BarClosed]] = {}
        self.traits = TRAITS
        self.asked_among: list[frozenset[Symbol] | None] = []
        self.cancel_by_id: Callable[[Instrument, Order, str], Request] | None = None

    # acting

    def add_margin(self, position: Position, instrument: Instrument, amount: Decimal) -> Request:
        return self._act("margin", position.id, amount=str(amount))

    def set_leverage(
        self, position: Position, instrument: Instrument, leverage: Decimal
    ) -> Sequence[Request]:
        return (self._act("leverage", position.id, leverage=str(leverage)),)

    def reduce(
        self,
        position: Position,
        instrument: Instrument,
        quantity: Decimal,
        client_id: ClientId,
        limit: Decimal | None = None,
    ) -> Request:
        bound = {} if limit is None else {"limit": str(limit)}
        return self._act("reduce", position.id, id=client_id, quantity=str(quantity), **bound)

    def place_stop(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        client_id: ClientId,
        by: PriceKind = PriceKind.MARK,
    ) -> Request:
        quantity = str(position.quantity)
        return self._act(
            "stop", position.id, id=client_id, quantity=quantity, trigger=str(trigger), kind="stop"
        )

    def place_take_profit(
        self,
        position: Position,
        instrument: Instrument,
        trigger: Decimal,
        quantity: Decimal,
        client_id: ClientId,
    ) -> Request:
        return self._act(
            "stop", position.id, id=client_id, quantity=str(quantity), trigger=str(trigger), kind="take"
        )

    def cancel(self, instrument: Instrument, order: Order) -> Request:
        return self._act("cancel", order.id, id=order.client_id)

    def open_hedge(
        self, intent: OpenHedge, guarded: Position, instrument: Instrument, client_id: ClientId
    ) -> Sequence[Request]:
        id_ = PositionId(intent.id.account, intent.symbol, guarded.id.side.opposite)
        return (
            self._act("mode", id_),
            self._act("leverage", id_, leverage=str(intent.leverage)),
            self._act("open", id_, id=client_id, quantity=str(intent.quantity)),
        )

    def _act(self, path: str, id_: PositionId, **params: str) -> Request:
        symbol = next(i.id for i in LISTED if i.symbol == id_.symbol)
        named = {"symbol": symbol, "side": id_.side.value, **params}
        return Request(api="private", method="POST", path=path, params=named)

    # reading

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        self.asked_among.append(None if among is None else frozenset(among))
        return {"all": Request(api="private", method="GET", path="account", weight=5)}

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        return self.exchange.shown(payloads["all"]["payload"])

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        return (Request(api="private", method="GET", path="order", params={"id": client_id}),)

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        if payloads[0].get("code") == -2013:
            return None
        if client_id in self.exchange.past:
            return self.exchange.past[client_id]
        return OrderState(client_id=client_id, open=True, status="NEW")

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        return [Request(api="public", method="GET", path="marks", params={"of": i.id}) for i in instruments]

    def market(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
        return [
            MarkPrice(
                at_ms=now_ms(), symbol=listing.by_id[payload["of"]].symbol, price=Decimal(payload["mark"])
            )
            for payload in payloads
        ]

    def bars_request(self, instrument: Instrument, timeframe_ms: int, count: int) -> Request:
        return Request(api="public", method="GET", path="bars", params={"of": instrument.id})

    def bars(
        self, instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int
    ) -> Sequence[BarClosed]:
        return self.bars_of.get(instrument.symbol, ())

    def setup_requests(self) -> Sequence[Request]:
        return ()

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        return Setup(position_mode=PositionMode.ONE_WAY)

    def rights_request(self) -> None:
        return None

    def rights(self, payload: Payload) -> Any:
        raise NotImplementedError

    def time_request(self) -> Request:
        return Request(api="public", method="GET", path="time")

    def time_ms(self, payload: Payload) -> int:
        return int(payload["time"])

    # beside

    def payment_requests(self, instruments: Sequence[Instrument], since_ms: int) -> Sequence[Request]:
        named = ",".join(each.id for each in instruments)
        params: dict[str, str | int] = {"of": named, "since": since_ms}
        return (Request(api="private", method="GET", path="payments", params=params),)

    def payments(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[Payment]:
        return self.exchange.payments

    def spot_requests(self) -> Sequence[Request]:
        return (Request(api="private", method="GET", path="spot"),)

    def spot(self, payloads: Sequence[Payload]) -> Mapping[str, Decimal]:
        return {asset: exact(held, asset) for payload in payloads for asset, held in payload.items()}

    def interest_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        return [
            Request(api="public", method="GET", path="interest", params={"of": i.id}) for i in instruments
        ]

    def interest(self, payloads: Sequence[Payload], listing: Listing, now_ms: int) -> Sequence[OpenInterest]:
        return [
            OpenInterest(at_ms=now_ms, symbol=listing.by_id[payload["of"]].symbol, quantity=Decimal(7))
            for payload in payloads
        ]

    # answers

    def code(self, status: int, payload: Payload) -> str | None:
        code = payload.get("code")
        return str(code) if code is not None else None

    def proves(self, request: Request, payload: Payload) -> bool:
        return payload["done"] is True

    # streams

    def client_options(self) -> Mapping[str, Any]:
        return {}

    def streams(self, wanted: Wanted, listing: Listing) -> Sequence[Subscription]:
        return self.public(wanted)

    def private_streams(self) -> Sequence[Subscription]:
        return self.private

    def hear(self, account: AccountName, message: Payload, listing: Listing, now_ms: int) -> Heard:
        return self.heard(message)

    # contracts

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        return ()

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        return Listing(LISTED if self.exchange.relisted is None else self.exchange.relisted)

    def whole(self) -> Dialect:
        return Dialect(
            traits=self.traits,
            contracts=self,
            acting=lambda mode: self,
            reading=self,
            beside=self,
            answers=self,
            streams=self,
            recent=Recent(requests=lambda _: (), ids=lambda _: ()),
            history=History(tells={}, lacks={}, request=_past, rows=lambda asked, answer: ()),
            cancel_by_id=self.cancel_by_id,
        )


def _past(asked: Asked) -> Request:
    raise AssertionError(f"{asked}: nobody asks for the past here")


TRAITS = Traits(
    name="fake",
    ccxt_id="fake",
    margin_rules=("generic",),
    hosts=frozenset({"fake.example"}),
    position_modes=frozenset(PositionMode),
    levers={},
    codes=CODES,
    endings={"CANCELED": Ending.CANCELLED, "TRIGGERED": Ending.MET},
    windows={"requests": Window(capacity=1_000, per_ms=10_000, reserve=100)},
    recv_window_ms=RECV_MS,
    mark_source="",
    funding_source="",
    conditional_orders="",
    stop_replacement="",
    timeframes_ms=frozenset({60_000, 300_000, 3_600_000, 86_400_000}),
    client_id_max=36,
    client_id_chars="",
)


class FakeWires:
    """Both lines lead to the exchange in memory."""

    def __init__(self, exchange: FakeExchange, dialect: FakeDialect, say: Callable[[str], None]) -> None:
        self.exchange = exchange
        self.gate = Gate(TRAITS.windows)
        self.clock = ExchangeClock(now_ms)
        self.noticed: list[str] = []
        self.feed: Any = FakeClient()
        self.renewed = 0
        self.reloaded: list[int] = []
        line = Line(lambda: exchange, self.gate, CODES, dialect, noticed=self.notice, say=say)
        self.reads = self.writes = line
        self.hears: Callable[[Any], bool] = lambda _: True
        self.connected: Callable[[], None] = lambda: None

    def listen(self, hears: Callable[[Any], bool], connected: Callable[[], None]) -> None:
        self.hears, self.connected = hears, connected

    def notice(self, code: str) -> None:
        self.noticed.append(code)

    @property
    def markets(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"symbol": each.symbol, "active": each.symbol not in self.exchange.suspended} for each in LISTED
        ]

    async def reload(self) -> None:
        self.reloaded.append(now_ms() - T0)
        if self.exchange.unreadable is not None:
            raise Unreadable(Request(api="", method="GET", path="markets"), "nobody answers")

    async def renew(self) -> None:
        self.renewed += 1
        self.feed = FakeClient()

    async def keep_warm(self) -> None:
        await asyncio.Event().wait()


class FakeClient:
    ws_dial_backoff: Mapping[str, Any]


@dataclass
class Desk:
    """An account at the exchange in memory; made inside a running loop."""

    exchange: FakeExchange = field(default_factory=FakeExchange)
    said: list[str] = field(default_factory=list)
    special: Callable[[FakeDialect], None] = lambda dialect: None
    """What is special about its dialect."""

    def __post_init__(self) -> None:
        self.dialect = FakeDialect(self.exchange)
        self.special(self.dialect)
        self.wires = FakeWires(self.exchange, self.dialect, self.said.append)
        self.connection = Connection(
            account=MAIN,
            dialect=self.dialect.whole(),
            listing=Listing(LISTED),
            wires=self.wires,
            now_ms=now_ms,
            say=self.said.append,
        )


def an_action(intent: Intent, number: int = 1) -> Action:
    return Action(
        at_ms=now_ms(),
        client_id=ClientId(f"hf-3-{number}"),
        rule=RuleName("test"),
        intent=intent,
        reason="it is a test",
        mark=D(100),
        distance_before=None,
        distance_after=None,
        deadline_ms=now_ms() + 5_000,
    )


def every_fact(batches: Sequence[Batch]) -> list[Fact]:
    return [fact for batch in batches for fact in batch]


def a_contract_of(symbol: Symbol) -> Contract:
    return next(i.contract for i in LISTED if i.symbol == symbol)


def auth(up: bool) -> Callable[[Fact], bool]:
    return lambda fact: isinstance(fact, LinkChanged) and fact.link is Link.AUTH and fact.up is up
