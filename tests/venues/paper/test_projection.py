"""What the guard projects is what the exchange then does, under the margin rules of real venues."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.facts import OutcomeKind
from bot.core.intents import AddMargin, CutLeverage, Intent, ReducePosition, WithdrawMargin
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.project import project
from bot.core.margin.venues import RULES
from bot.core.types import MarginMode, Position, PositionId
from bot.venues.paper import MarketModel, PaperExchange
from tests.venues.paper.desk import (
    BTC,
    LONG,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    go,
    holding,
    outcome,
    position,
    wallet,
)

FEE = D("0.0005")
# The exchange books money in eight decimals, the projection does not round.
NEAR = D("0.00000002")
LINEAR = sorted(name for name in RULES if name.startswith(("binance_usdm", "bybit_lin", "okx_lin", "xt_lin")))


def intents(id_: PositionId) -> st.SearchStrategy[Intent]:
    cents = st.integers(1, 5_000).map(lambda n: D(n) / 100)
    lots = st.integers(1, 1_000).map(lambda n: D(n) / 1000)
    return st.one_of(
        cents.map(lambda amount: AddMargin(id=id_, amount=amount)),
        cents.map(lambda amount: WithdrawMargin(id=id_, amount=amount)),
        lots.map(lambda quantity: ReducePosition(id=id_, quantity=quantity)),
        st.integers(1, 9).map(lambda n: CutLeverage(id=id_, leverage=D(n))),
    )


def pool_of(exchange: PaperExchange, held: Position, rules: str) -> Pool:
    contract = replace(a_contract(), rules=RULES[rules])
    if held.mode is MarginMode.ISOLATED:
        return Pool(MarginMode.ISOLATED, held.margin, (Holding(held, contract),))
    return Pool(MarginMode.CROSS, wallet(exchange), (Holding(held, contract),))


def near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= NEAR


def test_rules_of_real_venues_are_among_the_cases() -> None:
    assert {name.partition("_")[0] for name in LINEAR} == {"binance", "bybit", "okx", "xt"}


@given(
    rules=st.sampled_from(LINEAR),
    id_=st.sampled_from([LONG, SHORT]),
    cross=st.booleans(),
    price=st.integers(920, 1080).map(lambda n: D(n) / 10),
    data=st.data(),
)
def test_an_action_at_the_mark_ends_where_it_was_projected(
    rules: str, id_: PositionId, cross: bool, price: Decimal, data: st.DataObject
) -> None:
    contract = replace(a_contract(), rules=RULES[rules])
    exchange = an_exchange(contract, model=MarketModel(taker_fee=FEE), balance="1000")
    exchange.open(0, holding(id_, margin=None if cross else "20", cross=cross))
    go(exchange, str(price), gap=True)
    held = position(exchange, id_)
    assume(held is not None)
    assert held is not None
    intent = data.draw(intents(id_))
    expected = project(pool_of(exchange, held, rules), intent, {BTC: price}, taker_fee=FEE)
    done = outcome(exchange.execute(1, an_action(intent)))
    if done.kind is OutcomeKind.REJECTED:
        assert position(exchange, id_) == held
        return
    after = position(exchange, id_)
    assert (after is None) is (not expected.holdings)
    if after is None:
        return
    wanted = expected.holding(id_).position
    assert (after.quantity, after.entry, after.leverage) == (wanted.quantity, wanted.entry, wanted.leverage)
    assert near(after.margin, wanted.margin)
    assert near(after.margin if after.mode is MarginMode.ISOLATED else wallet(exchange), expected.wallet)
