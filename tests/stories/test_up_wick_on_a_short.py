"""An up-wick on a short: the price flies up, would have liquidated, and comes back.

A short of 10 at 100, margin 100: liquidated at 1100 / 10.1 = 108.91, on the tick 108.9. At 107 that is 1.9
/ 107 = 1.78 % away. 5 % above 107 is 112.35, on the tick 112.4: margin 10.1 * 112.4 - 1000 = 135.24, so
35.24 are added; 5.4 / 107 = 5.05 %. The top of the wick at 109 is 3.4 / 109 = 3.12 % away and asks for
nothing more.
"""

from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.top_up import TopUp, TopUpParams
from tests.stories.telling import SHORT, D, Held, lines, tell

FEED = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.03"), restore_to=D("0.05"))))
WICK = ("100", "107", "109", "100")


def test_a_little_margin_outlives_the_wick() -> None:
    assert tell(*WICK, rules=(FEED,), held=(Held(id=SHORT),)) == lines(
        """
        0 BTC short 10, 10x, margin 100
        1 BTC short top_up: AddMargin 35.24 (mark 107, 1.78% -> 5.05%): liquidation 1.78% away
        1 BTC short 10, 10x, margin 135.24
        """
    )


def test_without_a_rule_the_wick_takes_everything() -> None:
    # Taken over at 110, where nothing is left; bought back at 109, the tick above 108.91: 10 remain for the
    # fee, which would be 10 * 109 * 1.25 % = 13.625.
    assert tell(*WICK, held=(Held(id=SHORT),)) == lines(
        """
        0 BTC short 10, 10x, margin 100
        2 BTC short LIQUIDATED 10 at 110, fee 10
        2 BTC short is closed
        """
    )
