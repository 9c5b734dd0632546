"""The levers of a real account: the exchange's word, narrowed by the contracts it lists."""

from dataclasses import replace

import pytest

from bot.core.capabilities import YES, Capability
from bot.core.contracts import Contract, ContractKind
from bot.core.margin.rules import LeverageCut
from bot.core.types import MarginMode, PositionMode, Symbol
from bot.venues.capabilities import NOTHING_LISTED
from bot.venues.live.capabilities import capabilities
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects.xt import DIALECT
from tests.building.contracts import BTC, a_contract

ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS
QUARTERLY = Symbol("BTC/USDT:USDT-261225")
ETH, COIN = Symbol("ETH/USDT:USDT"), Symbol("BTC/USD:BTC")


def dated() -> Contract:
    return a_contract(QUARTERLY, expiry_ms=1_798_185_600_000)


def hedging() -> Dialect:
    """XT as it would be if it listed quarterlies."""
    levers = {**DIALECT.traits.levers}
    levers |= {(lever, mode): YES for lever in ("OpenHedge", "CloseHedge") for mode in MarginMode}
    return replace(DIALECT, traits=replace(DIALECT.traits, levers=levers))


def test_what_the_exchange_declares_holds_for_every_contract() -> None:
    able = capabilities(DIALECT, [a_contract(venue="xt_linear")], PositionMode.HEDGE)
    assert able.venue == "xt"
    assert able.position_modes == {PositionMode.HEDGE}
    assert able.of("AddMargin", ISOLATED, BTC).works
    refused = able.of("AddMargin", CROSS, BTC)
    assert (refused.works, refused.substitute) == (False, "ReducePosition")
    assert able.of("BuyOption", ISOLATED, BTC).because == "xt has no BuyOption in isolated mode"


@pytest.mark.parametrize(
    ("cut", "works", "because"),
    [
        (LeverageCut.TOPS_UP, True, "does nothing while the margin is above the new initial margin"),
        (LeverageCut.RESETS_MARGIN, True, "margin added before is dropped"),
        (LeverageCut.REFUSED, False, "xt refuses it on an open isolated position"),
    ],
)
def test_what_a_cut_of_leverage_does_each_contract_says(cut: LeverageCut, works: bool, because: str) -> None:
    contract = a_contract(venue="xt_linear")
    changed = replace(contract, rules=replace(contract.rules, leverage_cut=cut))
    found = capabilities(DIALECT, [changed], PositionMode.HEDGE).of("CutLeverage", ISOLATED, BTC)
    assert (found.works, found.substitute) == (works, "AddMargin")
    assert because in found.because


def test_a_cut_the_exchange_never_does_is_refused_in_its_own_words() -> None:
    no = Capability(works=False, because="refused (-4161)", substitute="AddMargin")
    levers = {**DIALECT.traits.levers, ("CutLeverage", ISOLATED): no}
    binance = replace(DIALECT, traits=replace(DIALECT.traits, levers=levers))
    able = capabilities(binance, [a_contract(venue="xt_linear")], PositionMode.HEDGE)
    assert able.of("CutLeverage", ISOLATED, BTC) == no


def test_what_is_otherwise_in_hedge_mode_holds_there_only() -> None:
    no = Capability(works=False, because="both sides at once", substitute="AddMargin")
    traits = replace(
        DIALECT.traits,
        position_modes=frozenset(PositionMode),
        in_hedge={("CutLeverage", ISOLATED): no},
    )
    contracts = [a_contract(venue="xt_linear")]
    hedge = capabilities(replace(DIALECT, traits=traits), contracts, PositionMode.HEDGE)
    assert hedge.of("CutLeverage", ISOLATED, BTC) == no
    one_way = capabilities(replace(DIALECT, traits=traits), contracts, PositionMode.ONE_WAY)
    assert one_way.of("CutLeverage", ISOLATED, BTC) != no


def test_a_hedge_needs_a_dated_contract_or_a_perpetual_that_settles_alike() -> None:
    coins = a_contract(COIN, kind=ContractKind.INVERSE, settlement="BTC")
    able = capabilities(hedging(), [a_contract(), dated(), coins], PositionMode.HEDGE)
    assert able.of("OpenHedge", ISOLATED, BTC).works
    assert able.of("CloseHedge", CROSS, BTC).works
    assert able.of("OpenHedge", ISOLATED, QUARTERLY).works
    assert able.of("OpenHedge", ISOLATED, COIN) == NOTHING_LISTED
    able = capabilities(hedging(), [a_contract(), a_contract(ETH)], PositionMode.HEDGE)
    assert able.of("OpenHedge", ISOLATED, ETH).works
    assert (
        capabilities(hedging(), [a_contract()], PositionMode.HEDGE).of("OpenHedge", ISOLATED, BTC)
        == NOTHING_LISTED
    )


def test_an_exchange_that_hedges_nothing_hedges_nothing_whatever_is_listed() -> None:
    able = capabilities(DIALECT, [a_contract(), dated()], PositionMode.HEDGE)
    assert not able.of("OpenHedge", ISOLATED, BTC).works


def test_a_position_mode_it_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="xt has no position mode one_way"):
        capabilities(DIALECT, [a_contract()], PositionMode.ONE_WAY)
