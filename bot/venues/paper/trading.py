"""What a trade does to the books: opening, adding to, reducing and closing a position.

Margin of an isolated position shrinks pro rata when a part is closed, and what is released goes with
the realised profit, less the fee, to the free wallet. A loss that exceeds what was released comes out of
the margin that stays; a loss that exceeds all of it is the insurance fund's, because an isolated
position can lose its own margin only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import Fill
from bot.core.margin.arithmetic import initial_margin
from bot.core.margin.assess import assess
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.requirement import tier_for
from bot.core.types import ZERO, MarginMode, Position, PositionId
from bot.venues.paper.books import (
    ENTRY_STEPS_PER_TICK,
    Books,
    gain_of,
    marks_of,
    money_down,
    money_near,
    money_up,
    slippage,
)
from bot.venues.paper.matching import buys
from bot.venues.paper.refusals import Reason, Refused


@dataclass(frozen=True, slots=True)
class Increase:
    """An increase that can be paid: the position afterwards and what it takes from the wallet."""

    position: Position
    quantity: Decimal
    price: Decimal
    margin: Decimal
    """Moved from the wallet into an isolated position."""
    fee: Decimal
    residue: Decimal
    """Profit realised by rounding the average entry; almost always zero and never above a few ticks."""


def plan_increase(
    books: Books,
    at_ms: int,
    id_: PositionId,
    quantity: Decimal,
    price: Decimal,
    *,
    rate: Decimal,
    terms: tuple[Decimal, MarginMode],
) -> Increase | Refused:
    """Work out an increase of ``quantity`` at ``price``, or why the venue refuses it.

    ``rate`` is the fee as a fraction of notional, ``terms`` leverage and margin mode of the position. Bybit
    asks for the fee of closing at bankruptcy as well, and keeps it with the margin (help centre, "Order Cost
    (USDT Contract)"): initial margin, fee to open, fee to close.
    """
    contract = books.contracts[id_.symbol]
    leverage, mode = terms
    held = books.position(id_)
    notional = contract.notional(quantity, price)
    added = Position(
        id=id_, quantity=quantity, entry=price, leverage=leverage, mode=mode, margin=ZERO, opened_ms=at_ms
    )
    needed = money_up(initial_margin(added, contract, price))
    fee = money_up(notional * rate)
    total = quantity + (held.quantity if held else ZERO)
    refused = refuse_leverage(books, id_, total, leverage)
    if refused is not None:
        return refused
    free = books.free(books.purse(id_))
    if needed + fee > free:
        text = f"{id_}: margin {needed} and fee {fee} needed, {free} free"
        return Refused(Reason.BALANCE, text)
    margin = needed if mode is MarginMode.ISOLATED else ZERO
    entry, residue = price, ZERO
    if held is not None:
        entry, residue = _average(books, held, quantity, price)
        if mode is MarginMode.ISOLATED:
            margin += held.margin + residue
    position = Position(
        id=id_,
        quantity=total,
        entry=entry,
        leverage=leverage,
        mode=mode,
        margin=margin,
        opened_ms=held.opened_ms if held else at_ms,
    )
    plan = Increase(position, quantity, price, needed, fee, residue)
    if born_liquidatable(books, plan):
        return Refused(Reason.BALANCE, f"{id_}: would be liquidated at once at {leverage}x")
    return plan


def book_increase(books: Books, plan: Increase) -> Fill:
    """Carry out a planned increase."""
    position = plan.position
    contract = books.contracts[position.id.symbol]
    buy = buys(position.id.side, reduces=False)
    isolated = position.mode is MarginMode.ISOLATED
    books.markets[position.id.symbol].trade(contract, plan.quantity, plan.price, plan.residue, buy=buy)
    books.pots[contract.settlement].fees += plan.fee
    books.put(position)
    books.pay(books.purse(position.id), -plan.fee - plan.margin if isolated else plan.residue - plan.fee)
    totals = books.totals(position.id)
    totals.fees += plan.fee
    totals.realised += plan.residue
    mark = books.quotes[position.id.symbol].mark
    return Fill(
        quantity=plan.quantity,
        price=plan.price,
        fee=plan.fee,
        pnl=plan.residue,
        slippage=slippage(contract, mark, plan.quantity, plan.price, buy=buy),
    )


def reduce(books: Books, id_: PositionId, quantity: Decimal, price: Decimal, rate: Decimal) -> Fill:
    """Close ``quantity``, at most the whole position, at ``price`` with a fee of ``rate``."""
    position = books.position(id_)
    assert position is not None, f"{id_}: nothing to reduce"
    assert quantity <= position.quantity, f"{id_}: {quantity} of {position.quantity} to reduce"
    contract = books.contracts[id_.symbol]
    purse = books.purse(id_)
    buy = buys(id_.side, reduces=True)
    pnl = gain_of(position, contract, quantity, price)
    fee = money_up(contract.notional(quantity, price) * rate)
    books.markets[id_.symbol].trade(contract, quantity, price, pnl, buy=buy)
    books.pots[contract.settlement].fees += fee
    totals = books.totals(id_)
    totals.fees += fee
    totals.realised += pnl
    left = position.quantity - quantity
    if position.mode is MarginMode.CROSS:
        _keep(books, position, left, ZERO)
        books.pay(purse, pnl - fee)
        cover_empty_cross(books, id_)
    else:
        released = money_down(position.margin * quantity / position.quantity) if left else position.margin
        proceeds = released + pnl - fee
        stays = position.margin - released
        if proceeds < 0:
            stays, proceeds = stays + proceeds, ZERO
        _keep(books, position, left, stays)
        books.pay(purse, proceeds)
        if not left and stays:
            _insure(books, id_, -stays)
    mark = books.quotes[id_.symbol].mark
    return Fill(
        quantity=quantity,
        price=price,
        fee=fee,
        pnl=pnl,
        slippage=slippage(contract, mark, quantity, price, buy=buy),
    )


def cover_empty_cross(books: Books, id_: PositionId) -> None:
    """Let the insurance fund pay a cross wallet that is below zero with no position left to earn it back."""
    purse = books.purse(id_)
    owed = -books.backing(purse)
    if owed > 0 and not books.cross(purse):
        _insure(books, id_, owed)
        books.pay(purse, owed)


def refuse_leverage(books: Books, id_: PositionId, quantity: Decimal, leverage: Decimal) -> Refused | None:
    """Whether ``leverage`` is more than the contract, or the tier of ``quantity`` at the mark, allows."""
    contract = books.contracts[id_.symbol]
    if leverage < 1 or leverage > contract.max_leverage:
        text = f"{id_}: leverage {leverage}, allowed 1 to {contract.max_leverage}"
        return Refused(Reason.LEVERAGE_INVALID, text)
    if not quantity:
        return None
    mark = books.quotes[id_.symbol].mark
    allowed = tier_for(contract, quantity, mark).max_leverage
    if allowed is None or leverage <= allowed:
        return None
    notional = contract.notional(quantity, mark)
    return Refused(Reason.LEVERAGE_TIER, f"{id_}: {allowed}x at most for a notional of {notional}")


def born_liquidatable(books: Books, plan: Increase) -> bool:
    """Whether the position, opened as planned, would be liquidated at the present marks."""
    position = plan.position
    holding = Holding(position, books.contracts[position.id.symbol])
    if position.mode is MarginMode.ISOLATED:
        pool = Pool(MarginMode.ISOLATED, position.margin, (holding,))
    else:
        purse = books.purse(position.id)
        others = books.pool(purse)
        kept = others.without(position.id, ZERO).holdings if others else ()
        pool = Pool(MarginMode.CROSS, books.backing(purse) + plan.residue - plan.fee, (*kept, holding))
    return assess(pool, marks_of(books, pool)).liquidatable


def _average(books: Books, held: Position, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """The average entry on its grid, and the profit that rounding it realises.

    What an inverse position is worth at entry is its quantity over the price, so there the prices are
    averaged harmonically.
    """
    contract = books.contracts[held.id.symbol]
    total = held.quantity + quantity
    cost = contract.notional(held.quantity, held.entry) + contract.notional(quantity, price)
    if contract.kind is ContractKind.LINEAR:
        entry = _on_grid(contract, cost / total)
        return entry, held.id.side.sign * (total * entry - cost)
    entry = _on_grid(contract, total / cost)
    return entry, money_near(held.id.side.sign * (cost - total / entry))


def _on_grid(contract: Contract, entry: Decimal) -> Decimal:
    step = contract.tick * ENTRY_STEPS_PER_TICK
    return (entry / step).to_integral_value(ROUND_HALF_EVEN) * step


def _keep(books: Books, position: Position, left: Decimal, margin: Decimal) -> None:
    if left:
        books.put(replace(position, quantity=left, margin=margin))
    else:
        books.remove(position.id)


def _insure(books: Books, id_: PositionId, amount: Decimal) -> None:
    """Pay a loss that the account cannot: the fund as far as it reaches, the rest of the market beyond."""
    pots = books.pots[books.purse(id_).currency]
    paid = min(amount, pots.insurance_fund)
    pots.insurance_fund -= paid
    books.markets[id_.symbol].borne += amount - paid
    books.totals(id_).realised += amount
