"""Rows as the exchanges document them, and the same rows spoilt: said, never guessed."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.core.contracts import ContractKind
from bot.core.types import Side
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects import binancecoinm, binanceusdm, bybit, okx, xt
from bot.venues.live.terms import Instrument, Listing
from tests.building.core import BTC, D, a_contract

Row = dict[str, Any]
T = 1_790_000_000_000
SPOILT: list[Any] = [None, "", "nan", "x", [], {}, float("inf"), -1, True, "1e99"]

# developers.binance.com "Get Income History"; ccxt 4.5.90 beside its parsers for the others (Bybit's list of
# executions, OKX's bills, XT's "Get Fund Fee Information").
BINANCE = {
    "symbol": "X",
    "incomeType": "FUNDING_FEE",
    "income": "-0.37500000",
    "asset": "USDT",
    "info": "FUNDING_FEE",
    "time": T,
    "tranId": 9689322392,
    "tradeId": "",
}
BYBIT = {
    "symbol": "X",
    "execType": "Funding",
    "execFee": "-0.10232512",
    "feeRate": "-0.000761",
    "execTime": str(T),
    "execId": "8d1ef156-4ec6-4445-9a6c-1c0c24dbd046",
    "side": "Sell",
    "execQty": "0.98",
}
OKX = {
    "balChg": "0.0000148752712240",
    "billId": "377970609204146187",
    "ccy": "ETH",
    "instId": "X",
    "instType": "SWAP",
    "mgnMode": "isolated",
    "pnl": "0.000014875271224",
    "posBalChg": "0",
    "subType": "174",
    "ts": str(T),
    "type": "8",
}
XT = {
    "id": "210804044057280512",
    "symbol": "X",
    "cast": "-0.0013",
    "coin": "usdt",
    "positionSide": "SHORT",
    "createdTime": T,
}


def listed(row: Row) -> Row:
    """The frame of Bybit around a row."""
    return {"retCode": 0, "result": {"list": [row]}, "time": T}


def paged(row: Row) -> Row:
    """The frame of XT around a row."""
    return {"returnCode": 0, "result": {"hasPrev": False, "hasNext": False, "items": [row]}}


CASES: Mapping[str, tuple[Dialect, Row, Any, tuple[str, str, Side | None]]] = {
    "binanceusdm": (
        binanceusdm.DIALECT,
        BINANCE,
        lambda row: [row],
        ("X 9689322392", "-0.375", None),
    ),
    "bybit": (bybit.DIALECT, BYBIT, listed, ("8d1ef156-4ec6-4445-9a6c-1c0c24dbd046", "0.10232512", None)),
    "okx": (
        okx.DIALECT,
        OKX,
        lambda row: {"code": "0", "data": [row]},
        ("377970609204146187", "0.000014875271224", None),
    ),
    "xt": (xt.DIALECT, XT, paged, ("210804044057280512", "-0.0013", Side.SHORT)),
}
INTERESTS: Mapping[str, tuple[Dialect, Row, Any, str]] = {
    # "Open Interest" of USD-M; COIN-M counts contracts, here of 100 dollars.
    "binanceusdm": (
        binanceusdm.DIALECT,
        {"openInterest": "10659.509", "symbol": "X", "time": T},
        lambda row: row,
        "10659.509",
    ),
    "binancecoinm": (
        binancecoinm.DIALECT,
        {"openInterest": "15004", "symbol": "X", "pair": "Y", "contractType": "CURRENT_QUARTER", "time": T},
        lambda row: row,
        "1500400",
    ),
    "bybit": (bybit.DIALECT, {"symbol": "X", "openInterest": "461134384.00000000"}, listed, "461134384"),
    # Contracts of 0.01.
    "okx": (
        okx.DIALECT,
        {"instId": "X", "instType": "SWAP", "oi": "2125419", "oiCcy": "21254.19", "ts": str(T)},
        lambda row: {"code": "0", "data": [row]},
        "21254.19",
    ),
    "xt": (
        xt.DIALECT,
        {"symbol": "X", "openInterest": "21005.8646", "openInterestUsd": "1120726916.46709", "time": T},
        lambda row: {"returnCode": 0, "result": row},
        "21005.8646",
    ),
}


# Spot "Account information" of Binance; Bybit's wallet-balance, OKX's account/balance, XT's "Get a user's
# asset list", in which names are in small letters.
SPOT: Mapping[str, tuple[Dialect, Row, Any, tuple[str, str]]] = {
    "binanceusdm": (
        binanceusdm.DIALECT,
        {"asset": "BTC", "free": "4723846.89208129", "locked": "1.00000000"},
        lambda row: {"makerCommission": 15, "balances": [row]},
        ("BTC", "4723847.89208129"),
    ),
    "bybit": (
        bybit.DIALECT,
        {"coin": "BTC", "walletBalance": "0.5", "equity": "0.5", "borrowAmount": "0.0"},
        lambda row: listed({"accountType": "UNIFIED", "coin": [row]}),
        ("BTC", "0.5"),
    ),
    "okx": (
        okx.DIALECT,
        {"ccy": "ETH", "cashBal": "1.25", "eq": "1.25", "availBal": "1.25"},
        lambda row: {"code": "0", "data": [{"details": [row], "uTime": str(T)}]},
        ("ETH", "1.25"),
    ),
    "xt": (
        xt.DIALECT,
        {"currency": "btc", "availableAmount": "0.2", "frozenAmount": "0.1", "totalAmount": "0.3"},
        lambda row: {"rc": 0, "mc": "SUCCESS", "result": {"totalBtcAmount": "0.3", "assets": [row]}},
        ("BTC", "0.3"),
    ),
}


def listing(name: str) -> Listing:
    """One contract under the name that the rows have."""
    sizes = {"okx": "0.01", "binancecoinm": "100"}
    kind = ContractKind.INVERSE if name == "binancecoinm" else ContractKind.LINEAR
    contract = a_contract(contract_size=D(sizes.get(name, "1")), kind=kind)
    return Listing((Instrument(id="X", contract=contract, family="linear"),))


@pytest.mark.parametrize("name", CASES)
def test_a_settlement_is_read_as_it_is_documented(name: str) -> None:
    dialect, row, frame, (venue_id, amount, side) = CASES[name]
    (paid,) = dialect.beside.payments([frame(row)], listing(name))
    assert (paid.venue_id, paid.amount, paid.side) == (venue_id, D(amount), side)
    assert (paid.symbol, paid.at_ms) == (BTC, T)


@pytest.mark.parametrize("name", INTERESTS)
def test_open_interest_is_told_in_our_quantities(name: str) -> None:
    dialect, row, frame, quantity = INTERESTS[name]
    (told,) = dialect.beside.interest([frame(row)], listing(name), T)
    assert (told.symbol, told.at_ms, told.quantity) == (BTC, T, D(quantity))


@pytest.mark.parametrize("name", SPOT)
def test_coins_held_outright_are_read_as_they_are_documented(name: str) -> None:
    dialect, row, frame, (asset, held) = SPOT[name]
    assert dialect.beside.spot([frame(row)]) == {asset: D(held)}
    assert len(dialect.beside.spot_requests()) == 1


@pytest.mark.parametrize("name", SPOT)
def test_coins_that_make_no_sense_are_said_and_never_guessed_at(name: str) -> None:
    dialect, row, frame, _ = SPOT[name]
    for field in row:
        for value in SPOILT:
            try:
                found = dialect.beside.spot([frame(row | {field: value})])
            except (ValueError, KeyError):
                continue
            assert all(held.is_finite() for held in found.values())
    spoilt: list[Any] = [
        None,
        [],
        {},
        {"code": "1", "msg": "no"},
        {"balances": None},
        {"rc": 1, "mc": "AUTH"},
    ]
    for whole in spoilt:
        with pytest.raises((ValueError, KeyError)):
            dialect.beside.spot([whole])


@pytest.mark.parametrize("name", CASES)
def test_a_spoilt_row_is_left_out_or_said_and_never_guessed_at(name: str) -> None:
    dialect, row, frame, _ = CASES[name]
    for field in row:
        for value in SPOILT:
            try:
                found = dialect.beside.payments([frame(row | {field: value})], listing(name))
            except (ValueError, KeyError):
                continue
            assert all(payment.amount.is_finite() and payment.symbol == BTC for payment in found)


@pytest.mark.parametrize("name", INTERESTS)
def test_open_interest_that_makes_no_sense_is_none(name: str) -> None:
    dialect, row, frame, _ = INTERESTS[name]
    for field in row:
        for value in SPOILT:
            try:
                found = dialect.beside.interest([frame(row | {field: value})], listing(name), T)
            except (ValueError, KeyError):
                continue
            assert all(told.quantity > 0 and told.symbol == BTC for told in found)


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_listed_is_left_out(name: str) -> None:
    dialect, row, frame, _ = CASES[name]
    assert dialect.beside.payments([frame(row)], Listing(())) == []
