"""A position that the trader brings along: whether it can be, and what it takes."""

from __future__ import annotations

from bot.core.types import ZERO, MarginMode, Position, PositionId
from bot.venues.paper.books import Books, money_up
from bot.venues.paper.model import Opening, PaperError
from bot.venues.paper.orders import on_step
from bot.venues.paper.trading import Increase, born_liquidatable, refuse_leverage


def plan_opening(books: Books, at_ms: int, opening: Opening) -> Increase:
    """The position an opening makes; ``PaperError`` with the numbers if it cannot be."""
    id_ = opening.id
    contract = books.contracts[id_.symbol]
    if contract.expired(at_ms):
        raise PaperError(f"{id_}: expired at {contract.expiry_ms}")
    account = books.accounts[id_.account]
    opposite = PositionId(id_.account, id_.symbol, id_.side.opposite)
    if id_ in account.positions or (not account.hedge and opposite in account.positions):
        raise PaperError(f"{id_}: a position is open already")
    if opening.quantity <= 0 or not on_step(opening.quantity, contract.lot):
        raise PaperError(f"{id_}: quantity {opening.quantity}, expected a multiple of {contract.lot} above 0")
    refused = refuse_leverage(books, id_, opening.quantity, opening.leverage)
    if refused is not None:
        raise PaperError(refused.text)
    entry = books.quotes[id_.symbol].last if opening.entry is None else opening.entry
    margin = money_up(contract.notional(opening.quantity, entry) / opening.leverage)
    if opening.margin is not None:
        margin = opening.margin
    free = books.free(books.purse(id_))
    if margin > free:
        less = "a higher leverage" if opening.margin is None else "less margin"
        remedy = f"use a smaller quantity, {less} or more balance"
        raise PaperError(f"{id_}: needs a margin of {margin}, {free} free; {remedy}")
    position = Position(
        id=id_,
        quantity=opening.quantity,
        entry=entry,
        leverage=opening.leverage,
        mode=opening.mode,
        margin=margin if opening.mode is MarginMode.ISOLATED else ZERO,
        opened_ms=at_ms,
    )
    plan = Increase(position, opening.quantity, entry, margin, ZERO, ZERO)
    if born_liquidatable(books, plan):
        mark = books.quotes[id_.symbol].mark
        text = f"entry {entry}, mark {mark}, {opening.leverage}x, margin {margin}"
        isolated = opening.mode is MarginMode.ISOLATED
        more = "a lower leverage or more margin" if isolated else "a smaller quantity or more balance"
        remedy = f"use {more}, or an entry nearer the mark"
        raise PaperError(f"{id_}: would be liquidated at once: {text}; {remedy}")
    return plan
