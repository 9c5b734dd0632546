"""Auto-deleveraging: profitable positions are closed by rank because somebody's loss can be paid by nobody.

It happens by itself when the insurance fund cannot pay for a liquidation (see ``insurance``), and from
outside because in a replay the trader is usually alone and it is the rest of the market that deleverages him.

All venues rank by profit times gearing, each in its own way; ties go in the order of the accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from bot.core.contracts import Contract
from bot.core.facts import Deleveraged
from bot.core.margin.arithmetic import profit, unrealised
from bot.core.margin.assess import assess
from bot.core.margin.pool import Pool
from bot.core.types import ONE, ZERO, MarginMode, Position, PositionId, Side, Symbol
from bot.venues.paper.books import Books, marks_of, money_up
from bot.venues.paper.model import Share
from bot.venues.paper.refusals import family
from bot.venues.paper.trading import reduce


class ProfitOver(StrEnum):
    """What a venue counts as the profit of a position in the queue."""

    ENTRY_VALUE = "entry_value"
    """Unrealised profit over the value at entry."""
    WALLET = "wallet"
    """Unrealised profit, never below 0, over the wallet behind it, at least 1 (Binance)."""
    PRICES = "prices"
    """Mark over entry. For a short it is read here as entry over mark, or loss would rank first."""


class Gearing(StrEnum):
    """What a venue multiplies it by."""

    EFFECTIVE_LEVERAGE = "effective_leverage"
    """Value at mark over (value at mark - value at bankruptcy), which is notional over equity."""
    MARGIN_RATIO = "margin_ratio"
    """Maintenance over equity. Dividing by equity over maintenance, as OKX does, is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How one venue ranks and treats those it deleverages.

    ``cancels_orders`` says whether the position's resting orders go too, ``maker_fee`` whether the maker fee
    is charged; most charge nothing.
    """

    profit_over: ProfitOver = ProfitOver.ENTRY_VALUE
    gearing: Gearing = Gearing.EFFECTIVE_LEVERAGE
    cancels_orders: bool = True
    maker_fee: bool = False


COMMON = Queue()
"""Profit percentage times effective leverage, or divided by it where the profit is a loss; closed at the
bankruptcy price of the liquidated position, orders cancelled. MEXC support 360042504091; Poloniex support
6670657448215; CoinEx and most others use the same words."""

QUEUES: Mapping[str, Queue] = MappingProxyType(
    {
        # binance.com FAQ 360033525471, its formula as quoted in dev.binance.vision topic 17801:
        # max(0, profit) / max(1, wallet) * maintenance / (wallet + profit). No fee; orders are cancelled.
        "binance": Queue(profit_over=ProfitOver.WALLET, gearing=Gearing.MARGIN_RATIO),
        # help.bybit.com 900000031623: profit and effective leverage, orders closed, maker fee charged.
        "bybit": Queue(maker_fee=True),
        # okx.com help "iv-introduction-to-auto-deleveraging-adl"; GRVT (9637899) prints the same formula in
        # full: profit percentage / (equity / maintenance), times it where the profit is a loss.
        "okx": Queue(gearing=Gearing.MARGIN_RATIO),
        # hyperliquid gitbook "Auto-deleveraging": (mark / entry) * (notional / account value). It tells of no
        # cancelled orders.
        "hyperliquid": Queue(profit_over=ProfitOver.PRICES, cancels_orders=False),
    }
)
"""By venue family, see ``refusals.family``; the others do as ``COMMON`` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """A call on one side of a symbol: ``quantity`` is closed at ``price``, positions in ``spared`` aside."""

    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    spared: frozenset[PositionId] = frozenset()


def queue_of(contract: Contract) -> Queue:
    """How the venue of a contract ranks."""
    return QUEUES.get(family(contract), COMMON)


def score(position: Position, contract: Contract, pool: Pool, marks: Mapping[Symbol, Decimal]) -> Decimal:
    """Where a position of ``pool`` stands in the queue: the highest is deleveraged first.

    The pool must have equity; without any the position is to be liquidated, not deleveraged.
    """
    queue = queue_of(contract)
    mark = marks[position.id.symbol]
    stands = assess(pool, marks)
    assert stands.equity > 0, f"{position.id}: ranked without equity"
    gained = unrealised(position, contract, mark)
    match queue.profit_over:
        case ProfitOver.ENTRY_VALUE:
            share = gained / contract.notional(position.quantity, position.entry)
        case ProfitOver.WALLET:
            share = max(ZERO, gained) / max(ONE, pool.wallet)
        case ProfitOver.PRICES:
            long = position.id.side is Side.LONG
            share = mark / position.entry if long else position.entry / mark
    match queue.gearing:
        case Gearing.EFFECTIVE_LEVERAGE:
            gearing = contract.notional(position.quantity, mark) / stands.equity
        case Gearing.MARGIN_RATIO:
            gearing = stands.maintenance / stands.equity
    return share * gearing if share >= 0 or not gearing else share / gearing


def ranked(books: Books, symbol: Symbol, side: Side) -> list[PositionId]:
    """The open positions of that side in the order they are deleveraged in; without equity they are not."""
    scores = dict(_scores(books, symbol, side))
    return sorted(scores, key=lambda id_: -scores[id_])


def share_of(books: Books, symbol: Symbol, side: Side, share: Share) -> Decimal:
    """So much of all that is open on that side."""
    ids = (PositionId(name, symbol, side) for name in books.accounts)
    held = (books.position(id_) for id_ in ids)
    return share.of_all * sum((position.quantity for position in held if position is not None), ZERO)


def deleverage(books: Books, at_ms: int, call: Matching) -> Decimal:
    """Close positions by rank, and return the quantity that nobody here held.

    Whom the price would leave with less than nothing is passed over: venues liquidate, they do not
    deleverage, beyond a bankruptcy price.
    """
    contract = books.contracts[call.symbol]
    queue = queue_of(contract)
    rate = books.model.maker_fee if queue.maker_fee else ZERO
    left = call.quantity
    for id_ in ranked(books, call.symbol, call.side):
        position = books.position(id_)
        if not left:
            break
        if position is None or id_ in call.spared or not _bears(books, position, call.price, rate):
            continue
        taken = min(left, position.quantity)
        for order in books.orders(id_) if queue.cancels_orders else ():
            books.drop(order)
        reduce(books, id_, taken, call.price, rate)
        books.facts.append(Deleveraged(at_ms=at_ms, id=id_, quantity=taken, price=call.price))
        left -= taken
    return left


def _scores(books: Books, symbol: Symbol, side: Side) -> Iterator[tuple[PositionId, Decimal]]:
    for account in books.accounts.values():
        position = account.positions.get(PositionId(account.name, symbol, side))
        if position is None:
            continue
        pool = _pool(books, position)
        marks = marks_of(books, pool)
        if assess(pool, marks).equity > 0:
            yield position.id, score(position, books.contracts[symbol], pool, marks)


def _bears(books: Books, position: Position, price: Decimal, rate: Decimal) -> bool:
    """Whether closing all of it at ``price`` leaves its pool at nothing or more."""
    contract = books.contracts[position.id.symbol]
    pool = _pool(books, position)
    left = pool.wallet + profit(position, contract, position.quantity, price)
    left -= money_up(contract.notional(position.quantity, price) * rate)
    for other in pool.holdings:
        if other.position.id != position.id:
            mark = books.quotes[other.position.id.symbol].mark
            left += unrealised(other.position, other.contract, mark)
    return left >= 0


def _pool(books: Books, position: Position) -> Pool:
    pool = books.pool(position.id if position.mode is MarginMode.ISOLATED else books.purse(position.id))
    assert pool is not None, f"{position.id}: open without a pool"
    return pool
