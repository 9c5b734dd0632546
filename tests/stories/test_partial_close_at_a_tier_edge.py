"""A partial close at a tier edge: with flat tiers, one tier less is worth more than the smaller position.

OKX counts tiers in contracts and charges one rate on the whole position: 1 % up to 10 contracts, 2 % above;
and a closing fee of 0.05 %. A long of 12 at 100, margin 120: 1080 / (12 * (1 - 0.0205)) = 91.88, on the
tick 91.9. At 95 that is 3.1 / 95 = 3.26 % away.
"""

from bot.core.contracts import Tier
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.partial_close import PartialClose, PartialCloseParams
from tests.stories.telling import D, Held, coin, lines, tell

OKX = coin(
    venue="okx_linear",
    tiers=(Tier(floor=D(0), cap=D(10), rate=D("0.01")), Tier(floor=D(10), cap=None, rate=D("0.02"))),
)


def close(fraction: str) -> RuleEntry:
    params = PartialCloseParams(below=D("0.035"), fraction=D(fraction), max_times=1)
    return RuleEntry(rule=PartialClose(RuleName("partial_close"), params))


def test_a_close_that_ends_below_the_edge_moves_liquidation_away() -> None:
    # 9.6 are left with a margin of 96: 864 / (9.6 * (1 - 0.0105)) = 90.96, on the tick 91.0; 4.0 / 95 =
    # 4.21 %.
    assert tell("100", "95", rules=(close("0.2"),), held=(Held(quantity="12"),), coins=(OKX,)) == lines(
        """
        0 BTC long 12, 10x, margin 120
        1 BTC long partial_close: ReducePosition 2.4 (mark 95, 3.26% -> 4.21%): liquidation 3.26% away,
            closing 20%
        1 BTC long hf-1-1 trades 2.4 at 95
        1 BTC long 9.6, 10x, margin 96
        """
    )


def test_a_close_that_ends_at_the_edge_is_in_the_lower_tier() -> None:
    # Ten contracts belong to the tier below: 900 / (10 * 0.9895) is 90.96 as well.
    held = (Held(quantity="12.5"),)
    assert tell("100", "95", rules=(close("0.2"),), held=held, coins=(OKX,)) == lines(
        """
        0 BTC long 12.5, 10x, margin 125
        1 BTC long partial_close: ReducePosition 2.5 (mark 95, 3.26% -> 4.21%): liquidation 3.26% away,
            closing 20%
        1 BTC long hf-1-1 trades 2.5 at 95
        1 BTC long 10, 10x, margin 100
        """
    )


def test_a_close_that_stays_above_the_edge_leaves_liquidation_where_it_is() -> None:
    # 10.8 are left with 108: 972 / (10.8 * 0.9795) is 91.88 as before; only the loss is smaller.
    assert tell("100", "95", rules=(close("0.1"),), held=(Held(quantity="12"),), coins=(OKX,)) == lines(
        """
        0 BTC long 12, 10x, margin 120
        1 BTC long partial_close: ReducePosition 1.2 (mark 95, 3.26% -> 3.26%): liquidation 3.26% away,
            closing 10%
        1 BTC long hf-1-1 trades 1.2 at 95
        1 BTC long 10.8, 10x, margin 108
        """
    )
