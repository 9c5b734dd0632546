"""A cross account where one position drags the others down: BTC stands still and is liquidated all the same.

A long of 10 BTC and one of 10 ETH at 100, 250 behind both; each must keep 1 % of its value. BTC at 100 is
backed by what ETH leaves over: 250 - 10 * (100 - p) - 0.1 * p; ETH is backed by 250 - 10 = 240 and
liquidated at 760 / 9.9 = 76.77, on the tick 76.8, as long as BTC stays.

* ETH 90: BTC has 250 - 100 - 9 = 141 behind it: (1000 - 141) / 9.9 = 86.77, on the tick 86.8: 13.20 % away.
* ETH 85: 250 - 150 - 8.5 = 91.5: 908.5 / 9.9 = 91.77, on the tick 91.8: 8.20 %. ETH: 8.2 / 85 = 9.65 %.
"""

from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.cut_leverage import LeverageCut, LeverageCutParams
from strategies.partial_close import PartialClose, PartialCloseParams
from tests.stories.telling import ETH, ETH_LONG, D, Held, coin, lines, tell

BOTH = (Held(cross=True), Held(id=ETH_LONG, cross=True))
COINS = (coin(), coin(ETH))
FALL = ("100", "ETH 100", "ETH 90", "ETH 85", "ETH 75")
HALVE = RuleEntry(
    rule=PartialClose(
        RuleName("partial_close"), PartialCloseParams(below=D("0.1"), fraction=D("0.5"), max_times=1)
    )
)
CUT = RuleEntry(rule=LeverageCut(RuleName("cut_leverage"), LeverageCutParams(below=D("0.1"), leverage=D(5))))


def test_without_a_rule_the_coin_that_stood_still_goes_first() -> None:
    # At 76.77 the equity of 250 - 232.32 = 17.68 is what both must keep. BTC must keep more and is sold at
    # 100; its fee of 1000 * 1.25 % = 12.5 leaves 237.5, with which ETH is bankrupt at 76.25, shown as 76.2:
    # it is taken over, sold at 76.7, and of what that leaves, 237.5 - 233 = 4.5, all goes for the fee.
    assert tell(*FALL, held=BOTH, coins=COINS, balance="250") == lines(
        """
        0 BTC long 10, 10x
        0 ETH long 10, 10x
        4 BTC long LIQUIDATED 10 at 100, fee 12.5
        4 ETH long LIQUIDATED 10 at 76.2, fee 4.5
        4 BTC long is closed
        4 ETH long is closed
        """
    )


def test_both_are_halved_though_only_one_of_them_fell() -> None:
    # BTC halved: (500 - 91.5) / 4.95 = 82.53, on the tick 82.6: 17.40 %. ETH is judged with BTC still
    # whole, for nothing of that is proven yet: halved it costs 75, so (500 - (175 - 10)) / 4.95 = 67.68, on
    # the tick 67.7: 17.3 / 85 = 20.35 %. A leverage cut would only lock balance, and stays quiet.
    assert tell(*FALL, rules=(CUT, HALVE), held=BOTH, coins=COINS, balance="250") == lines(
        """
        0 BTC long 10, 10x
        0 ETH long 10, 10x
        3 BTC long partial_close: ReducePosition 5 (mark 100, 8.20% -> 17.40%): liquidation 8.20% away,
            closing 50%
        3 ETH long partial_close: ReducePosition 5 (mark 85, 9.65% -> 20.35%): liquidation 9.65% away,
            closing 50%
        3 BTC long hf-1-1 trades 5 at 100
        3 BTC long 5, 10x
        3 ETH long hf-1-2 trades 5 at 85
        3 ETH long 5, 10x
        """
    )
