"""The planner: its best way against trying them all, its prices, and the table."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from bot.core.capabilities import YES, Capability
from bot.core.contracts import Tier
from bot.core.danger.situation import Situation
from bot.core.facts import Book
from bot.core.intents import AddMargin, Intent, ReducePosition
from bot.core.margin.pool import Holding, Pool
from bot.core.markets.market import Market
from bot.core.rules.covering import HedgeMarket
from bot.core.rules.planner import Planner, Prices, Remedy
from bot.core.types import MarginMode, PositionId, Side, Symbol
from tests.building.core import BTC, CROSS, LONG, SHORT, D, a_contract, a_position

FREE = Prices(capital=D(0), loss=D(0))
FEE = D("0.0005")


def a_book(depth: str = "2000", spread: str = "0.1") -> Book:
    half = D(spread) / 2
    return Book(at_ms=0, symbol=BTC, bid=95 - half, ask=95 + half, bid_depth=D(depth), ask_depth=D(depth))


def a_situation(
    id_: PositionId = LONG,
    *,
    mark: str = "95",
    quantity: str = "1",
    margin: str | None = None,
    mode: MarginMode = MarginMode.ISOLATED,
    wallet: str | None = None,
    fee: Decimal = FEE,
    **contract: Any,
) -> Situation:
    """A position of which liquidation at 90 is near, seen at a mark of 95."""
    market = Market(())
    market.marks[BTC] = D(mark)
    position = a_position(id_, quantity, margin=margin, mode=mode)
    traded = a_contract(**({"lot": D("0.05")} | contract))
    money = D(wallet) if wallet is not None else position.margin
    pool = Pool(mode, money, (Holding(position, traded),))
    return Situation(pool, position, traded, market, 0, lambda: D(1_000), (), fee)


def a_planner(
    situation: Situation,
    prices: Prices = FREE,
    *,
    target: str = "0.1",
    allowed: str = "1000",
    hedge: HedgeMarket | None = None,
    **able: Any,
) -> Planner:
    def ability(kind: type[Intent]) -> Capability:
        because = able.get(kind.__name__)
        return YES if because is None else Capability(works=False, because=because)

    return Planner(situation, D(target), prices, allowed=D(allowed), able=ability, hedge=hedge)


# -- the optimum ------------------------------------------------------------------------------------------


Way = tuple[Decimal, Decimal, Decimal]
"""Closed, put back, added."""


def every_way(situation: Situation, target: Decimal, allowed: Decimal) -> Iterator[Way]:
    """Every close in lots with the least money that reaches the target: what is put back, and added.

    By trial: money is put back step by step until the liquidation price is where it should be.
    """
    contract, held = situation.contract, situation.position.quantity
    step = contract.margin_step
    quantity = D(0)
    while quantity <= held:
        whole = quantity == held
        after = (
            situation if not quantity else situation.after(ReducePosition(id=situation.id, quantity=quantity))
        )
        if whole:
            yield quantity, D(0), D(0)
        else:
            assert after is not None
            released = contract.margin_down(released_by(situation, quantity))
            money = D(0)
            while True:
                fed = after if not money else after.after(AddMargin(id=situation.id, amount=money))
                assert fed is not None
                if fed.distance >= target:
                    break
                money += step
            put_back = min(money, released)
            if money - put_back <= allowed:
                yield quantity, put_back, money - put_back
        quantity += contract.lot


def released_by(situation: Situation, quantity: Decimal) -> Decimal:
    """The share of the margin, less the loss and the fee."""
    position = situation.position
    lost = quantity * position.id.side.sign * (position.entry - situation.mark)
    return (
        position.margin * quantity / position.quantity
        - lost
        - quantity * situation.mark * situation.taker_fee
    )


def cost_of(situation: Situation, prices: Prices, way: Way) -> Decimal:
    """Counted by hand: fee and slippage, loss, funding, capital."""
    quantity, put_back, margin = way
    value, position = quantity * situation.mark, situation.position
    sign = position.id.side.sign
    lost = max(D(0), quantity * sign * (position.entry - situation.mark))
    fraction = situation.taker_fee
    if prices.book is not None:
        fraction += (prices.book.ask - prices.book.bid) / 2 / 95
        fraction += D("0.01") * value / prices.book.bid_depth / 2
    released = released_by(situation, quantity)
    if quantity < position.quantity:
        released = situation.contract.margin_down(released)
    return (
        value * fraction
        + prices.loss * lost
        - prices.funding * value
        + prices.capital * (put_back + margin - released)
    )


def some_prices(random: Random) -> Prices:
    return Prices(
        capital=D(random.choice((0, 1, 5, 50, 200))) / 1000,
        loss=D(random.choice((0, 1, 5, 10))) / 10,
        funding=D(random.choice((-20, 0, 0, 5, 60))) / 1000,
        book=random.choice((None, a_book(), a_book("200"), a_book("50", "0.4"))),
    )


@pytest.mark.parametrize("seed", range(25))
def test_the_best_way_is_the_best_of_all_ways(seed: int) -> None:
    random = Random(seed)
    side = random.choice((LONG, SHORT))
    mark = {Side.LONG: "95", Side.SHORT: "105"}[side.side]
    tiers = random.choice(
        (
            (Tier(floor=D(0), cap=None, rate=D("0.04")),),
            (
                Tier(floor=D(0), cap=D(40), rate=D("0.02")),
                Tier(floor=D(40), cap=None, rate=D("0.045"), deduction=D(1)),
            ),
        )
    )
    situation = a_situation(
        side, mark=mark, tiers=tiers, margin_step=D("0.1"), lot=D(random.choice(("0.05", "0.1")))
    )
    prices, allowed = some_prices(random), D(random.choice((0, 1, 3, 1000)))
    target = D(random.choice(("0.08", "0.1", "0.13")))
    found = a_planner(situation, prices, target=str(target), allowed=str(allowed)).cheapest
    assert found is not None
    ways = list(every_way(situation, target, allowed))
    best = min(cost_of(situation, prices, way) for way in ways)
    # What is released is rounded to the step of margin, here and there.
    assert found.cost.total == pytest.approx(best, abs=D("0.1") * max(prices.capital, D("0.001")))
    assert (found.quantity, found.put_back, found.margin) in ways


# -- what it counts ---------------------------------------------------------------------------------------


def best(planner: Planner) -> Remedy:
    found = planner.cheapest
    assert found is not None
    return found


def test_margin_alone_is_cheapest_where_capital_costs_nothing() -> None:
    way = best(a_planner(a_situation(), Prices(capital=D(0), loss=D(1))))
    # 10 % below 95 is 85.5: margin 100 - 0.96 * 85.5 = 17.92, of which 13.6 are there.
    assert (way.quantity, way.put_back, way.margin) == (D(0), D(0), D("4.32"))


def test_what_may_not_be_added_has_to_be_closed() -> None:
    for allowed in ("4.31", "2", "0"):
        way = best(a_planner(a_situation(), Prices(capital=D(0), loss=D(1)), allowed=allowed))
        assert way.quantity > 0
        assert way.margin <= D(allowed)


def test_dear_capital_and_losses_that_do_not_count_close_everything() -> None:
    assert best(a_planner(a_situation(), Prices(capital=D(1), loss=D(0)))).quantity == 1


def test_funding_that_costs_more_than_trading_closes_and_funding_that_is_received_does_not() -> None:
    dear = Prices(capital=D("0.01"), loss=D(0), funding=D("0.05"))
    earning = Prices(capital=D("0.01"), loss=D(0), funding=D("-0.05"))
    assert best(a_planner(a_situation(), dear)).quantity == 1
    assert best(a_planner(a_situation(), earning)).quantity == 0


def test_a_thin_book_makes_a_close_smaller() -> None:
    prices = {depth: Prices(capital=D("0.02"), loss=D(0), book=a_book(depth)) for depth in ("5000", "20")}
    deep, thin = (best(a_planner(a_situation(lot=D("0.001")), prices[depth])) for depth in ("5000", "20"))
    assert deep.quantity > thin.quantity


def test_a_cross_position_is_made_smaller_by_as_little_as_will_do() -> None:
    situation = a_situation(mode=CROSS, wallet="13.6")
    way = best(a_planner(situation, Prices(capital=D("0.001"), loss=D("0.5"))))
    assert (way.put_back, way.margin) == (D(0), D(0))
    after = situation.after(ReducePosition(id=LONG, quantity=way.quantity))
    less = situation.after(ReducePosition(id=LONG, quantity=way.quantity - D("0.05")))
    assert after is not None
    assert less is not None
    assert after.distance >= D("0.1") > less.distance


def test_what_the_venue_cannot_do_is_left_out() -> None:
    no_margin = a_planner(a_situation(), AddMargin="not here")
    assert best(no_margin).quantity == 1  # What it released could not be put back either.
    no_close = a_planner(a_situation(), ReducePosition="not here")
    assert best(no_close).quantity == 0
    assert a_planner(a_situation(), allowed="1", ReducePosition="not here").cheapest is None


def test_the_least_the_venue_takes_is_kept() -> None:
    situation = a_situation(min_quantity=D("0.4"), lot=D("0.1"))
    way = best(a_planner(situation, Prices(capital=D(0), loss=D(1)), allowed="4"))
    assert way.quantity == D("0.4")


# -- the table --------------------------------------------------------------------------------------------


def lines(planner: Planner) -> dict[str, str]:
    return {row[0]: row[-1] for row in planner.table()}


def test_the_table_prices_each_lever_by_itself_and_the_cheapest_way() -> None:
    planner = a_planner(a_situation(lot=D("0.001")), Prices(capital=D("0.01"), loss=D("0.1")), allowed="10")
    offers = {offer.lever: offer for offer in planner.offers()}
    assert set(offers) == {"add margin", "close a part", "cut leverage", "open hedge", "cheapest"}
    margin = offers["add margin"]
    assert (margin.does, margin.distance) == ("add 4.32", D("0.1"))
    assert margin.cost is not None
    assert margin.cost.total == D("0.0432")
    # From 5.26 % to 10 %: 4.7368 points.
    assert margin.per_point == pytest.approx(D("0.0432") / D("4.7368421"), rel=D("1E-6"))
    closed = offers["close a part"]
    assert closed.cost is not None
    assert closed.cost.loss > 0
    assert closed.does.startswith("close 0.")
    assert offers["cheapest"].cost is not None
    assert offers["cheapest"].cost.total <= min(margin.cost.total, closed.cost.total)
    assert offers["open hedge"].cost is None
    assert offers["open hedge"].does == "nothing is watched to hedge it with"


def test_a_hedge_is_priced_and_gains_no_distance() -> None:
    dated = a_contract(Symbol(f"{BTC}-Q1"), expiry_ms=1 << 50)
    situation = a_situation()
    situation.market.books[dated.symbol] = a_book(depth="2000", spread="0.1")
    room = HedgeMarket(dated, D(100), D(2000), D("0.95"), D(100))
    prices = Prices(capital=D("0.01"), loss=D(1))
    planner = a_planner(situation, prices, hedge=room)
    offer = {each.lever: each for each in planner.offers()}["open hedge"]
    assert offer.does == "0.95 of BTC/USDT:USDT-Q1; it moves no liquidation price"
    # 95 of value: a fee of 0.05 %, half the spread of 0.1 in 95, and 95 / 2000 of one percent, half of it on
    # average. A fifth of it is locked, for one percent.
    assert offer.cost is not None
    assert offer.cost.trading == pytest.approx(
        D(95) * (FEE + D("0.05") / 95 + D("0.0002375")), rel=D("1E-20")
    )
    assert offer.cost.capital == D("0.19")
    assert (offer.distance, offer.per_point) == (situation.distance, None)
    assert planner.cheapest == a_planner(situation, prices).cheapest


def test_a_hedge_that_cannot_be_had_says_why() -> None:
    full = HedgeMarket(a_contract(), D(100), D(2000), D(0), D(100))
    assert lines(a_planner(a_situation(), hedge=full))["open hedge"] == "all of it is hedged"
    refused = a_planner(a_situation(), hedge=full, OpenHedge="nothing is listed")
    assert lines(refused)["open hedge"] == "nothing is listed"


def test_a_lever_that_does_not_lead_there_says_why() -> None:
    said = lines(a_planner(a_situation(), allowed="1", CutLeverage="refused here"))
    assert said["add margin"] == "takes 4.32, and 1 may be added"
    assert said["cut leverage"] == "refused here"
    said = lines(a_planner(a_situation(mode=CROSS, wallet="13.6"), AddMargin="not in cross"))
    assert said["add margin"] == "not in cross"
    assert said["cut leverage"] == "in cross it only locks balance"
    said = lines(a_planner(a_situation(), allowed="1", ReducePosition="closed today"))
    assert (said["close a part"], said["cheapest"]) == ("closed today", "nothing reaches it")


def test_where_no_part_can_be_left_only_the_whole_reaches_it() -> None:
    situation = a_situation(lot=D(1))
    said = lines(a_planner(situation, allowed="1"))
    assert said["close a part"] == "no part reaches it"
    assert said["cheapest"] == "close 1"


def test_a_cut_is_priced_by_the_margin_it_draws() -> None:
    situation = a_situation(margin="13.6")
    offers = {
        o.lever: o for o in a_planner(situation, Prices(capital=D("0.1"), loss=D(0)), target="0.2").offers()
    }
    cut = offers["cut leverage"]
    # At 3x the entry asks for 33.33: 19.73 more than the 13.6 that are there.
    assert cut.does.startswith("to 3x, drawing 19.7")
    assert cut.cost is not None
    assert cut.cost.capital == pytest.approx(D("1.973"), abs=D("0.001"))
    assert "draws" in lines(a_planner(situation, target="0.2", allowed="5"))["cut leverage"]
    # For 10 % a little more than the 5x it has would do, which is no cut.
    assert lines(a_planner(situation))["cut leverage"] == "no lower leverage reaches it"


def test_every_row_has_as_many_cells_as_the_header() -> None:
    table = a_planner(a_situation()).table()
    assert {len(row) for row in table} == {len(table[0])}
