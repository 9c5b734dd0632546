"""What the guard asks of hedges: whether one may be opened, how large, and whether it may be given up.

A hedge is the only thing that raises exposure, so it is never opened where it could not be closed again or
where its price, its book or the account's money are in doubt; and it counts as a gain only if the account's
worst loss over the joint shocks becomes smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.accounts.book import Account
from bot.core.contracts import Contract, ContractKind
from bot.core.danger.situation import Situation
from bot.core.decisions import Because
from bot.core.guarding.case import Case, No
from bot.core.held.exposure import Exposure
from bot.core.held.pairs import Leg, hedge_id
from bot.core.intents import CloseHedge, OpenHedge
from bot.core.margin.arithmetic import coordinate, initial_margin
from bot.core.margin.pool import Holding, Pool
from bot.core.markets.market import Market
from bot.core.rules.covering import LEAST_LIFE_MS, giving_way, may_hedge, uncovered
from bot.core.settings import HOUR_MS, Limits
from bot.core.types import ONE, ZERO, MarginMode, Order, OrderKind, Position, PriceKind


def sized_opening(
    intent: OpenHedge,
    situation: Situation,
    case: Case,
    limits: Limits,
    spendable: Decimal,
    flying: Sequence[OpenHedge],
) -> OpenHedge | No:
    """The hedge as large as it may be, or why there is none.

    ``spendable`` is the money left for it, ``flying`` are the account's hedges that are on their way.
    """
    contract = situation.market.contracts.get(intent.symbol)
    if contract is None or not may_hedge(contract, situation.contract):
        index = situation.contract.index
        return No(
            Because.MINIMUM, f"{intent.symbol} is neither on {index} nor a perpetual that settles alike"
        )
    price = situation.market.marks.get(intent.symbol)
    if price is None:
        return No(Because.STALE, f"no mark price of {intent.symbol} yet")
    if intent.leverage < ONE or intent.leverage > contract.max_leverage:
        found = f"leverage {intent.leverage}, expected 1 to {contract.max_leverage}"
        return No(Because.MINIMUM, found)
    if intent.limit <= 0:
        return No(Because.MINIMUM, f"its limit {intent.limit} is no price")
    no = _unfit(intent, contract, price, situation, case, flying)
    if no is not None:
        return no
    most = uncovered(contract, price, situation)
    walls = (
        spendable / _locked(intent, contract, price, situation.taker_fee),
        *_cap(intent, contract, price, situation, case, limits, flying),
    )
    quantity = contract.quantity_down(min(intent.quantity, most, *walls))
    worth = contract.notional(quantity, price)
    if quantity <= 0 or quantity < contract.min_quantity or worth < contract.min_notional:
        if min(walls) <= 0 or contract.quantity_down(walls[0]) < contract.min_quantity:
            return No(Because.BALANCE, f"{spendable} may be spent on {intent.quantity} of {intent.symbol}")
        found = f"{intent.quantity} of {intent.symbol}: {max(quantity, ZERO)} is left of it"
        return No(Because.MINIMUM, f"{found}, below what the venue accepts")
    book = situation.market.books.get(intent.symbol)
    rests = None if book is None else book.bid_depth if situation.id.side.sign > 0 else book.ask_depth
    quoted = quantity * price if contract.kind is ContractKind.LINEAR else quantity
    if rests is None or rests < limits.hedge_depth * quoted:
        known = "nobody knows what" if rests is None else rests
        return No(Because.DEPTH, f"{known} rests in {intent.symbol}, wanted {limits.hedge_depth} x {quoted}")
    return replace(intent, quantity=quantity, limit=_on_tick(intent.limit, contract, situation))


def sized_closing(intent: CloseHedge, situation: Situation) -> CloseHedge | No:
    """At most what is ours of it; a hedge of ours only."""
    leg = _leg(situation, intent.symbol)
    if leg is None:
        return No(Because.NO_POSITION, f"no hedge of ours is held in {intent.symbol}")
    if intent.quantity >= leg.ours:
        return replace(intent, quantity=leg.ours)
    quantity = leg.contract.quantity_down(intent.quantity)
    if quantity <= 0 or quantity < leg.contract.min_quantity:
        return No(Because.MINIMUM, f"{intent.quantity} is below what the venue accepts")
    return replace(intent, quantity=quantity)


def opening_objection(intent: OpenHedge, situation: Situation, case: Case) -> No | None:
    """Why the account would not be safer with the hedge; ``None`` if its worst loss becomes smaller."""
    market, fee = situation.market, situation.taker_fee
    contract = market.contracts[intent.symbol]
    held = exposure_of(case.account, situation.contract.settlement)
    symbols = {*held.symbols, intent.symbol}
    unknown = sorted(symbols - market.marks.keys())
    if unknown:
        return No(Because.STALE, f"no mark price of {', '.join(unknown)} yet to judge the account by")
    marks = {symbol: market.marks[symbol] for symbol in symbols}
    for leg in giving_way(contract, situation):
        # What is rolled is about to be delivered: the new hedge is judged against having none.
        held = held.without(leg.position.id, marks)
    position = _hedge_position(intent, situation)
    cost = contract.notional(intent.quantity, marks[intent.symbol]) * fee
    now = held.equity(marks)
    before = held.worst_loss(now, marks, market.contracts)
    after = held.with_hedge(Holding(position, contract), cost).worst_loss(now, marks, market.contracts)
    if after < before:
        return None
    return No(Because.NOT_SAFER, f"the worst loss of the account would go from {before:.2f} to {after:.2f}")


def closing_objection(intent: CloseHedge, situation: Situation) -> No | None:
    """Why the hedge is still needed: liquidation is no farther away than when it was opened."""
    leg = _leg(situation, intent.symbol)
    opened = leg.hedge.distance if leg is not None else None
    if opened is None or situation.distance > opened:
        return None
    return No(
        Because.NOT_SAFER, f"liquidation is {situation.distance:.2%} away, no farther than when it began"
    )


def exposure_of(account: Account, currency: str) -> Exposure:
    """All that an account holds in one settlement currency."""
    shared: list[Holding] = []
    isolated: list[Pool] = []
    for holder in account.holders.values():
        if holder.contract.settlement != currency:
            continue
        holding = Holding(holder.position, holder.contract)
        if holder.isolated:
            isolated.append(Pool(MarginMode.ISOLATED, holder.position.margin, (holding,)))
        else:
            shared.append(holding)
    wallet = account.wallet(currency).amount
    return Exposure(Pool(MarginMode.CROSS, wallet, tuple(shared)), tuple(isolated))


def margin_of(intent: OpenHedge, market: Market, taker_fee: Decimal) -> Decimal:
    """What the venue locks for the hedge: its initial margin, and the fee of opening it."""
    contract, price = market.contracts[intent.symbol], market.marks[intent.symbol]
    return intent.quantity * _locked(intent, contract, price, taker_fee)


# -- inside -----------------------------------------------------------------------------------------


def _unfit(
    intent: OpenHedge,
    contract: Contract,
    price: Decimal,
    situation: Situation,
    case: Case,
    flying: Sequence[OpenHedge],
) -> No | None:
    mine = {leg.position.id for leg in situation.pair.legs}
    for held in case.account.holders:
        if held.symbol == intent.symbol and held not in mine:
            return No(Because.FOREIGN, f"{held} is held and is no hedge of {situation.id}")
    for other in flying:
        if other.symbol == intent.symbol and other.id != situation.id:
            return No(Because.FOREIGN, f"a hedge of {other.id} in {other.symbol} is on its way")
    if contract.expiry_ms is not None and contract.expiry_ms - situation.now_ms < LEAST_LIFE_MS:
        return No(Because.EXPIRY, f"{intent.symbol} is delivered within {LEAST_LIFE_MS // HOUR_MS} hours")
    met = _met_stop(situation)
    if met is not None:
        return No(Because.IN_FLIGHT, f"its stop {met.client_id} at {met.trigger} is met: it is being closed")
    if situation.id.side.sign * (price - intent.limit) < 0:
        return No(Because.BASIS, f"{intent.symbol} is at {price}, its limit is {intent.limit}")
    return None


def _met_stop(situation: Situation) -> Order | None:
    """A resting stop that the mark has reached: until the account was read, nobody knows what is left."""
    mark, sign = situation.marks[situation.id.symbol], situation.id.side.sign
    for order in situation.stops:
        by_mark = order.kind is OrderKind.STOP_MARKET and order.trigger_by is PriceKind.MARK
        if by_mark and order.trigger is not None and sign * (mark - order.trigger) <= 0:
            return order
    return None


def _locked(intent: OpenHedge, contract: Contract, price: Decimal, taker_fee: Decimal) -> Decimal:
    """What one unit of the hedge takes of the free balance: bought at its limit it may be dearer than now."""
    return _dearest(intent, contract, price) * (ONE / intent.leverage + taker_fee)


def _dearest(intent: OpenHedge, contract: Contract, price: Decimal) -> Decimal:
    """What one unit may turn out to be worth: its price of a moment ago binds nobody, its limit does."""
    return max(coordinate(contract, price), coordinate(contract, intent.limit))


def _cap(
    intent: OpenHedge,
    contract: Contract,
    price: Decimal,
    situation: Situation,
    case: Case,
    limits: Limits,
    flying: Sequence[OpenHedge],
) -> list[Decimal]:
    """The quantity that the cap on all hedges of the account leaves, those on their way counted as held."""
    cap = limits.budgets(case.account.name, contract.settlement).hedge_notional
    if cap is None:
        return []
    marks, contracts = situation.market.marks, situation.market.contracts
    worth = [
        h.contract.notional(h.position.quantity, marks.get(h.id.symbol, h.position.entry))
        for h in case.account.holders.values()
        if h.hedges and h.contract.settlement == contract.settlement
    ]
    worth += [
        contracts[other.symbol].notional(other.quantity, marks[other.symbol])
        for other in flying
        if contracts[other.symbol].settlement == contract.settlement
    ]
    return [(cap - sum(worth, ZERO)) / _dearest(intent, contract, price)]


def _hedge_position(intent: OpenHedge, situation: Situation) -> Position:
    """The hedge as it would be held: a new one, or the one there is made larger at the mark."""
    contract, price = situation.market.contracts[intent.symbol], situation.market.marks[intent.symbol]
    leg = _leg(situation, intent.symbol)
    quantity, entry = intent.quantity, price
    if leg is not None:
        quantity += leg.quantity
        before, now = (coordinate(contract, at) for at in (leg.position.entry, price))
        entry = coordinate(contract, (before * leg.quantity + now * intent.quantity) / quantity)
    position = Position(
        id=hedge_id(situation.id, intent.symbol),
        quantity=quantity,
        entry=entry,
        leverage=intent.leverage,
        mode=situation.position.mode,
    )
    if position.mode is MarginMode.CROSS:
        return position
    bought = replace(position, quantity=intent.quantity, entry=price)
    held = leg.position.margin if leg is not None else ZERO
    return position.with_margin(held + initial_margin(bought, contract, price))


def _leg(situation: Situation, symbol: str) -> Leg | None:
    return next((leg for leg in situation.pair.legs if leg.symbol == symbol), None)


def _on_tick(limit: Decimal, contract: Contract, situation: Situation) -> Decimal:
    """The limit on the tick, never worse than asked: a hedge of a long is sold, of a short bought."""
    return contract.price_up(limit) if situation.id.side.sign > 0 else contract.price_down(limit)
