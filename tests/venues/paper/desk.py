"""A small exchange to test on: one or two contracts with round numbers, and words for what is done there.

Unless said otherwise: tick 0.1, lot 0.001, one tier at 1 %, no spread, unlimited depth, no fees. A long of
1 at 100 with 10x then has a margin of 10, is bankrupt at 90 and liquidated at 90 / 0.99 = 90.909...
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bot.core.contracts import Contract, Tier
from bot.core.decisions import Action
from bot.core.facts import BalanceChanged, Fact, OrdersChanged, Outcome, PositionChanged
from bot.core.intents import Intent
from bot.core.margin.rules import MarginRules
from bot.core.types import (
    AccountName,
    ClientId,
    MarginMode,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    RuleName,
    Side,
    Symbol,
)
from bot.venues.paper import MarketModel, Opening, OrderRequest, PaperAccount, PaperExchange
from bot.venues.port import Batch

D = Decimal
F = TypeVar("F", bound=Fact)
BTC, ETH = Symbol("BTC"), Symbol("ETH")
MAIN = AccountName("main")
LONG = PositionId(MAIN, BTC, Side.LONG)
SHORT = PositionId(MAIN, BTC, Side.SHORT)
ETH_LONG = PositionId(MAIN, ETH, Side.LONG)
FREE_TRADING = MarketModel()
FLAT = (Tier(floor=D(0), cap=None, rate=D("0.01")),)


def a_contract(symbol: Symbol = BTC, *, family: str = "binance", **changes: Any) -> Contract:
    """A contract of a venue family; keywords that are no field of a contract go to its margin rules."""
    fields = set(Contract.__dataclass_fields__)
    rules = {k: v for k, v in changes.items() if k not in fields}
    own = {k: v for k, v in changes.items() if k in fields}
    defaults: dict[str, Any] = {
        "tick": D("0.1"),
        "lot": D("0.001"),
        "tiers": FLAT,
        "rules": MarginRules(name=f"{family}_linear", version="test", **rules),
    }
    return Contract(symbol=symbol, **(defaults | own))


def an_exchange(
    *contracts: Contract,
    balance: str = "1000",
    model: MarketModel = FREE_TRADING,
    hedge: bool = False,
    fund: str = "0",
    price: str = "100",
) -> PaperExchange:
    """An exchange on which every contract trades at ``price``."""
    traded = contracts or (a_contract(),)
    mode = PositionMode.HEDGE if hedge else PositionMode.ONE_WAY
    account = PaperAccount(name=MAIN, balance=D(balance), position_mode=mode)
    exchange = PaperExchange([account], {c.symbol: c for c in traded}, model, insurance_fund=D(fund))
    for contract in traded:
        exchange.move(0, contract.symbol, D(price), D(price), gap=True)
    return exchange


def holding(
    id_: PositionId = LONG,
    quantity: str = "1",
    leverage: str = "10",
    *,
    entry: str | None = None,
    margin: str | None = None,
    cross: bool = False,
) -> Opening:
    """An opening with round defaults: 1 at the last price, 10x, isolated."""
    return Opening(
        id=id_,
        quantity=D(quantity),
        leverage=D(leverage),
        mode=MarginMode.CROSS if cross else MarginMode.ISOLATED,
        entry=None if entry is None else D(entry),
        margin=None if margin is None else D(margin),
    )


def with_long(*contracts: Contract, cross: bool = False, leverage: str = "10", **desk: Any) -> PaperExchange:
    """An exchange where the main account is long 1 at 100."""
    exchange = an_exchange(*contracts, **desk)
    exchange.open(0, holding(cross=cross, leverage=leverage))
    return exchange


def an_order(
    kind: OrderKind = OrderKind.MARKET, id_: PositionId = LONG, name: str = "o1", **prices: Any
) -> OrderRequest:
    """An order; prices and quantities may be strings."""
    values: dict[str, Any] = {k: D(v) if type(v) is str else v for k, v in prices.items()}
    return OrderRequest(client_id=ClientId(name), id=id_, kind=kind, **values)


def an_action(intent: Intent, name: str = "a1") -> Action:
    """An intent as the guard would let it through."""
    return Action(
        at_ms=1,
        client_id=ClientId(name),
        rule=RuleName("test"),
        intent=intent,
        reason="because",
        mark=D(100),
        distance_before=None,
        distance_after=None,
        deadline_ms=2,
    )


def go(
    exchange: PaperExchange, price: str, *, last: str | None = None, gap: bool = False, symbol: Symbol = BTC
) -> Sequence[Batch]:
    """Move the mark to ``price`` and the last price with it, or to ``last``; the facts of each event."""
    return exchange.move(1, symbol, D(price), D(price if last is None else last), gap=gap)


def of(kind: type[F], batches: Sequence[Batch]) -> list[F]:
    """The facts of one kind in the order they came."""
    return [fact for batch in batches for fact in batch if isinstance(fact, kind)]


def outcome(batches: Sequence[Batch]) -> Outcome:
    """The outcome a batch starts with."""
    (batch,) = batches
    first = batch[0]
    assert isinstance(first, Outcome)
    return first


def position(exchange: PaperExchange, id_: PositionId = LONG) -> Position | None:
    """The open position, read from a snapshot."""
    changes = of(PositionChanged, [exchange.snapshot(9)])
    return next((c.position for c in changes if c.id == id_), None)


def the(exchange: PaperExchange, id_: PositionId = LONG) -> Position:
    """The open position, which must be there."""
    held = position(exchange, id_)
    assert held is not None
    return held


def resting(exchange: PaperExchange) -> dict[str, OrderKind]:
    """Client id and kind of all resting orders, read from a snapshot."""
    return {o.client_id: o.kind for f in of(OrdersChanged, [exchange.snapshot(9)]) for o in f.orders}


def wallet(exchange: PaperExchange) -> Decimal:
    """The main account's wallet."""
    return of(BalanceChanged, [exchange.snapshot(9)])[0].wallet


def free(exchange: PaperExchange) -> Decimal:
    """The main account's free balance."""
    return of(BalanceChanged, [exchange.snapshot(9)])[0].free


def fund(exchange: PaperExchange) -> Decimal:
    """What is in the insurance fund."""
    return exchange.figures().pots["USDT"].insurance_fund
