"""The leverage cut that is refused, then substituted: Binance, -4161.

A long of 10 at 100 with 10x has a margin of 100 and is liquidated at (1000 - 100) / 9.9 = 90.91, on the
tick 91.0. At 95.5 that is 4.5 / 95.5 = 4.71 % away. 5x would ask for 200. Binance refuses the cut; with 100
added liquidation is at 800 / 9.9 = 80.81, on the tick 80.9, which is 14.6 / 95.5 = 15.29 % away.
"""

from bot.core.intents import CutLeverage
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from bot.core.wake import Metric
from strategies.cut_leverage import LeverageCut, LeverageCutParams
from tests.building.core import says
from tests.stories.telling import LONG, D, coin, lines, tell

CUT = RuleEntry(rule=LeverageCut(RuleName("cut_leverage"), LeverageCutParams(below=D("0.05"), leverage=D(5))))
STUBBORN = says(
    "stubborn",
    CutLeverage(id=LONG, leverage=D(5)),
    when=Metric.DISTANCE.below(D("0.05")),
    proposes=(CutLeverage,),
)


def test_the_rule_that_knows_adds_what_the_stubborn_one_is_refused() -> None:
    assert tell("100", "96", "95.5", "94", rules=(STUBBORN, CUT)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long stubborn: CutLeverage to 5 (mark 95.5) refused (capability): binance refuses it on an
            open isolated position: -4161; use AddMargin
        2 BTC long cut_leverage: AddMargin 100 (mark 95.5, 4.71% -> 15.29%): liquidation 4.71% away, instead
            of cutting to 5x (binance refuses it on an open isolated position: -4161): adding 100.00
        2 BTC long 10, 10x, margin 200
        """
    )


def test_at_a_venue_that_resets_the_margin_the_cut_itself_is_made() -> None:
    # OKX: the closing fee of 0.05 % is in the requirement: 900 / (10 * 0.9895) = 90.96, on the tick 91.0;
    # with a margin of 200 it is 800 / 9.895 = 80.85, on the tick 80.9.
    okx = coin(venue="okx_linear")
    assert tell("100", "96", "95.5", "94", rules=(CUT,), coins=(okx,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long cut_leverage: CutLeverage to 5 (mark 95.5, 4.71% -> 15.29%): liquidation 4.71% away,
            cutting 10x to 5x
        2 BTC long 10, 5x, margin 200
        """
    )
