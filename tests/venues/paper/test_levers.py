"""The bot's actions at the venue: margin, leverage, stops; what works, what is refused, in whose codes."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.capabilities import Capability
from bot.core.contracts import Contract, Tier
from bot.core.facts import OrderEnded, OrdersChanged, Outcome, OutcomeKind
from bot.core.held.losses import Ending
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CutLeverage,
    Intent,
    Level,
    MoveStop,
    Notify,
    PlaceStop,
    PlaceTakeProfit,
    Posture,
    ReducePosition,
    SetPosture,
    WithdrawMargin,
)
from bot.core.margin.rules import LeverageCut
from bot.core.types import ClientId, MarginMode, OrderKind, PositionMode, Symbol
from bot.venues.capabilities import NOTHING_LISTED
from bot.venues.paper import MarketModel, PaperExchange
from bot.venues.paper.capabilities import capabilities_of
from bot.venues.port import Batch
from tests.venues.paper.desk import (
    BTC,
    ETH,
    LONG,
    MAIN,
    SHORT,
    D,
    a_contract,
    an_action,
    an_exchange,
    an_order,
    free,
    go,
    holding,
    of,
    outcome,
    position,
    resting,
    the,
    wallet,
    with_long,
)

RESETS, TOPS_UP = LeverageCut.RESETS_MARGIN, LeverageCut.TOPS_UP
FAMILIES: dict[str, dict[str, Any]] = {
    "binance": {},
    "bybit": {"leverage_cut": RESETS, "removable": "added_only"},
    "okx": {"leverage_cut": RESETS},
    "xt": {"leverage_cut": TOPS_UP},
}


def do(exchange: PaperExchange, intent: Intent, name: str = "a1") -> Outcome:
    return outcome(exchange.execute(1, an_action(intent, name)))


def of_family(family: str, **changes: Any) -> Contract:
    return a_contract(family=family, **FAMILIES[family], **changes)


def test_added_margin_moves_from_the_wallet_and_the_liquidation_price_away() -> None:
    exchange = with_long()
    assert do(exchange, AddMargin(id=LONG, amount=D("5.5"))).kind is OutcomeKind.VERIFIED
    assert the(exchange).margin == D("15.5")
    assert wallet(exchange) == D("984.5")
    # 84.5 / 0.99, rounded up.
    assert exchange.wires(BTC).mark.low == D("85.4")


def test_margin_above_what_the_venue_keeps_can_be_withdrawn() -> None:
    exchange = with_long()
    do(exchange, AddMargin(id=LONG, amount=D(5)))
    # Binance: the smaller of 15 - 1 and 15 - 10 at a mark of 100.
    assert do(exchange, WithdrawMargin(id=LONG, amount=D("5.01"))).code == "-4051"
    assert do(exchange, WithdrawMargin(id=LONG, amount=D(5))).kind is OutcomeKind.VERIFIED
    assert (the(exchange).margin, wallet(exchange)) == (D(10), D(990))


@pytest.mark.parametrize(
    ("intent", "binance", "bybit", "okx", "xt"),
    [
        (AddMargin(id=LONG, amount=D(991)), "-4051", "110014", "59301", "margin_balance"),
        (AddMargin(id=LONG, amount=D(0)), "-4055", "10001", "51000", "margin_amount"),
        (AddMargin(id=LONG, amount=D("0.001")), "-1111", "10001", "51121", "precision"),
        (AddMargin(id=SHORT, amount=D(1)), "-4054", "110033", "59300", "no_position"),
        (WithdrawMargin(id=LONG, amount=D(10)), "-4051", "110078", "59301", "margin_removable"),
        (CutLeverage(id=SHORT, leverage=D(2)), "-4054", "110033", "59300", "no_position"),
        (CutLeverage(id=LONG, leverage=D("0.5")), "-4028", "110013", "59102", "leverage_invalid"),
        (ReducePosition(id=LONG, quantity=D("1.001")), "-2022", "110017", "51112", "reduce_only"),
        (ReducePosition(id=SHORT, quantity=D(1)), "-2022", "110017", "51112", "reduce_only"),
        (ReducePosition(id=LONG, quantity=D("0.0005")), "-1111", "10001", "51121", "precision"),
        (ReducePosition(id=LONG, quantity=D("0.009")), "-4004", "10001", "51020", "min_quantity"),
        (ReducePosition(id=LONG, quantity=D(0)), "-4004", "10001", "51020", "min_quantity"),
        (PlaceStop(id=LONG, trigger=D(100)), "-2021", "110093", "51280", "would_trigger"),
        (PlaceStop(id=LONG, trigger=D("95.05")), "-1111", "10001", "51121", "precision"),
        (PlaceStop(id=LONG, trigger=D(-5)), "-1111", "10001", "51121", "precision"),
        (PlaceStop(id=SHORT, trigger=D(105)), "-2022", "110017", "51112", "reduce_only"),
        (MoveStop(id=LONG, trigger=D(101)), "-2021", "110093", "51280", "would_trigger"),
        (PlaceTakeProfit(id=LONG, trigger=D(99), quantity=D(1)), "-2021", "110093", "51280", "would_trigger"),
        (CancelStop(id=LONG, client_id="none"), "-2011", "110001", "51400", "no_order"),
        (
            BuyOption(id=LONG, symbol=ETH, quantity=D(1), price=D(1)),
            "capability",
            "capability",
            "capability",
            "capability",
        ),
    ],
)
def test_refusals_speak_the_venues_codes_and_change_nothing(
    intent: Intent, binance: str, bybit: str, okx: str, xt: str
) -> None:
    for family, code in {"binance": binance, "bybit": bybit, "okx": okx, "xt": xt}.items():
        exchange = with_long(of_family(family, min_quantity=D("0.01")))
        before = exchange.snapshot(9)
        (batch,) = exchange.execute(1, an_action(intent))
        (done,) = batch
        assert isinstance(done, Outcome)
        assert (done.kind, done.code) == (OutcomeKind.REJECTED, code), family
        assert str(intent.id) in done.proof
        assert exchange.snapshot(9) == before


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (an_order(quantity="200", leverage="10"), "-2019"),
        (an_order(quantity="0.04", leverage="10"), "-4164"),
        (an_order(quantity="1", leverage="126"), "-4028"),
        (an_order(quantity="1", leverage="60"), "-2027"),
        (an_order(OrderKind.LIMIT, quantity="200", limit="90", leverage="10"), "-2019"),
        (an_order(OrderKind.LIMIT, quantity="1", limit="90.05", leverage="10"), "-1111"),
        (an_order(quantity="1", reduces=True), "-2022"),
    ],
)
def test_orders_are_refused_in_binance_codes(request_: Any, code: str) -> None:
    tiers = (Tier(floor=D(0), cap=None, rate=D("0.01"), max_leverage=D(50)),)
    exchange = an_exchange(a_contract(tiers=tiers, min_notional=D(5)))
    before = exchange.snapshot(9)
    assert outcome(exchange.submit(1, request_)).code == code
    assert exchange.snapshot(9) == before


def test_the_reduce_only_flag_is_refused_in_hedge_mode() -> None:
    exchange = with_long(hedge=True)
    order = an_order(quantity="1", reduces=True, reduce_only=True)
    assert outcome(exchange.submit(1, order)).code == "-1106"
    assert outcome(exchange.submit(1, an_order(quantity="1", reduces=True))).code == ""


def test_a_client_id_in_use_is_refused() -> None:
    exchange = with_long()
    bid = an_order(OrderKind.LIMIT, quantity="1", limit="90")
    exchange.submit(1, bid)
    assert outcome(exchange.submit(1, bid)).code == "-4116"


def test_a_position_born_liquidatable_is_refused() -> None:
    tiers = (Tier(floor=D(0), cap=None, rate=D("0.02")),)
    exchange = an_exchange(a_contract(tiers=tiers))
    assert outcome(exchange.submit(1, an_order(quantity="1", leverage="50"))).code == "-2019"
    # Cross as well: 2 behind 100 at 2 %.
    exchange = an_exchange(a_contract(tiers=tiers), balance="2")
    crossed = an_order(quantity="1", leverage="50", mode=MarginMode.CROSS)
    assert outcome(exchange.submit(1, crossed)).code == "-2019"


def test_reductions_are_exempt_from_the_minimum_notional_and_whole_ones_from_the_minimum_quantity() -> None:
    exchange = with_long(a_contract(min_notional=D(50), min_quantity=D("0.2")))
    assert do(exchange, ReducePosition(id=LONG, quantity=D("0.9"))).kind is OutcomeKind.VERIFIED
    assert do(exchange, ReducePosition(id=LONG, quantity=D("0.1"))).kind is OutcomeKind.VERIFIED
    assert position(exchange) is None


def test_cross_positions_have_no_margin_of_their_own() -> None:
    for family, code in (("binance", "-4054"), ("bybit", "110015"), ("okx", "59300")):
        exchange = with_long(of_family(family), cross=True)
        assert do(exchange, AddMargin(id=LONG, amount=D(1))).code == code


# --- stops ---------------------------------------------------------------------------------------


def test_a_stop_rests_for_the_whole_position() -> None:
    exchange = with_long()
    (batch,) = exchange.execute(7, an_action(PlaceStop(id=LONG, trigger=D(95)), "s1"))
    (changed,) = of(OrdersChanged, [batch])
    (order,) = changed.orders
    assert (order.client_id, order.kind, order.reduces) == ("s1", OrderKind.STOP_MARKET, True)
    assert (order.quantity, order.trigger, order.placed_ms) == (D(1), D(95), 7)


def test_a_stop_moves_in_one_event_and_never_leaves_the_position_bare() -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    do(exchange, PlaceTakeProfit(id=LONG, trigger=D(110), quantity=D("0.5")), "tp")
    (batch,) = exchange.execute(7, an_action(MoveStop(id=LONG, trigger=D(97)), "hf-1-2"))
    (changed,) = of(OrdersChanged, [batch])
    assert [o.client_id for o in changed.orders] == ["tp", "hf-1-2"]
    assert do(exchange, MoveStop(id=LONG, trigger=D(100)), "hf-1-3").kind is OutcomeKind.REJECTED
    assert list(resting(exchange)) == ["tp", "hf-1-2"]
    assert exchange.wires(BTC).mark.low == D(97)


def test_a_moving_stop_leaves_the_traders_own_where_it_is() -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(93)), "mine")
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    do(exchange, MoveStop(id=LONG, trigger=D(97)), "hf-1-2")
    assert list(resting(exchange)) == ["mine", "hf-1-2"]


def test_a_stop_can_be_cancelled_by_its_name() -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "s1")
    assert do(exchange, CancelStop(id=LONG, client_id="s1")).kind is OutcomeKind.VERIFIED
    assert resting(exchange) == {}


def ended(batches: Sequence[Batch]) -> list[tuple[str, Ending]]:
    return [(fact.client_id, fact.how) for fact in of(OrderEnded, batches)]


@pytest.mark.parametrize("how", [Ending.CANCELLED, Ending.ENDED])
def test_a_stop_of_the_bot_that_somebody_else_takes_away_is_told_of(how: Ending) -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    do(exchange, PlaceStop(id=LONG, trigger=D(94)), "mine")
    assert ended(exchange.cancel(1, ClientId("mine"))) == []
    assert ended(exchange.cancel(1, ClientId("hf-1-1"), how)) == [("hf-1-1", how)]


def test_what_the_bot_moves_or_cancels_itself_is_not_told_as_an_end() -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    moved = exchange.execute(7, an_action(MoveStop(id=LONG, trigger=D(97)), "hf-1-2"))
    gone = exchange.execute(7, an_action(CancelStop(id=LONG, client_id="hf-1-2"), "hf-1-3"))
    assert ended([*moved, *gone]) == []


def test_a_stop_of_the_bot_that_the_book_cannot_fill_is_told_as_met() -> None:
    exchange = an_exchange(model=MarketModel(depth={BTC: D(1000)}), balance="10000")
    exchange.open(0, holding(quantity="60"))
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    batches = go(exchange, "94")
    # The book ends 5 % below 95: 5000 of money.
    assert the(exchange).quantity == D("7.369")
    assert ended(batches) == [("hf-1-1", Ending.MET)]


def test_a_stop_that_closes_its_position_has_not_been_met_in_vain() -> None:
    exchange = with_long()
    do(exchange, PlaceStop(id=LONG, trigger=D(95)), "hf-1-1")
    assert ended(go(exchange, "94")) == []


def test_a_notice_is_no_business_of_a_venue() -> None:
    exchange = with_long()
    assert exchange.execute(1, an_action(Notify(id=LONG, level=Level.INFO, text="hello"))) == ()
    assert exchange.execute(1, an_action(SetPosture(id=LONG, posture=Posture.CAUTIOUS))) == ()


# --- leverage ------------------------------------------------------------------------------------


def test_binance_refuses_to_cut_the_leverage_of_an_open_isolated_position() -> None:
    exchange = with_long()
    assert do(exchange, CutLeverage(id=LONG, leverage=D(5))).code == "-4161"
    assert the(exchange).leverage == D(10)


def test_a_code_of_the_margin_rules_themselves_goes_first() -> None:
    exchange = with_long(a_contract(family="hyperliquid", leverage_cut_code="no"))
    assert do(exchange, CutLeverage(id=LONG, leverage=D(5))).code == "no"


def test_binance_raises_leverage_without_touching_the_margin() -> None:
    exchange = with_long()
    assert outcome(exchange.set_leverage(1, LONG, D(20))).kind is OutcomeKind.VERIFIED
    assert (the(exchange).leverage, the(exchange).margin) == (D(20), D(10))
    assert wallet(exchange) == D(990)


def test_bybit_resets_the_margin_and_drops_what_was_added() -> None:
    exchange = with_long(of_family("bybit"))
    do(exchange, AddMargin(id=LONG, amount=D(10)))
    assert exchange.wires(BTC).mark.low == D("80.9")  # 80 / 0.99
    assert do(exchange, CutLeverage(id=LONG, leverage=D(8))).kind is OutcomeKind.VERIFIED
    assert (the(exchange).margin, wallet(exchange)) == (D("12.5"), D("987.5"))
    # The cut brought liquidation nearer: 87.5 / 0.99.
    assert exchange.wires(BTC).mark.low == D("88.4")


def test_bybit_calls_the_same_leverage_not_modified() -> None:
    assert outcome(with_long(of_family("bybit")).set_leverage(1, LONG, D(10))).code == "110043"
    assert outcome(with_long().set_leverage(1, LONG, D(10))).kind is OutcomeKind.VERIFIED


def test_xt_does_nothing_while_the_margin_is_above_the_new_initial_margin() -> None:
    exchange = with_long(of_family("xt"))
    do(exchange, AddMargin(id=LONG, amount=D(10)))
    assert do(exchange, CutLeverage(id=LONG, leverage=D(8))).kind is OutcomeKind.VERIFIED
    assert (the(exchange).margin, the(exchange).leverage, wallet(exchange)) == (D(20), D(8), D(980))
    do(exchange, CutLeverage(id=LONG, leverage=D(4)))
    assert (the(exchange).margin, wallet(exchange)) == (D(25), D(975))


def test_a_cut_that_cannot_be_paid_is_refused() -> None:
    exchange = with_long(of_family("okx"), balance="15")
    assert do(exchange, CutLeverage(id=LONG, leverage=D(5))).code == "59108"
    assert the(exchange).margin == D(10)


def test_a_change_that_would_liquidate_is_refused() -> None:
    for family, code in (("bybit", "110011"), ("okx", "59109")):
        exchange = with_long(of_family(family))
        do(exchange, AddMargin(id=LONG, amount=D(10)))
        go(exchange, "90", gap=True)
        # 20 behind it at 10x, 5 at 20x: 90 - 95 is gone.
        assert outcome(exchange.set_leverage(1, LONG, D(20))).code == code
        assert the(exchange).margin == D(20)


def test_in_cross_a_cut_only_locks_balance() -> None:
    exchange = with_long(cross=True)
    wire = exchange.wires(BTC)
    assert free(exchange) == D(990)
    assert do(exchange, CutLeverage(id=LONG, leverage=D(5))).kind is OutcomeKind.VERIFIED
    assert (free(exchange), exchange.wires(BTC)) == (D(980), wire)
    exchange = with_long(cross=True, balance="15")
    assert do(exchange, CutLeverage(id=LONG, leverage=D(5))).code == "-2028"


def test_leverage_is_bounded_by_the_tier_of_the_position() -> None:
    tiers = (
        Tier(floor=D(0), cap=D(50), rate=D("0.01"), max_leverage=D(50)),
        Tier(floor=D(50), cap=None, rate=D("0.02"), max_leverage=D(20)),
    )
    exchange = with_long(a_contract(tiers=tiers))
    assert outcome(exchange.set_leverage(1, LONG, D(25))).code == "-2027"
    assert outcome(exchange.set_leverage(1, LONG, D(20))).kind is OutcomeKind.VERIFIED
    small = an_order(id_=LONG, quantity="0.1", name="more")
    assert outcome(exchange.submit(1, small)).kind is OutcomeKind.VERIFIED


# --- capabilities --------------------------------------------------------------------------------


def test_capabilities_say_what_a_leverage_cut_does_here() -> None:
    def cut(*contracts: Contract) -> Capability:
        levers = an_exchange(*contracts).capabilities(MAIN)
        return levers.of("CutLeverage", MarginMode.ISOLATED, BTC)

    assert (cut(of_family("binance")).works, cut(of_family("binance")).substitute) == (False, "AddMargin")
    assert "-4161" in cut(of_family("binance")).because
    assert "dropped" in cut(of_family("bybit")).because
    assert "nothing" in cut(of_family("xt")).because


def test_each_contract_of_an_account_has_its_own_answer() -> None:
    levers = an_exchange(of_family("bybit"), a_contract(ETH)).capabilities(MAIN)
    assert levers.of("CutLeverage", MarginMode.ISOLATED, BTC).works
    assert not levers.of("CutLeverage", MarginMode.ISOLATED, ETH).works
    unknown = levers.of("CutLeverage", MarginMode.ISOLATED, Symbol("XRP"))
    assert (unknown.works, unknown.because) == (
        False,
        "paper bybit+binance has no CutLeverage in isolated mode",
    )


def test_capabilities_differ_between_isolated_and_cross() -> None:
    levers = an_exchange(hedge=True).capabilities(MAIN)
    assert levers.venue == "paper binance"
    assert levers.position_modes == {PositionMode.HEDGE}
    for lever in ("AddMargin", "WithdrawMargin"):
        assert levers.of(lever, MarginMode.ISOLATED, BTC).works
        assert levers.of(lever, MarginMode.CROSS, BTC).because == "no isolated margin in cross"
    for lever in ("ReducePosition", "PlaceStop", "MoveStop", "CancelStop", "PlaceTakeProfit"):
        assert all(levers.of(lever, mode, BTC).works for mode in MarginMode)
    assert not levers.of("CutLeverage", MarginMode.CROSS, BTC).works
    assert not levers.of("OpenHedge", MarginMode.CROSS, BTC).works


def test_a_position_can_be_hedged_where_something_is_listed_that_settles_alike() -> None:
    perpetual, dated = a_contract(), a_contract(Symbol(f"{BTC}-251226"), expiry_ms=1_766_736_000_000)
    other = a_contract(ETH)
    for traded, hedged in (
        ((perpetual, dated), {BTC, dated.symbol}),
        ((perpetual, other), {BTC, ETH}),
        ((perpetual,), set()),
        ((dated, other), {dated.symbol}),
    ):
        levers = capabilities_of(traded, PositionMode.ONE_WAY)
        for lever in ("OpenHedge", "CloseHedge"):
            for mode in MarginMode:
                assert {c.symbol for c in traded if levers.of(lever, mode, c.symbol).works} == hedged
                assert levers.of(lever, mode, Symbol("X")) == NOTHING_LISTED
    assert NOTHING_LISTED.substitute == "ReducePosition"


def test_what_the_capabilities_promise_is_not_refused() -> None:
    exchange = with_long()
    intents: tuple[Intent, ...] = (
        AddMargin(id=LONG, amount=D(5)),
        WithdrawMargin(id=LONG, amount=D(1)),
        PlaceStop(id=LONG, trigger=D(95)),
        MoveStop(id=LONG, trigger=D(96)),
        CancelStop(id=LONG, client_id="a3"),
        PlaceTakeProfit(id=LONG, trigger=D(110), quantity=D(1)),
        ReducePosition(id=LONG, quantity=D(1)),
    )
    levers = exchange.capabilities(MAIN)
    for n, intent in enumerate(intents):
        assert levers.of(type(intent).__name__, MarginMode.ISOLATED, BTC).works
        assert do(exchange, intent, f"a{n}").kind is OutcomeKind.VERIFIED, intent


def test_openings_do_not_depend_on_the_default() -> None:
    exchange = an_exchange()
    exchange.open(0, holding(leverage="3"))
    assert the(exchange).leverage == D(3)
