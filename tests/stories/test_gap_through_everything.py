"""A gap through all thresholds at once: one mark, every rule, in its order.

A long of 10 at 100, margin 100, liquidated at 900 / 9.9 = 90.91, on the tick 91.0. The next price is 91.5:
0.5 / 91.5 = 0.55 % away, below every threshold. Of the 62.41 + 5 that would bring 8 % back (8 % below 91.5
is 84.18, on the tick 84.1: 1000 - 9.9 * 84.1 = 167.41) the account has 5. Margin 105: 895 / 9.9 = 90.40, on
the tick 90.5; 1.0 / 91.5 = 1.09 %. Half is closed at 91.5: of 52.5 released 42.5 are the loss, and
liquidation stays. Then 500 - 4.95 * 84.1 = 83.705 would be wanted, 31.205 more than the 52.5, in cents
31.21; but both have just acted.
"""

from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.stories.telling import D, lines, tell

FEED = RuleEntry(rule=TopUp(RuleName("top_up"), TopUpParams(below=D("0.06"), restore_to=D("0.08"))))
HALVE = RuleEntry(
    rule=PartialClose(RuleName("partial_close"), PartialCloseParams(below=D("0.04"), fraction=D("0.5")))
)


def test_the_ladder_is_climbed_within_one_price() -> None:
    assert tell("100", "gap 91.5", rules=(FEED, HALVE), balance="105") == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long top_up: AddMargin 5 (mark 91.5, 0.55% -> 1.09%): liquidation 0.55% away
        1 BTC long 10, 10x, margin 105
        1 BTC long top_up: AddMargin 62.41 (mark 91.5) refused (cooldown): acted 0 s ago
        1 BTC long partial_close: ReducePosition 5 (mark 91.5, 1.09% -> 1.09%): liquidation 1.09% away,
            closing 50%
        1 BTC long hf-1-2 trades 5 at 91.5
        1 BTC long 5, 10x, margin 52.5
        1 BTC long top_up: AddMargin 31.21 (mark 91.5) refused (cooldown): acted 0 s ago
        1 BTC long partial_close: ReducePosition 2.5 (mark 91.5) refused (cooldown): acted 0 s ago
        """
    )


def test_with_the_seatbelt_the_resting_stop_is_there_first() -> None:
    # 1 % above 91.0 is 91.91, on the tick toward the mark 92.0; it fills where the market is, not where it
    # rests.
    assert tell("100", "gap 91.5", rules=(FEED, HALVE), balance="105", seatbelt=True) == lines(
        """
        0 BTC long 10, 10x, margin 100
        0 BTC long seatbelt: PlaceStop at 92 (mark 100, 9.00% -> 9.00%): the position has no stop that
            protects it
        1 BTC long hf-1-1 trades 10 at 91.5
        1 BTC long is closed
        """
    )


def test_a_gap_beyond_liquidation_leaves_nothing_to_decide() -> None:
    # Bankrupt at 100 - 100 / 10 = 90, sold at 85: the fund bears the rest, and there is nothing for a fee.
    assert tell("100", "gap 85", rules=(FEED, HALVE), balance="105", seatbelt=True) == lines(
        """
        0 BTC long 10, 10x, margin 100
        0 BTC long seatbelt: PlaceStop at 92 (mark 100, 9.00% -> 9.00%): the position has no stop that
            protects it
        1 BTC long LIQUIDATED 10 at 90, fee 0
        1 BTC long is closed
        """
    )
