"""The life of an order: what the venue checks before it takes one, and what happens when it is met.

A market or IOC order is never left over; the rest of a limit order rests. Orders that only reduce leave with
the position they belong to. A resting order that opens is cancelled if the margin is missing when it is
met: no margin is reserved for it before.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.facts import MET, Fill, OrderEnded, Outcome, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.types import OUR_PREFIX, ClientId, MarginMode, Order, OrderKind, PositionId, PriceKind
from bot.venues.paper.books import Books
from bot.venues.paper.in_force import InForce
from bot.venues.paper.leverage import terms_of
from bot.venues.paper.matching import Match, buys, level_of, match
from bot.venues.paper.model import OrderRequest
from bot.venues.paper.refusals import Reason, Refused
from bot.venues.paper.trading import book_increase, plan_increase, reduce, refuse_leverage
from bot.venues.paper.waiting import rest_conditional

Fills = tuple[Fill, ...]


def place(books: Books, at_ms: int, request: OrderRequest) -> Fills | Refused:
    """Take an order: fill what fills at once, rest what rests. The fills, or why the venue refuses it."""
    result, account = _take(books, at_ms, request), books.accounts[request.id.account]
    if request.expires_ms is not None and request.client_id in account.orders:
        account.expiries[request.client_id] = request.expires_ms
    return result


def _take(books: Books, at_ms: int, request: OrderRequest) -> Fills | Refused:
    order = _order(books, at_ms, request)
    refused = (
        _refuse_expired(books, at_ms, request) or _refuse(books, request, order) or _set_terms(books, request)
    )
    if refused is not None:
        return refused
    if request.kind.is_conditional:
        rest_conditional(books, order, request)
        return ()
    quote = books.quotes[request.id.symbol]
    contract = books.contracts[request.id.symbol]
    buy = buys(request.id.side, reduces=request.reduces)
    matched = match(books.model, contract, order.quantity, quote.last, buy=buy, limit=request.limit)
    if matched is None and request.kind is OrderKind.MARKET:
        return Refused(Reason.NO_LIQUIDITY, f"{request.id}: the book holds less than one lot")
    fills: Fills | Refused = ()
    if matched is not None:
        fills = _trade(books, at_ms, order, matched, books.model.taker_fee)
    if request.kind is not OrderKind.LIMIT or isinstance(fills, Refused):
        return fills
    return _rest_remainder(books, at_ms, order, matched, fills)


def act(books: Books, at_ms: int, order: Order, basis: Decimal) -> None:
    """A resting order is met: a limit order fills at its limit as maker, a stop around ``basis`` as taker.

    What a conditional order cannot fill is cancelled, except that one with a limit goes on resting there
    unless its time in force says otherwise.
    """
    account = books.accounts[order.id.account]
    expires_ms = account.expiries.get(order.client_id)
    in_force = account.in_force.get(order.client_id, InForce.GTC)
    books.drop(order)
    order = _capped(books, order)
    if order.trigger is None:
        assert order.limit is not None, f"{order.client_id}: rests without trigger or limit"
        met = Match(order.quantity, order.limit)
        _report(books, at_ms, order, _trade(books, at_ms, order, met, books.model.maker_fee))
        return
    contract = books.contracts[order.id.symbol]
    buy = buys(order.id.side, reduces=order.reduces)
    matched = match(books.model, contract, order.quantity, basis, buy=buy, limit=order.limit)
    rests = order.limit is not None and in_force.rests(crossing=matched is not None)
    if matched is not None and not in_force.takes(whole=matched.quantity == order.quantity):
        matched = None
    if matched is not None:
        _report(books, at_ms, order, _trade(books, at_ms, order, matched, books.model.taker_fee))
    left = order.quantity - (matched.quantity if matched else 0)
    if not left or (order.reduces and books.position(order.id) is None):
        return
    if rests:
        books.rest(replace(order, kind=OrderKind.LIMIT, trigger=None, quantity=left))
        if expires_ms is not None:
            account.expiries[order.client_id] = expires_ms
    else:
        tell_end(books, at_ms, order, Ending.MET)


def find(books: Books, client_id: ClientId) -> Order | None:
    """The resting order with that client id, in whichever account it is."""
    for account in books.accounts.values():
        if client_id in account.orders:
            return account.orders[client_id]
    return None


def tell_end(books: Books, at_ms: int, order: Order, how: Ending) -> None:
    """Tell of a stop of the bot that is gone without its doing while there is something to protect."""
    ours = order.client_id.startswith(OUR_PREFIX) and order.kind.is_stop and order.reduces
    if ours and books.position(order.id) is not None:
        books.facts.append(OrderEnded(at_ms=at_ms, id=order.id, client_id=order.client_id, how=how))


def on_step(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is a multiple of ``step``."""
    return value % step == 0


def _rest_remainder(
    books: Books, at_ms: int, order: Order, matched: Match | None, fills: Fills
) -> Fills | Refused:
    """Rest what a limit order did not fill at once; one that opens must be payable when it is placed."""
    left = order.quantity - (matched.quantity if matched else 0)
    if not left:
        return fills
    assert order.limit is not None, f"{order.client_id}: a limit order without limit"
    if order.reduces:
        if books.position(order.id) is not None:
            books.rest(replace(order, quantity=left))
        return fills
    if not fills and not _nets(books, order.id):
        plan = plan_increase(
            books,
            at_ms,
            order.id,
            left,
            order.limit,
            rate=books.model.maker_fee,
            terms=terms_of(books, order.id),
        )
        if isinstance(plan, Refused):
            return plan
    books.rest(replace(order, quantity=left))
    return fills


def _report(books: Books, at_ms: int, order: Order, result: Fills | Refused) -> None:
    """Tell what a resting order traded: without it nobody would know at which price a stop filled."""
    if result and not isinstance(result, Refused):
        books.facts.append(
            Outcome(
                at_ms=at_ms,
                id=order.id,
                client_id=order.client_id,
                kind=OutcomeKind.VERIFIED,
                proof=MET,
                fills=result,
            )
        )


def _trade(books: Books, at_ms: int, order: Order, matched: Match, rate: Decimal) -> Fills | Refused:
    if order.reduces:
        return (reduce(books, order.id, matched.quantity, matched.price, rate),)
    return _enter(books, at_ms, order.id, matched, rate)


def _enter(books: Books, at_ms: int, id_: PositionId, matched: Match, rate: Decimal) -> Fills | Refused:
    """Buy or sell without reduce-only: close an opposite one-way position first, then open the rest.

    A rest that cannot be paid after the closing part is cancelled; with nothing to close it is a refusal.
    """
    fills: Fills = ()
    left = matched.quantity
    terms = terms_of(books, id_)
    other = _opposite(id_)
    if _nets(books, id_):
        held = books.accounts[id_.account].positions[other]
        terms = held.leverage, held.mode
        closed = min(left, held.quantity)
        fills = (reduce(books, other, closed, matched.price, rate),)
        left -= closed
    if not left:
        return fills
    plan = plan_increase(books, at_ms, id_, left, matched.price, rate=rate, terms=terms)
    if isinstance(plan, Refused):
        return fills or plan
    return (*fills, book_increase(books, plan))


def _nets(books: Books, id_: PositionId) -> bool:
    """Whether an order that opens ``id_`` first closes an opposite position."""
    account = books.accounts[id_.account]
    return not account.hedge and _opposite(id_) in account.positions


def _opposite(id_: PositionId) -> PositionId:
    return PositionId(id_.account, id_.symbol, id_.side.opposite)


def _capped(books: Books, order: Order) -> Order:
    """The order with the quantity it can have now: a reducing one never more than the position."""
    if not order.reduces:
        return order
    held = books.position(order.id)
    assert held is not None, f"{order.client_id}: outlived {order.id}"
    quantity = held.quantity if order.closes_position else min(order.quantity, held.quantity)
    return replace(order, quantity=quantity)


def _order(books: Books, at_ms: int, request: OrderRequest) -> Order:
    held = books.position(request.id)
    whole = request.closes_position and held is not None
    return Order(
        client_id=request.client_id,
        id=request.id,
        kind=request.kind,
        reduces=request.reduces,
        quantity=held.quantity if whole and held else request.quantity,
        trigger=_trigger(books, request),
        limit=request.limit,
        trigger_by=request.trigger_by,
        closes_position=request.closes_position,
        placed_ms=at_ms,
    )


def _trigger(books: Books, request: OrderRequest) -> Decimal | None:
    """What was sent; a trailing stop that names no activation is armed by the present price."""
    if request.trigger is not None or request.callback is None:
        return request.trigger
    quote = books.quotes[request.id.symbol]
    return quote.mark if request.trigger_by is PriceKind.MARK else quote.last


def _refuse_expired(books: Books, at_ms: int, request: OrderRequest) -> Refused | None:
    contract = books.contracts[request.id.symbol]
    if not contract.expired(at_ms):
        return None
    return Refused(Reason.EXPIRED, f"{request.id}: expired at {contract.expiry_ms}")


def _refuse(books: Books, request: OrderRequest, order: Order) -> Refused | None:
    """The venue's filters, in the order venues apply them; ``order`` is what it would take."""
    id_ = request.id
    contract = books.contracts[id_.symbol]
    account = books.accounts[id_.account]
    if find(books, request.client_id) is not None:
        return Refused(Reason.DUPLICATE, f"{id_}: client id {request.client_id} is in use")
    if account.hedge and request.reduce_only:
        return Refused(Reason.REDUCE_ONLY_FLAG, f"{id_}: reduce-only is not sent in hedge mode")
    return (
        _refuse_prices(request, contract)
        or _refuse_quantity(books, request, contract)
        or (_refuse_trigger(books, order) if request.trigger is not None else None)
    )


def _refuse_prices(request: OrderRequest, contract: Contract) -> Refused | None:
    for price in (request.limit, request.trigger):
        if price is not None and (price <= 0 or not on_step(price, contract.tick)):
            text = f"{request.id}: price {price} is no multiple of the tick {contract.tick}"
            return Refused(Reason.PRECISION, text)
    return None


def _refuse_quantity(books: Books, request: OrderRequest, contract: Contract) -> Refused | None:
    id_, quantity = request.id, request.quantity
    held = books.position(id_)
    if request.reduces and held is None:
        return Refused(Reason.REDUCE_ONLY, f"{id_}: no position to reduce")
    if request.closes_position:
        return None
    if not on_step(quantity, contract.lot):
        return Refused(Reason.PRECISION, f"{id_}: quantity {quantity} is no multiple of {contract.lot}")
    if request.reduces and held is not None:
        if quantity > held.quantity:
            return Refused(Reason.REDUCE_ONLY, f"{id_}: {quantity} would flip a position of {held.quantity}")
        if quantity == held.quantity:
            return None
    if quantity <= 0 or quantity < contract.min_quantity:
        text = f"{id_}: quantity {quantity}, at least {contract.min_quantity}"
        return Refused(Reason.MIN_QUANTITY, text)
    price = request.limit or request.trigger or books.quotes[id_.symbol].last
    notional = contract.notional(quantity, price)
    if not request.reduces and notional < contract.min_notional:
        # Venues exempt reducing orders, or small positions could never be closed.
        text = f"{id_}: notional {notional}, at least {contract.min_notional}"
        return Refused(Reason.MIN_NOTIONAL, text)
    return None


def _refuse_trigger(books: Books, order: Order) -> Refused | None:
    quote = books.quotes[order.id.symbol]
    if not level_of(order).met(quote.mark, quote.last):
        return None
    text = f"{order.id}: trigger {order.trigger} is passed, mark {quote.mark}, last {quote.last}"
    return Refused(Reason.WOULD_TRIGGER, text)


def _set_terms(books: Books, request: OrderRequest) -> Refused | None:
    """Take over the leverage and mode that an opening order names while no position is open."""
    if request.reduces or books.position(request.id) is not None or _nets(books, request.id):
        return None
    leverage, mode = terms_of(books, request.id)
    leverage = request.leverage or leverage
    chosen: tuple[Decimal, MarginMode] = (leverage, request.mode or mode)
    refused = refuse_leverage(books, request.id, request.quantity, leverage)
    if refused is None:
        books.accounts[request.id.account].settings[request.id] = chosen
    return refused
