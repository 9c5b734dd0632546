"""Top-up exhausted, then forced de-risking: the budget ends the feeding, and the position is made smaller.

A long of 10 at 100, margin 100, liquidated at 900 / 9.9 = 90.91, on the tick 91.0.

* 95.5: 4.5 / 95.5 = 4.71 % away. 8 % below is 87.86, on the tick 87.8: margin 1000 - 9.9 * 87.8 = 130.78,
  so 30.78 are added. 7.7 / 95.5 = 8.06 %.
* 92: 4.2 / 92 = 4.57 %. 8 % below is 84.64, on the tick 84.6: 162.46 wanted, 31.68 more; of the budget of
  40 are 9.22 left. Margin 140: (1000 - 140) / 9.9 = 86.87, on the tick 86.9; 5.1 / 92 = 5.54 %.
* 90: 3.1 / 90 = 3.44 %. 8 % below is 82.8: 180.28 wanted, 40.28 more, refused. Half is closed at 90: of 70
  released 50 are the loss. (500 - 70) / 4.95 is 86.87 as before. Now 500 - 4.95 * 82.8 = 90.14, 20.14 more,
  are refused too; and what has just acted waits its minute.
"""

from bot.core.settings import Limits, RuleEntry
from bot.core.types import RuleName
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building import MINUTE_MS
from tests.stories.telling import D, lines, tell

FEED = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.05"), restore_to=D("0.08"))))
HALVE = RuleEntry(
    rule=PartialClose(RuleName("partial_close"), PartialCloseParams(below=D("0.04"), fraction=D("0.5")))
)
BUDGET = Limits(margin_per_position=D(40), stale_after_ms=9 * MINUTE_MS)


def test_when_the_budget_is_spent_the_position_is_halved() -> None:
    assert tell("100", "95.5", "92", "90", rules=(FEED, HALVE), limits=BUDGET) == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long top_up: AddMargin 30.78 (mark 95.5, 4.71% -> 8.06%): liquidation 4.71% away
        1 BTC long 10, 10x, margin 130.78
        2 BTC long top_up: AddMargin 9.22 (mark 92, 4.57% -> 5.54%): liquidation 4.57% away
        2 BTC long 10, 10x, margin 140
        3 BTC long top_up: AddMargin 40.28 (mark 90) refused (budget): budget per position is used up
        3 BTC long partial_close: ReducePosition 5 (mark 90, 3.44% -> 3.44%): liquidation 3.44% away,
            closing 50%
        3 BTC long hf-1-3 trades 5 at 90
        3 BTC long 5, 10x, margin 70
        3 BTC long top_up: AddMargin 20.14 (mark 90) refused (budget): budget per position is used up
        3 BTC long partial_close: ReducePosition 2.5 (mark 90) refused (cooldown): acted 0 s ago
        """
    )
