"""The same random scenes with inverse contracts among them, and accounts of dollars and coins.

Face values are a hundred times the quantities, tiers and balances a hundredth, so that at prices of about
100 a position in coins is as near to its end as its twin in dollars was.
"""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.intents import AddMargin
from bot.core.margin.rules import TierUnit
from bot.venues.paper.model import PaperAccount
from tests.lab.replay.harness import FEW, MANY, agreed, play
from tests.lab.replay.scenes import D, Scene, a_scene
from tests.lab.replay.seeking import seek, wander

COIN = "COIN"
SEEDS = st.integers(min_value=0, max_value=2**32)


def with_coins(scene: Scene, random: Random) -> Scene:
    """The scene with at least one of its contracts inverse."""
    inverse = {scene.symbols[-1]} | {symbol for symbol in scene.symbols if random.random() < 0.3}
    openings = tuple(
        replace(each, opening=replace(each.opening, quantity=each.opening.quantity * 100))
        if each.opening.id.symbol in inverse
        else each
        for each in scene.openings
    )
    return replace(
        scene,
        contracts=tuple(turned(c) if c.symbol in inverse else c for c in scene.contracts),
        openings=openings,
        accounts=tuple(also_in_coins(account) for account in scene.accounts),
    )


def turned(contract: Contract) -> Contract:
    tiers = contract.tiers
    size = contract.contract_size
    if contract.rules.tier_unit is TierUnit.NOTIONAL:
        tiers = tuple(in_coins(tier) for tier in tiers)
    else:
        size *= 100
    return replace(
        contract,
        kind=ContractKind.INVERSE,
        settlement=COIN,
        lot=D(1),
        min_quantity=contract.min_quantity * 100,
        min_notional=contract.min_notional / 100,
        margin_step=D("0.0001"),
        contract_size=size,
        tiers=tiers,
    )


def in_coins(tier: Tier) -> Tier:
    cap = None if tier.cap is None else tier.cap / 100
    return replace(tier, floor=tier.floor / 100, cap=cap, deduction=tier.deduction / 100)


def also_in_coins(account: PaperAccount) -> PaperAccount:
    return replace(account, others={COIN: account.balance / 100})


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=30))
def test_all_ways_agree_on_coins_where_prices_seek_the_edges(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(seek(with_coins(a_scene(random), random), random, bars))


@settings(max_examples=FEW)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=40))
def test_all_ways_agree_on_coins_where_prices_wander(seed: int, bars: int) -> None:
    random = Random(seed)
    agreed(wander(with_coins(a_scene(random), random), random, bars))


@pytest.mark.slow
@settings(max_examples=MANY)
@given(seed=SEEDS, bars=st.integers(min_value=6, max_value=40))
def test_the_same_for_many_scenes_in_coins(seed: int, bars: int) -> None:
    for tape in (seek, wander):
        random = Random(seed)
        agreed(tape(with_coins(a_scene(random), random), random, bars))


def test_a_liquidation_price_that_rises_past_every_number_is_noticed() -> None:
    # The larger leg of a hedge in coins is a short, and a falling mark takes its liquidation price away.
    random = Random(100_484)
    agreed(seek(with_coins(a_scene(random), random), random, 30))


def test_the_scenes_in_coins_are_worth_playing() -> None:
    plays = []
    for seed in range(60):
        random = Random(seed)
        plays.append(play(seek(with_coins(a_scene(random), random), random, 30)))
    added = [a.id.symbol for each in plays for a in each.actions if isinstance(a.intent, AddMargin)]
    pools = {(p.currency, len(p.ids)) for each in plays for p in each.figures.pools}
    assert len(added) >= 10
    assert any(each.liquidations for each in plays)
    assert (COIN, 2) in pools
