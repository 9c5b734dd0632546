"""Auto-deleveraging of the winning leg: the venue takes a part of the hedge, and the long is asked at once.

The long of 10 at 100 is hedged at 96 as in the hedge that saves. Of the hedge 4 are taken at the mark: 6 are
left, with 192 * 6 / 10 = 115.2. The rule wants the 4 back at once and is refused, because the account would
not be safer: with 6 the most that a joint move takes is 5 % down with the quarterly 5 % up against it: the
long loses 48, the hedge earns (96 - 96 * 0.95 * 1.05) * 6 = 1.44, together 46.56. With 10 it is 10 % up with
the quarterly 5 % further up: the long earns 96, the hedge loses (96 * 1.1 * 1.05 - 96) * 10 = 148.8, together
52.8.

At 95.5 it is another matter: 5 % down would be 90.725, where the long is dead and its 100 - 45 = 55 are lost,
of which the hedge brings back (95.5 - 95.26125) * 6 = 1.43. The 10 may lose 52.525, less than 53.57.
"""

from tests.stories.telling import coin, hedging, lines, quarterly, tell


def test_the_position_is_looked_at_again_as_soon_as_its_hedge_is_taken() -> None:
    beats = ("100", "Q 100", "Q 96", "96", "adl 4", "Q 95.5", "95.5")
    assert tell(*beats, rules=(hedging(),), coins=(coin(), quarterly())) == lines(
        """
        0 BTC long 10, 10x, margin 100
        3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 96, 5.21% -> 5.21%): liquidation
            5.21% away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        3 BTC long hf-1-1 trades 10 at 96
        3 BTC-Q1 short 10, 5x, margin 192
        4 BTC-Q1 short DELEVERAGED 4 at 96
        4 BTC-Q1 short 6, 5x, margin 115.2
        4 BTC long quarterly_hedge: OpenHedge 4 in BTC/USDT:USDT-Q1 (mark 96) refused (not_safer): the worst
            loss of the account would go from 46.56 to 52.80
        6 BTC long quarterly_hedge: OpenHedge 4 in BTC/USDT:USDT-Q1 (mark 95.5, 4.71% -> 4.71%): liquidation
            4.71% away, hedging 4 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        6 BTC long hf-1-2 trades 4 at 95.5
        6 BTC-Q1 short 10, 5x, margin 191.6
        """
    )
