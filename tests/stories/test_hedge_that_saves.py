"""The hedge that saves: a quarterly sold against a long near its liquidation, bought back when it is calm.

A long of 10 at 100, margin 100, liquidated at 900 / 9.9 = 90.91, on the tick 91.0: at 96 that is 5 / 96 =
5.21 % away, below the 6 % at which the rule hedges. Sold at 96 with five times leverage the hedge locks
960 / 5 = 192. At 100 it is 9 %, above the 8 % at which it is calm again: the 40 that the hedge has lost by
then are what the long has won.
"""

from bot.core.settings import DAY_MS
from tests.stories.telling import EXPIRY_MS, NEXT, coin, hedging, lines, quarterly, tell

COINS = (coin(), quarterly())
FALL = ("100", "Q 100", "Q 96", "96")
HEDGED = """
    0 BTC long 10, 10x, margin 100
    3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation 5.21%
        away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
    3 BTC long hf-1-1 trades 10 at 96
    3 BTC-Q1 short 10, 5x, margin 192
    """


def test_it_is_opened_near_liquidation_and_closed_when_it_is_calm() -> None:
    assert tell(*FALL, "Q 93", "93", "Q 100", "100", rules=(hedging(),), coins=COINS) == lines(
        HEDGED,
        """
        7 BTC long quarterly_hedge: CloseHedge 10 in BTC/USDT:USDT-Q1 (mark 100, 9.00% -> 9.00%): calm:
            liquidation 9.00% away
        7 BTC long hf-1-2 trades 10 at 100
        7 BTC-Q1 short is closed
        """,
    )


def test_an_isolated_long_dies_all_the_same_and_its_hedge_follows_at_once() -> None:
    # On its way to 90 the long is taken over at its bankruptcy price of 100 - 100 / 10 = 90 and sold at 90.9:
    # of the fee, 1.25 % of 909, the 9 that are left are paid. The hedge earned (96 - 90) * 10 = 60 of the 100
    # that are lost; alone it would be liquidated at (960 + 192) / 10.1 = 114.06: 24 / 90 = 26.67 % away.
    assert tell(*FALL, "Q 90", "90", rules=(hedging(),), coins=COINS) == lines(
        HEDGED,
        """
        5 BTC long LIQUIDATED 10 at 90, fee 9
        5 BTC long is closed
        5 BTC-Q1 short keeper: ReducePosition 10 (mark 90, 26.67% -> -): 10 more than
            main/BTC/USDT:USDT/long needs
        5 BTC-Q1 short hf-1-2 trades 10 at 90
        5 BTC-Q1 short is closed
        """,
    )


def test_a_quarterly_far_below_the_index_is_not_sold() -> None:
    # The limit is 3 % below the mark: 96 * 0.97 = 93.12. At 95 the basis is 95 / 96 - 1 = -1.04 %.
    assert tell("100", "Q 92", "96", "Q 95", rules=(hedging(),), coins=COINS) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96) refused (basis):
            BTC/USDT:USDT-Q1 is at 92, its limit is 93.12
        3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation
            5.21% away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of -1.04%
        3 BTC long hf-1-1 trades 10 at 95
        3 BTC-Q1 short 10, 5x, margin 190
        """
    )


def test_the_next_quarterly_is_taken_where_the_nearest_is_too_far_below() -> None:
    # 92 / 96 - 1 = -4.17 % is beyond the 3 %, 95 / 96 - 1 = -1.04 % is not; 950 / 5 = 190.
    coins = (coin(), quarterly(), quarterly(NEXT, EXPIRY_MS + 91 * DAY_MS))
    assert tell("100", "Q 92", "Q2 95", "96", rules=(hedging(),), coins=coins) == lines(
        """
        0 BTC long 10, 10x, margin 100
        3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q2 (mark 96, 5.21% -> 5.21%): liquidation
            5.21% away, hedging 10 in BTC/USDT:USDT-Q2 at a basis of -1.04%
        3 BTC long hf-1-1 trades 10 at 95
        3 BTC-Q2 short 10, 5x, margin 190
        """
    )


def test_the_hedge_is_as_large_as_the_balance_allows() -> None:
    # 110 less the margin of 100 leaves 10: 10 / (96 / 5) = 0.5208, in lots 0.52, which lock 9.984.
    assert tell(*FALL, rules=(hedging(),), coins=COINS, balance="110") == lines(
        """
        0 BTC long 10, 10x, margin 100
        3 BTC long quarterly_hedge: OpenHedge 0.52 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation
            5.21% away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        3 BTC long hf-1-1 trades 0.52 at 96
        3 BTC-Q1 short 0.52, 5x, margin 9.984
        3 BTC long quarterly_hedge: OpenHedge 9.48 in BTC/USDT:USDT-Q1 (mark 96) refused (cooldown): acted 0 s
            ago
        """
    )
