"""Cut of leverage: made where it helps, replaced by the same margin where not, silent where neither would.

Played by the real engine and the real paper exchange wherever a venue has a say in it. A long of 10 at 100
with 10x has a margin of 100; the venue keeps 1 %. 5x asks for 200.
"""

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.decisions import Action, Because, Refusal
from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin, CutLeverage
from bot.core.margin.rules import LeverageCut as Effect
from bot.core.margin.rules import MarginRules
from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from bot.core.wake import Metric
from strategies.cut_leverage import LeverageCut, LeverageCutParams
from tests.building.core import CROSS, D, Desk, a_contract, a_position, of, says
from tests.lab.replay.harness import FEW, agreed
from tests.lab.replay.scenes import a_scene
from tests.lab.replay.seeking import seek
from tests.stories.telling import LONG, SHORT, Held, coin, lines, tell


def cut(**params: Any) -> RuleEntry:
    values = {"below": D("0.05"), "leverage": D(5)} | params
    return RuleEntry(rule=LeverageCut(RuleName("cut"), LeverageCutParams(**values)))


STUBBORN = says(
    "stubborn", CutLeverage(id=LONG, leverage=D(5)), when=Metric.DISTANCE.below(D("0.05")), proposes=()
)


# --- venues --------------------------------------------------------------------------------------


def test_at_bybit_the_cut_resets_the_margin_and_moves_liquidation_away() -> None:
    # The fee to close at the bankruptcy price is in margin and maintenance: 10x: 0.00055 * 1000 * 0.9 =
    # 0.495, 5x: 0.00055 * 1000 * 0.8 = 0.44. Before: 100 - (100 - 10.495) / 10 = 91.05, on the tick 91.1;
    # 4.4 / 95.5. Then the margin is 200.44 and liquidation 100 - (200.44 - 10.44) / 10 = 81.0; 14.5 / 95.5.
    bybit = coin(venue="bybit_linear")
    assert tell("100", "96", "95.5", "94", rules=(cut(),), coins=(bybit,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long cut: CutLeverage to 5 (mark 95.5, 4.61% -> 15.18%): liquidation 4.61% away,
            cutting 10x to 5x
        2 BTC long 10, 5x, margin 200.44
        """
    )


def test_at_bybit_a_cut_after_a_top_up_would_hurt_and_nobody_makes_it() -> None:
    # With 250 behind it liquidation is at 100 - (250 - 10.495) / 10 = 76.05, on the tick 76.1: 1.9 / 78
    # away. The cut would drop the margin to 200.44 and bring liquidation to 81.0, 3.0 beyond the mark.
    bybit = coin(venue="bybit_linear")
    assert tell(
        "100", "gap 78", rules=(cut(), STUBBORN), coins=(bybit,), held=(Held(margin="250"),)
    ) == lines(
        """
        0 BTC long 10, 10x, margin 250
        1 BTC long stubborn: CutLeverage to 5 (mark 78) refused (not_safer): distance would go
            from 2.4359% to -3.8462%
        """
    )


def test_at_xt_the_cut_draws_what_is_missing() -> None:
    # Maintenance at entry: 100 - (100 - 10) / 10 = 91.0, 4.5 / 95.5; then 100 - (200 - 10) / 10 = 81.0.
    xt = coin(venue="xt_linear")
    assert tell("100", "96", "95.5", rules=(cut(),), coins=(xt,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long cut: CutLeverage to 5 (mark 95.5, 4.71% -> 15.18%): liquidation 4.71% away,
            cutting 10x to 5x
        2 BTC long 10, 5x, margin 200
        """
    )
    # A little was added before: 100 - (150 - 10) / 10 = 86.0, 4 / 90; the cut draws the rest.
    assert tell("100", "gap 90", rules=(cut(),), coins=(xt,), held=(Held(margin="150"),)) == lines(
        """
        0 BTC long 10, 10x, margin 150
        1 BTC long cut: CutLeverage to 5 (mark 90, 4.44% -> 10.00%): liquidation 4.44% away,
            cutting 10x to 5x
        1 BTC long 10, 5x, margin 200
        """
    )


def test_at_xt_a_cut_after_a_top_up_does_nothing_and_nobody_makes_it() -> None:
    # 100 - (250 - 10) / 10 = 76.0 before and after: 2 / 78.
    xt = coin(venue="xt_linear")
    assert tell("100", "gap 78", rules=(cut(), STUBBORN), coins=(xt,), held=(Held(margin="250"),)) == lines(
        """
        0 BTC long 10, 10x, margin 250
        1 BTC long stubborn: CutLeverage to 5 (mark 78) refused (not_safer): distance would go
            from 2.5641% to 2.5641%
        """
    )


def test_where_the_venue_has_no_code_the_refusal_has_none() -> None:
    # As at Binance: 900 / 9.9 = 90.91, on the tick 91.0; with 200 it is 80.81, on the tick 80.9.
    assert tell("100", "95.5", rules=(cut(),), coins=(coin(venue="hyperliquid"),)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long cut: AddMargin 100 (mark 95.5, 4.71% -> 15.29%): liquidation 4.71% away, instead of
            cutting to 5x (hyperliquid refuses it on an open isolated position): adding 100.00
        1 BTC long 10, 10x, margin 200
        """
    )


def test_a_short_is_cut_as_well() -> None:
    # OKX with its closing fee of 0.05 %: 1100 / (10 * 1.0105) = 108.86, on the tick 108.8: 3.8 / 105. Then
    # 1200 / 10.105 = 118.75, on the tick 118.7: 13.7 / 105.
    okx = coin(venue="okx_linear")
    assert tell("100", "105", rules=(cut(),), coins=(okx,), held=(Held(id=SHORT),)) == lines(
        """
        0 BTC short 10, 10x, margin 100
        1 BTC short cut: CutLeverage to 5 (mark 105, 3.62% -> 13.05%): liquidation 3.62% away,
            cutting 10x to 5x
        1 BTC short 10, 5x, margin 200
        """
    )


@pytest.mark.parametrize("venue", ["binance_usdm", "bybit_linear", "xt_linear", "okx_linear", "hyperliquid"])
def test_in_cross_it_is_silent_at_every_venue(venue: str) -> None:
    # 150 behind 10 at 100: liquidated between 85 and 87, and 87.5 is less than 5 % from there.
    held = (Held(cross=True),)
    told = tell("100", "gap 87.5", rules=(cut(),), coins=(coin(venue=venue),), held=held, balance="150")
    assert told == "0 BTC long 10, 10x"


def test_what_a_poor_account_cannot_draw_is_refused_and_the_margin_it_has_is_not_touched() -> None:
    # The cut draws 100.44 at Bybit, of which 50 are there.
    bybit = coin(venue="bybit_linear")
    assert tell("100", "95.5", rules=(cut(),), coins=(bybit,), balance="150") == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long cut: CutLeverage to 5 (mark 95.5) refused (balance): it draws 100.44: free 50,
            promised 0, reserve 0
        """
    )


# --- at the desk ---------------------------------------------------------------------------------
# A long of 1 at 100 with 5x and a margin of 13.6 is liquidated at 90; 4x asks for 25, 11.4 more.


def at(effect: Effect = Effect.TOPS_UP, **params: Any) -> Desk:
    contracts = [a_contract(rules=MarginRules(name="x", version="1", leverage_cut=effect))]
    entry = cut(**({"below": D("0.08"), "leverage": D(4)} | params))
    return Desk(entry, contracts=contracts, limits=Limits(cooldown_ms=0))


def verdict(desk: Desk) -> str:
    (rule,) = desk.engine.explain()[0].rules
    return rule.verdict


@pytest.mark.parametrize(
    ("position", "why"),
    [
        (
            a_position(mode=CROSS),
            "in cross a lower leverage only locks balance, liquidation stays where it is",
        ),
        (a_position(margin="25"), "4x asks for no more margin than the 25 that are there"),
    ],
)
def test_it_says_why_it_has_nothing_to_do(position: Any, why: str) -> None:
    desk = at()
    desk.holds(position)
    assert verdict(desk) == f"quiet until something changes: {why}"


@pytest.mark.parametrize(("mark", "acts"), [("97.9", False), ("97.8", True)])
def test_it_acts_when_liquidation_is_nearer_than_its_trigger(mark: str, *, acts: bool) -> None:
    desk = at()
    desk.holds(a_position())
    assert bool(of(Action, desk.mark(mark))) is acts


def test_a_cut_that_brought_no_margin_is_followed_by_the_margin_itself() -> None:
    desk = at()
    desk.holds(a_position())
    (first,) = of(Action, desk.mark("95"))
    assert first.intent == CutLeverage(id=LONG, leverage=D(4))
    # The desk's venue changes the leverage and draws nothing.
    (second,) = of(Action, desk.works(first))
    assert second.intent == AddMargin(id=LONG, amount=D("11.40"))
    assert "instead of cutting to 4x (from 4x that moves liquidation no further away)" in second.reason
    desk.works(second)
    assert of(Action | Refusal, desk.mark("81")) == []  # type: ignore[arg-type]  # mypy has no unions as values


def test_a_cut_without_any_effect_is_not_repeated_for_ever() -> None:
    desk = at()
    desk.holds(a_position())
    found = of(Action, desk.mark("95"))
    count = 0
    while found:
        count += 1
        found = of(Action, desk.answer(found[0], OutcomeKind.VERIFIED))
    assert count == 2
    assert verdict(desk) == "quiet until something changes: acted 2 times already"


def test_what_the_venue_refuses_leaves_the_times_untouched() -> None:
    desk = at(max_times=1)
    desk.holds(a_position())
    (action,) = of(Action, desk.mark("95"))
    decisions = desk.answer(action, OutcomeKind.REJECTED, code="-4161", proof="not in isolated mode")
    assert [r.text for r in of(Refusal, decisions) if r.because is Because.VENUE] == [
        "-4161 not in isolated mode"
    ]
    assert of(Action, desk.steps[-1].decisions)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"below": "0"}, "below"),
        ({"below": "nan"}, "below"),
        ({"leverage": "0.9"}, "leverage"),
        ({"leverage": "nan"}, "leverage"),
        ({"leverage": "inf"}, "leverage"),
        ({"leverage": "1001"}, "leverage"),
        ({"max_times": 0}, "max_times"),
        ({"levrage": "5"}, "levrage"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(params: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        LeverageCutParams(**params)


def test_parameters_are_documented() -> None:
    schema = LeverageCutParams.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())


# --- everywhere ----------------------------------------------------------------------------------


@given(
    effect=st.sampled_from(Effect),
    margin=st.decimals("6", "60", places=2),
    leverage=st.decimals("1", "6", places=1),
    mark=st.decimals("80", "120", places=1),
)
def test_whatever_it_does_ends_with_the_margin_of_the_lower_leverage_and_farther_away(
    effect: Effect, margin: Decimal, leverage: Decimal, mark: Decimal
) -> None:
    desk = at(effect, leverage=leverage, below=D("0.3"))
    for action in of(Action, desk.holds(a_position(margin=str(margin)), mark=str(mark))):
        asked = 100 / leverage
        assert asked > margin
        assert action.distance_before is not None
        assert action.distance_after is None or action.distance_after > action.distance_before
        if isinstance(action.intent, AddMargin):
            assert 0 <= margin + action.intent.amount - asked < D("0.01")


@settings(max_examples=FEW)
@given(seed=st.integers(min_value=0, max_value=2**32), bars=st.integers(min_value=6, max_value=20))
def test_jumping_stepping_and_asking_always_agree_about_it(seed: int, bars: int) -> None:
    random = Random(seed)
    scene = a_scene(random)
    leverage, below = D(random.choice((2, 4, 6))), D(random.choice(("0.04", "0.08", "0.2")))
    with_cut = (cut(leverage=leverage, below=below), *scene.entries)
    agreed(seek(replace(scene, entries=with_cut), random, bars))
