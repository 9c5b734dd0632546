"""Settlements of funding as Bybit tells them: executions of a type of their own, without an order."""

from __future__ import annotations

from bot.simulator.bybit.names import Names, category_of
from bot.simulator.bybit.rows import Row, uuid_of
from bot.simulator.records import Income, IncomeKind
from bot.simulator.spelling import shown
from bot.simulator.world import World


def funding_row(world: World, names: Names, income: Income) -> Row | None:
    """A settlement; ``None`` for other movements of money. A fee above nought was paid."""
    if income.kind is not IncomeKind.FUNDING or income.id is None:
        return None
    ticker = world.market[income.id.symbol]
    return {
        "category": category_of(world.contracts[income.id.symbol]),
        "symbol": names[income.id.symbol],
        "execType": "Funding",
        "execFee": shown(-income.amount),
        "feeRate": shown(ticker.funding_rate),
        "execTime": str(income.at_ms),
        "execId": uuid_of(income.income_id),
        "execPrice": shown(ticker.mark),
        "markPrice": shown(ticker.mark),
        "execQty": "0",
        "orderId": "",
        "orderLinkId": "",
        "side": "",
    }
