"""Funding bleeds a position to its liquidation: the price stands still, and the margin goes.

A long of 10 at 100, margin 100; the mark is 92. Each settlement at 0.5 % takes 10 * 92 * 0.005 = 4.6 from
the margin.

* margin 100: 900 / 9.9 = 90.91, on the tick 91.0; 1.0 / 92 = 1.09 %
* margin 95.4: 904.6 / 9.9 = 91.37, on the tick 91.4; 0.6 / 92 = 0.65 %
* margin 90.8: 909.2 / 9.9 = 91.84, on the tick 91.9; 0.1 / 92 = 0.11 %
* margin 86.2: equity 86.2 - 80 = 6.2 is less than the 9.2 it must keep. Bankrupt at 100 - 8.62 = 91.38,
  shown as 91.3; sold at 92 that leaves 6.2, and the fee of 920 * 1.25 % = 11.5 takes all of it.

2 % below 92 is 90.16, on the tick 90.1: a margin of 1000 - 9.9 * 90.1 = 108.01 would be wanted.
"""

from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.top_up import TopUp, TopUpParams
from tests.stories.telling import D, lines, tell

FEED = RuleEntry(
    rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.015"), restore_to=D("0.02"), max_times=3))
)
BLEED = ("100", "92", "funding 0.005", "funding 0.005", "funding 0.005")


def test_an_account_without_balance_bleeds_to_death_in_three_settlements() -> None:
    assert tell(*BLEED, rules=(FEED,), balance="100") == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long top_up: AddMargin 8.01 (mark 92) refused (balance): free 0, promised 0, reserve 0
        2 BTC long funding -4.6
        2 BTC long 10, 10x, margin 95.4
        2 BTC long top_up: AddMargin 12.61 (mark 92) refused (balance): free 0, promised 0, reserve 0
        3 BTC long funding -4.6
        3 BTC long 10, 10x, margin 90.8
        3 BTC long top_up: AddMargin 17.21 (mark 92) refused (balance): free 0, promised 0, reserve 0
        4 BTC long funding -4.6
        4 BTC long LIQUIDATED 10 at 91.3, fee 6.2
        4 BTC long is closed
        """
    )


def test_balance_pays_for_the_settlements() -> None:
    # 1.9 / 92 = 2.07 %. Margin 103.41: 896.59 / 9.9 = 90.56, on the tick 90.6: 1.4 / 92 = 1.52 %, which is
    # above 1.5 %. Margin 98.81: 901.19 / 9.9 = 91.03, on the tick 91.1: 0.9 / 92 = 0.98 %, and 9.2 bring
    # 108.01 back. Margin 103.41 again.
    assert tell(*BLEED, rules=(FEED,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long top_up: AddMargin 8.01 (mark 92, 1.09% -> 2.07%): liquidation 1.09% away
        1 BTC long 10, 10x, margin 108.01
        2 BTC long funding -4.6
        2 BTC long 10, 10x, margin 103.41
        3 BTC long funding -4.6
        3 BTC long 10, 10x, margin 98.81
        3 BTC long top_up: AddMargin 9.2 (mark 92, 0.98% -> 2.07%): liquidation 0.98% away
        3 BTC long 10, 10x, margin 108.01
        4 BTC long funding -4.6
        4 BTC long 10, 10x, margin 103.41
        """
    )
