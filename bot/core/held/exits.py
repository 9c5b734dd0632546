"""In which order positions are closed: most risk relieved per cost first.

The risk of a position is what the venue keeps for it, and what it would lose in a further move of ``SHOCK``
against the whole; a hedge, which gains in that move, goes last. The cost is the fee, half the spread, and
what the size does to a book of the depth that was told. Where nobody told of the book only the fee counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from bot.core.facts import Book
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.pool import Holding, Marks
from bot.core.margin.requirement import maintenance
from bot.core.types import ONE, ZERO, PositionId, Symbol

SHOCK = Decimal("0.1")
"""The further move of every price, a fraction, that risk is measured by."""
_LEAST_COST = Decimal("0.0001")
"""No order costs less than this fraction of its value; it keeps a fee of nothing from deciding alone."""
_DEPTH_WITHIN = Decimal("0.01")
"""What is told of the book's depth rests within about this fraction of the price."""


def exit_order(
    holdings: Iterable[Holding], marks: Marks, books: Mapping[Symbol, Book], taker_fee: Decimal
) -> tuple[PositionId, ...]:
    """The positions, the one whose end relieves most risk per cost first; alike ones by their name."""
    held = tuple(holdings)
    moved = [(h, _lost(h, marks, ONE - SHOCK), _lost(h, marks, ONE + SHOCK)) for h in held]
    falls = sum((down for _, down, _ in moved), ZERO) >= sum((up for _, _, up in moved), ZERO)
    ranked = []
    for holding, down, up in moved:
        position, contract = holding.position, holding.contract
        mark = marks[position.id.symbol]
        risk = maintenance(position, contract, mark) + (down if falls else up)
        value = contract.notional(position.quantity, mark)
        cost = value * _cost(books.get(position.id.symbol), value, taker_fee)
        ranked.append((-risk / cost, position.id))
    return tuple(id_ for _, id_ in sorted(ranked))


def _lost(holding: Holding, marks: Marks, times: Decimal) -> Decimal:
    """What the position loses if its price becomes ``times`` what it is."""
    mark = marks[holding.position.id.symbol]
    now = unrealised(holding.position, holding.contract, mark)
    return now - unrealised(holding.position, holding.contract, mark * times)


def _cost(book: Book | None, value: Decimal, taker_fee: Decimal) -> Decimal:
    """What it costs to close, as a fraction of the value."""
    if book is None:
        return max(taker_fee, _LEAST_COST)
    middle = (book.bid + book.ask) / 2
    depth = min(book.bid_depth, book.ask_depth)
    impact = _DEPTH_WITHIN * value / depth / 2 if depth > 0 else _DEPTH_WITHIN
    return max(taker_fee + (book.ask - book.bid) / middle / 2 + impact, _LEAST_COST)
