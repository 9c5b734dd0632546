"""A pair in one cross pool: hedged whole, the long has no stop, which would leave the hedge alone.

280 behind a long of 10 at 100: liquidated at 720 / 9.9 = 72.73, on the tick 72.8. The seatbelt's stop rests
1 % above, 73.528, on the tick 73.6. At 97 liquidation is 24.2 / 97 = 24.95 % away. The hedge of 10 needs 9.7
more: (1000 - 280 + 9.7) / 9.9 = 73.71, on the tick 73.8, is 23.92 % away, and yet the account is safer.

At 96 4 of the hedge are taken away, which realises 4: with 284 + 6 - 5.76 behind it the long is liquidated at
715.76 / 9.9 = 72.30, on the tick 72.3: 23.7 / 96 = 24.69 %. Before a stop is placed again it has to be
known what became of the hedge that is opened anew; then none is needed.
"""

from tests.stories.telling import D, Held, coin, hedging, lines, quarterly, tell


def test_its_stop_goes_when_it_is_hedged_whole_and_is_wanted_when_the_hedge_is_taken() -> None:
    journal = tell(
        *("100", "Q 100", "Q 97", "97", "Q 96", "96", "adl 4"),
        rules=(hedging(below=D("0.26"), calm=D("0.4"), leverage=D(10)),),
        held=(Held(cross=True),),
        coins=(coin(), quarterly()),
        balance="280",
        seatbelt=True,
        naked=True,
    )
    assert journal == lines(
        """
        0 BTC long 10, 10x
        0 long is now NAKED
        0 BTC long seatbelt: PlaceStop at 73.6 (mark 100, 27.20% -> 27.20%): the position has no stop that
            protects it
        0 long is now protected by hf-1-1
        3 BTC long quarterly_hedge: OpenHedge 10 in BTC/USDT:USDT-Q1 (mark 97, 24.95% -> 24.95%): liquidation
            24.95% away, hedging 10 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        3 BTC long hf-1-2 trades 10 at 97
        3 BTC-Q1 short 10, 10x
        3 long is now protected by the pair with BTC/USDT:USDT-Q1
        3 BTC long seatbelt: CancelStop (mark 97, 23.92% -> 23.92%): a stop would leave the hedge alone
        3 short is now protected by the pair with main/BTC/USDT:USDT/long
        6 BTC-Q1 short DELEVERAGED 4 at 96
        6 BTC-Q1 short 6, 10x
        6 long is now NAKED
        6 BTC long quarterly_hedge: OpenHedge 4 in BTC/USDT:USDT-Q1 (mark 96, 24.69% -> 24.69%): liquidation
            24.69% away, hedging 4 in BTC/USDT:USDT-Q1 at a basis of 0.00%
        6 BTC long hf-1-4 trades 4 at 96
        6 BTC-Q1 short 10, 10x
        6 long is now protected by the pair with BTC/USDT:USDT-Q1
        """
    )
