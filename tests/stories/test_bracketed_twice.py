"""A trader who brackets his position himself is not bracketed twice, and one who forgot it is once.

A long of 10 at 100, margin 100. The trader's own stop is at 97 and his target at 103. Without them the rule
rests a stop 2 % below the entry, at 98, and a target 4 % above it, at 104.
"""

from bot.core.settings import RuleEntry
from bot.core.types import ClientId, OrderKind, RuleName
from bot.venues.paper import OrderRequest
from strategies.bracket import Bracket, BracketParams
from tests.stories.telling import LONG, D, lines, tell

PARAMS = BracketParams.model_validate({"stop": "0.02", "target": "0.04", "grace": "0s"})
BRACKET = RuleEntry(rule=Bracket(RuleName("bracket"), PARAMS), cooldown_ms=0)


def his(kind: OrderKind, trigger: str) -> OrderRequest:
    return OrderRequest(
        client_id=ClientId(f"his-{trigger}"),
        id=LONG,
        kind=kind,
        quantity=D(10),
        reduces=True,
        trigger=D(trigger),
    )


OWN = (his(OrderKind.STOP_MARKET, "97"), his(OrderKind.TAKE_PROFIT_MARKET, "103"))


def test_his_own_orders_are_all_there_are() -> None:
    assert tell("100", "97.5", "96.5", rules=(BRACKET,), orders=OWN) == lines(
        """
        0 BTC long 10, 10x, margin 100
        2 BTC long his-97 trades 10 at 97
        2 BTC long is closed
        """
    )


def test_a_forgotten_position_loses_two_per_cent_and_not_everything() -> None:
    assert tell("100", "99", "95", rules=(BRACKET,)) == lines(
        """
        0 BTC long 10, 10x, margin 100
        0 BTC long bracket: PlaceStop at 98 (mark 100, 9.00% -> 9.00%): it was opened without a stop: 2.00%
            from entry 100
        0 BTC long bracket: PlaceTakeProfit 10 (mark 100, 9.00% -> 9.00%): it was opened without a target:
            104.00 is 4.00% from entry
        2 BTC long hf-1-1 trades 10 at 98
        2 BTC long is closed
        """
    )
