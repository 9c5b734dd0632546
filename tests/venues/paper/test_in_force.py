"""What conditional orders with a limit do when they are triggered."""

from typing import Any

import pytest

from bot.core.facts import Outcome
from bot.core.types import OrderKind, PriceKind
from bot.venues.paper import InForce, MarketModel, PaperError, PaperExchange
from tests.venues.paper.desk import BTC, D, an_exchange, an_order, go, of, resting

STOP, LIMIT = OrderKind.STOP_LIMIT, OrderKind.LIMIT
# 10.5 in quote currency within 1 % of the price: 0.1 of a coin at 105 moves it by one per cent.
THIN = MarketModel(depth={BTC: D("10.5")})


def waiting(in_force: InForce, limit: str, model: MarketModel = THIN) -> PaperExchange:
    """A buy of 0.2 above the market, triggered at 105."""
    exchange = an_exchange(model=model)
    prices: dict[str, Any] = {"trigger": "105", "limit": limit, "trigger_by": PriceKind.LAST}
    exchange.submit(1, an_order(STOP, quantity="0.2", in_force=in_force, **prices))
    return exchange


@pytest.mark.parametrize(
    ("in_force", "limit", "filled", "rests"),
    [
        # At 105 nobody sells; up to 106.1, hardly more than 1 % away, there is half of it, up to 110 all.
        (InForce.GTC, "105", [], True),
        (InForce.GTC, "106.1", ["0.1"], True),
        (InForce.GTC, "110", ["0.2"], False),
        (InForce.IOC, "106.1", ["0.1"], False),
        (InForce.IOC, "110", ["0.2"], False),
        (InForce.FOK, "106.1", [], False),
        (InForce.FOK, "110", ["0.2"], False),
        (InForce.GTX, "106.1", [], False),
        (InForce.GTX, "104", [], True),
    ],
)
def test_a_triggered_order_does_what_it_was_told(
    in_force: InForce,
    limit: str,
    filled: list[str],
    rests: bool,
) -> None:
    exchange = waiting(in_force, limit)
    fills = [fill.quantity for fact in of(Outcome, go(exchange, "105")) for fill in fact.fills]
    assert [quantity.quantize(D("0.1")) for quantity in fills] == [D(each) for each in filled]
    assert resting(exchange) == ({"o1": LIMIT} if rests else {})


def test_only_what_has_a_limit_and_waits_is_told() -> None:
    with pytest.raises(PaperError, match="ioc"):
        an_order(LIMIT, quantity="1", limit="99", in_force=InForce.IOC)
