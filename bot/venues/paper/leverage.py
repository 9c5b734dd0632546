"""What a change of leverage does to an open position: refused, margin reset, topped up, or only noted.

The venues differ so much that "cut the leverage" is not one lever but four (see ``LeverageCut``). In
cross mode leverage is in no liquidation price: lowering it locks balance, raising it frees some.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.margin.arithmetic import initial_margin
from bot.core.margin.assess import assess
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.rules import LeverageCut
from bot.core.types import ZERO, MarginMode, Position, PositionId
from bot.venues.paper.books import Books, marks_of, money_up
from bot.venues.paper.refusals import Reason, Refused, family
from bot.venues.paper.trading import refuse_leverage

DEFAULT_LEVERAGE = Decimal(20)


def change(books: Books, id_: PositionId, leverage: Decimal) -> Refused | None:
    """Set the leverage of a position, or of the next one if none is open."""
    held = books.position(id_)
    refused = refuse_leverage(books, id_, held.quantity if held else ZERO, leverage)
    if refused is not None:
        return refused
    if held is None:
        mode = terms_of(books, id_)[1]
        books.accounts[id_.account].settings[id_] = (leverage, mode)
        return None
    if leverage == held.leverage:
        # Bybit alone calls it an error not to change anything; callers treat the code as success.
        same = Refused(Reason.LEVERAGE_SAME, f"{id_}: leverage is {leverage} already")
        return same if family(books.contracts[id_.symbol]) == "bybit" else None
    if held.mode is MarginMode.CROSS:
        return _change_cross(books, held, leverage)
    return _change_isolated(books, held, leverage)


def terms_of(books: Books, id_: PositionId) -> tuple[Decimal, MarginMode]:
    """Leverage and margin mode of the open position, else those set for the next one."""
    held = books.position(id_)
    if held is not None:
        return held.leverage, held.mode
    default = min(DEFAULT_LEVERAGE, books.contracts[id_.symbol].max_leverage), MarginMode.ISOLATED
    return books.accounts[id_.account].settings.get(id_, default)


def _change_cross(books: Books, held: Position, leverage: Decimal) -> Refused | None:
    contract = books.contracts[held.id.symbol]
    mark = books.quotes[held.id.symbol].mark
    changed = replace(held, leverage=leverage)
    locked = initial_margin(changed, contract, mark) - initial_margin(held, contract, mark)
    free = books.free(books.purse(held.id))
    if locked > free:
        text = f"{held.id}: {leverage}x locks {money_up(locked)} more, {free} free"
        return Refused(Reason.LEVERAGE_BALANCE, text)
    books.put(changed)
    return None


def _change_isolated(books: Books, held: Position, leverage: Decimal) -> Refused | None:
    contract = books.contracts[held.id.symbol]
    changed = replace(held, leverage=leverage)
    needed = money_up(initial_margin(changed, contract, held.entry))
    match contract.rules.leverage_cut:
        case LeverageCut.REFUSED:
            if leverage < held.leverage:
                text = f"{held.id}: leverage of an open isolated position cannot be cut"
                return Refused(Reason.LEVERAGE_REFUSED, text)
            margin = held.margin
        case LeverageCut.RESETS_MARGIN:
            margin = needed
        case LeverageCut.TOPS_UP:
            margin = max(held.margin, needed)
    purse = books.purse(held.id)
    drawn = margin - held.margin
    free = books.free(purse)
    if drawn > free:
        text = f"{held.id}: {leverage}x draws {drawn} into the margin, {free} free"
        return Refused(Reason.LEVERAGE_BALANCE, text)
    changed = replace(changed, margin=margin)
    pool = Pool(MarginMode.ISOLATED, margin, (Holding(changed, contract),))
    if assess(pool, marks_of(books, pool)).liquidatable:
        text = f"{held.id}: margin {margin} at {leverage}x would be liquidated at once"
        return Refused(Reason.LEVERAGE_LIQUIDATES, text)
    books.put(changed)
    if drawn:
        books.pay(purse, -drawn)
    return None
