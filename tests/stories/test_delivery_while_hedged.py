"""Delivery while hedged: the hedge is rolled before, or it is settled and the long is asked at once.

The long of 10 at 100 is hedged at 96 as in the hedge that saves, in a contract that is delivered 17 days
after the story begins, where 14 would do. Sold at 97 the next one locks 970 / 5 = 194, and 97 / 96 - 1 =
1.04 %. A day is 1440 minutes.
"""

from bot.core.settings import DAY_MS, Limits
from tests.stories.telling import EXPIRY_MS, NEXT, coin, hedging, lines, quarterly, tell

COINS = (coin(), quarterly(), quarterly(NEXT, EXPIRY_MS + 91 * DAY_MS))
PATIENT = Limits(stale_after_ms=99 * DAY_MS)
FALL = ("100", "Q 96", "Q2 97", "96")
HEDGED = """
    0 BTC long 10, 10x, margin 100
    3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation 5.21%
        away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
    3 BTC long hf-1-1 trades 10 at 96
    3 BTC-Q1 short 10, 5x, margin 192
    """


def test_it_is_rolled_into_the_next_contract_before_the_old_one_is_closed() -> None:
    # Three days are left. The old one at 96.5 would be liquidated at 114.0: 17.5 / 96.5 = 18.13 %.
    assert tell(*FALL, "days 14", "Q 96.5", rules=(hedging(),), coins=COINS, limits=PATIENT) == lines(
        HEDGED,
        """
        20165 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q2 (mark 96, 5.21% -> 5.21%):
            liquidation 5.21% away, hedging 10 in BTC/USDT:USDT-Q2 at a basis of 1.04%
        20165 BTC long hf-1-2 trades 10 at 97
        20165 BTC-Q2 short 10, 5x, margin 194
        20165 BTC-Q1 short keeper: ReducePosition 10 (mark 96.5, 18.13% -> -): 10 more than
            main/BTC/USDT:USDT/long needs
        20165 BTC-Q1 short hf-1-3 trades 10 at 96.5
        20165 BTC-Q1 short is closed
        """,
    )


def test_what_was_not_rolled_is_settled_at_the_index_and_replaced_at_once() -> None:
    beats = (*FALL, "days 17", "deliver 96.3")
    assert tell(*beats, rules=(hedging(roll_days=0),), coins=COINS, limits=PATIENT) == lines(
        HEDGED,
        """
        24485 BTC-Q1 short is delivered at 96.3
        24485 BTC-Q1 short is closed
        24485 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q2 (mark 96, 5.21% -> 5.21%):
            liquidation 5.21% away, hedging 10 in BTC/USDT:USDT-Q2 at a basis of 1.04%
        24485 BTC long hf-1-2 trades 10 at 97
        24485 BTC-Q2 short 10, 5x, margin 194
        """,
    )
