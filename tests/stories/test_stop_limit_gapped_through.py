"""A stop-limit that is gapped through: it was met, and it protected nothing.

A long of 10 at 100, margin 100, liquidated at 91.0 on the tick. The trader's stop-limit sells from 95 on,
at 94.5 or better. Nobody pays that once the price has jumped to 93: the order rests above the market. The
seatbelt never took it for protection and has its own stop at 91.0 + 1 % = 91.91, on the tick toward the
mark 92.0.
"""

from bot.core.types import ClientId, OrderKind
from bot.venues.paper import OrderRequest
from tests.stories.telling import LONG, D, lines, tell

THEIRS = OrderRequest(
    client_id=ClientId("theirs"),
    id=LONG,
    kind=OrderKind.STOP_LIMIT,
    quantity=D(10),
    reduces=True,
    trigger=D(95),
    limit=D("94.5"),
)


def test_the_seatbelt_does_not_take_a_stop_limit_for_protection() -> None:
    assert tell("100", "gap 93", "91.9", orders=(THEIRS,), seatbelt=True, naked=True) == lines(
        """
        0 BTC long 10, 10x, margin 100
        0 long is now NAKED
        0 BTC long seatbelt: PlaceStop at 92 (mark 100, 9.00% -> 9.00%): the position has no stop that
            protects it
        0 long is now protected by hf-1-1
        2 BTC long hf-1-1 trades 10 at 92
        2 BTC long is closed
        """
    )


def test_without_the_seatbelt_the_position_is_lost_with_the_order_resting() -> None:
    # Bankrupt at 90; sold at 90.9, the tick below 90.91: 9 remain, less than the fee of 909 * 1.25 % =
    # 11.36.
    assert tell("100", "gap 93", "90", orders=(THEIRS,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long LIQUIDATED 10 at 90, fee 9
        2 BTC long is closed
        """
    )


def test_a_stop_limit_that_is_not_jumped_over_works() -> None:
    assert tell("100", "94.8", orders=(THEIRS,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        1 BTC long theirs trades 10 at 95
        1 BTC long is closed
        """
    )
