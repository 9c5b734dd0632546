"""Balances and bills as OKX spells them."""

from __future__ import annotations

from decimal import Decimal

from bot.core.types import ZERO, PositionId
from bot.simulator.okx.names import Names, type_of
from bot.simulator.okx.rows import MONEY, Row
from bot.simulator.records import Income, IncomeKind, MarginMove
from bot.simulator.spelling import shown
from bot.simulator.standing import Funds
from bot.simulator.world import World


def balance_row(kept: list[Funds], usd: dict[str, Decimal], at_ms: int) -> Row:
    """The trading account in futures mode: no adjusted equity and no ratio for the whole of it.

    ``cashBal`` does not contain the margin of isolated positions, which a bill of type 6 takes out of it;
    that stands in ``isoEq``. That ``frozenBal`` is the rest is assumed.
    """
    total = sum((fund.equity * usd[fund.currency] for fund in kept), ZERO)
    isolated = sum(((fund.isolated + _iso_gain(fund)) * usd[fund.currency] for fund in kept), ZERO)
    whole = ("adjEq", "availEq", "borrowFroz", "imr", "mgnRatio", "mmr", "notionalUsd", "ordFroz", "upl")
    return {
        **dict.fromkeys(whole, ""),
        "totalEq": shown(total.quantize(MONEY)),
        "isoEq": shown(isolated.quantize(MONEY)),
        "uTime": str(at_ms),
        "details": [
            _detail(fund, usd[fund.currency], at_ms) for fund in kept if fund.wallet or fund.unrealised
        ],
    }


def _iso_gain(fund: Funds) -> Decimal:
    return fund.unrealised - fund.unrealised_crossed


def _detail(fund: Funds, usd: Decimal, at_ms: int) -> Row:
    cash = fund.wallet - fund.isolated
    blank = (
        "crossLiab",
        "interest",
        "isoLiab",
        "liab",
        "maxLoan",
        "uplLiab",
        "twap",
        "spotInUseAmt",
        "spotIsoBal",
    )
    return {
        **dict.fromkeys(blank, ""),
        "ccy": fund.currency,
        "cashBal": shown(cash.quantize(MONEY)),
        "availBal": shown(fund.free.quantize(MONEY)),
        "availEq": shown(fund.free.quantize(MONEY)),
        "eq": shown(fund.equity.quantize(MONEY)),
        "eqUsd": shown((fund.equity * usd).quantize(MONEY)),
        "disEq": shown((fund.equity * usd).quantize(MONEY)),
        "frozenBal": shown(max(ZERO, fund.wallet - fund.free).quantize(MONEY)),
        "fixedBal": "0",
        "imr": shown(fund.crossed.quantize(MONEY)),
        "mmr": shown(fund.maintenance.quantize(MONEY)),
        "isoEq": shown((fund.isolated + _iso_gain(fund)).quantize(MONEY)),
        "isoUpl": shown(_iso_gain(fund).quantize(MONEY)),
        "mgnRatio": "",
        "notionalLever": "",
        "ordFrozen": "0",
        "stgyEq": "0",
        "upl": shown(fund.unrealised_crossed.quantize(MONEY)),
        "uTime": str(at_ms),
    }


def margin_bill(world: World, names: Names, move: MarginMove) -> Row:
    """Isolated margin moved by hand: type 6, sub-type 160 in, 161 out; ``balChg`` is the account's side."""
    contract = world.contracts[move.id.symbol]
    return {
        **_bill(world, names, move.move_id, move.id, move.at_ms),
        "type": "6",
        "subType": "160" if move.amount > 0 else "161",
        "ccy": contract.settlement,
        "balChg": shown(-move.amount),
        "posBalChg": shown(move.amount),
        "sz": shown(abs(move.amount)),
    }


def funding_bill(world: World, names: Names, income: Income) -> Row | None:
    """Funding: type 8, sub-type 173 paid and 174 received."""
    if income.kind is not IncomeKind.FUNDING or income.id is None:
        return None
    return {
        **_bill(world, names, income.income_id, income.id, income.at_ms),
        "type": "8",
        "subType": "174" if income.amount > 0 else "173",
        "ccy": income.currency,
        "balChg": shown(income.amount),
        "posBalChg": "0",
        "pnl": shown(income.amount),
        "sz": "0",
    }


def _bill(world: World, names: Names, number: int, id_: PositionId, at_ms: int) -> Row:
    blank = (
        "bal",
        "clOrdId",
        "execType",
        "from",
        "interest",
        "notes",
        "ordId",
        "posBal",
        "px",
        "tag",
        "to",
        "tradeId",
    )
    contract = world.contracts[id_.symbol]
    return {
        **dict.fromkeys(blank, ""),
        "billId": str(number),
        "instId": names[id_.symbol],
        "instType": type_of(contract),
        "mgnMode": "isolated",
        "fee": "0",
        "pnl": "0",
        "ts": str(at_ms),
    }
