"""The orphaned hedge: a person's own stops close what it stands against, and it goes too, share by share.

The long of 10 at 100 is hedged at 96 as in the hedge that saves. Of its two stops of 5 the first is met at
95.5: half of the hedge has nothing to stand against any more, and its margin goes with it, 192 / 2 = 96. The
second takes the rest. A short at 96 with five times leverage is liquidated at 96 * 1.2 / 1.01 = 114.06, on
the tick 114.0: 18.5 / 95.5 = 19.37 % away, and 19 / 95 = 20.00 %.
"""

from bot.core.types import ClientId, OrderKind
from bot.venues.paper import OrderRequest
from tests.stories.telling import LONG, D, coin, hedging, lines, quarterly, tell


def a_stop(name: str, trigger: str) -> OrderRequest:
    """Half of the long, sold by a stop of the trader's own."""
    return OrderRequest(
        client_id=ClientId(name),
        id=LONG,
        kind=OrderKind.STOP_MARKET,
        quantity=D(5),
        reduces=True,
        trigger=D(trigger),
    )


def test_the_hedge_follows_what_it_stands_against() -> None:
    stops = (a_stop("mine-1", "95.5"), a_stop("mine-2", "95"))
    beats = ("100", "Q 100", "Q 96", "96", "Q 95.5", "95.5", "Q 95", "95")
    assert tell(*beats, rules=(hedging(),), coins=(coin(), quarterly()), orders=stops) == lines(
        """
        0 BTC long 10, 10x, margin 100
        3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation
            5.21% away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        3 BTC long hf-1-1 trades 10 at 96
        3 BTC-Q1 short 10, 5x, margin 192
        5 BTC long mine-1 trades 5 at 95.5
        5 BTC long 5, 10x, margin 50
        5 BTC-Q1 short keeper: ReducePosition 5 (mark 95.5, 19.37% -> 19.37%): 5 more than
            main/BTC/USDT:USDT/long needs
        5 BTC-Q1 short hf-1-2 trades 5 at 95.5
        5 BTC-Q1 short 5, 5x, margin 96
        7 BTC long mine-2 trades 5 at 95
        7 BTC long is closed
        7 BTC-Q1 short keeper: ReducePosition 5 (mark 95, 20.00% -> -): 5 more than
            main/BTC/USDT:USDT/long needs
        7 BTC-Q1 short hf-1-3 trades 5 at 95
        7 BTC-Q1 short is closed
        """
    )
