"""What the look at an account says before anything is sent."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.config.model import Config, SeatbeltTable
from bot.core.contracts import Tier
from bot.core.intents import AddMargin, OpenHedge, ReducePosition
from bot.core.settings import RuleEntry
from bot.core.types import PositionId, PositionMode, RuleName, Symbol
from bot.runtime.starting.findings import Finding, Level, Read, findings
from bot.venues.live.dialects import xt
from bot.venues.live.terms import Balance, Instrument, KeyRights, Listing, Setup
from strategies.delta_hedge import DeltaHedge, DeltaHedgeParams
from tests.building.core import BTC, CROSS, ETH, ETH_LONG, LONG, a_contract, a_position, a_stop, says
from tests.building.live import GOOD_KEY, a_listing, a_market, a_read, a_state, some_traits

D = Decimal
SOL = Symbol("SOL/USDT:USDT")
KEYS = {"api_key": "env:A", "secret": "env:B"}


def a_config(*, limits: dict[str, Any] | None = None, **account: Any) -> Config:
    rule = {"use": "top_up", "symbols": [str(BTC)]}
    main = {"venue": "binanceusdm", "keys": KEYS} | account
    return Config.model_validate({"accounts": {"main": main}, "rules": [rule], "limits": limits or {}})


def of(level: Level, read: Read, config: Config | None = None) -> list[str]:
    return [each.text for each in findings(read, config or a_config(), ()) if each.level is level]


def refused(read: Read, config: Config | None = None) -> list[Finding]:
    return [each for each in findings(read, config or a_config(), ()) if each.level is Level.REFUSE]


def rights(**changes: Any) -> KeyRights:
    defaults = {"trade": True, "withdraw": False, "transfer": False, "ip_restricted": True}
    return KeyRights(**(defaults | changes))


def test_an_account_that_fits_is_described_and_nothing_refused() -> None:
    assert of(Level.REFUSE, a_read()) == of(Level.WARN, a_read()) == []
    assert of(Level.NOTE, a_read()) == [
        (
            "the key may trade, may not withdraw, may not transfer to other accounts,"
            " works from the addresses it is bound to"
        ),
        "clock 12 ms off that of the exchange",
        "the account is in one-way mode",
        "wallet 1000 USDT, 900 free",
        "BTC/USDT:USDT long 1 isolated 5x; maintenance 4% in 1 tier, steps 0.1 in price and 0.001 in size",
        "BTC/USDT:USDT long: a stop rests at the exchange: ours at 92",
    ]


@pytest.mark.parametrize("right", ["withdraw", "transfer"])
def test_a_key_that_can_move_money_away_is_refused(right: str) -> None:
    (found,) = refused(a_read(rights=rights(**{right: True})))
    assert found.text.startswith(f"the key may {right} money")
    assert f'accept_key_rights = ["{right}"]' in found.text
    assert found.key == ("accounts", "main", "keys")


def test_a_right_that_was_accepted_is_only_said() -> None:
    config = a_config(accept_key_rights=["transfer"])
    read = a_read(rights=rights(transfer=True))
    assert refused(read, config) == []
    assert of(Level.WARN, read, config) == [
        "the key may transfer money to other accounts, which accept_key_rights accepts"
    ]
    assert len(refused(a_read(rights=rights(withdraw=True)), config)) == 1


def test_a_key_that_may_not_trade_is_refused() -> None:
    assert refused(a_read(rights=rights(trade=False)))[0].text.startswith("the key may not trade")


def test_a_key_for_portfolio_margin_is_warned_of() -> None:
    (said,) = of(Level.WARN, a_read(rights=rights(portfolio_margin=True)))
    assert "portfolio margin" in said


def test_a_key_that_works_from_anywhere_is_warned_of() -> None:
    (text,) = of(Level.WARN, a_read(rights=rights(ip_restricted=False)))
    assert text.startswith("the key may be used from any address; bind it")


def test_what_the_exchange_does_not_tell_of_a_key_is_said() -> None:
    assert "does not tell what a key may do" in of(Level.WARN, a_read(rights=None))[0]
    unknown = KeyRights(trade=None, withdraw=None, transfer=None, ip_restricted=None)
    said = of(Level.WARN, a_read(rights=unknown))
    assert len(said) == 3
    assert refused(a_read(rights=unknown)) == []


@pytest.mark.parametrize(
    ("skew_ms", "level", "word"),
    [
        (500, Level.NOTE, "500 ms off"),
        (501, Level.WARN, "behind"),
        (-4_000, Level.WARN, "ahead of"),
        (5_001, Level.REFUSE, "behind"),
        (-90_000, Level.REFUSE, "ahead of"),
    ],
)
def test_a_wrong_clock_is_said_and_a_very_wrong_one_refused(skew_ms: int, level: Level, word: str) -> None:
    said = [each for each in findings(a_read(skew_ms=skew_ms), a_config(), ()) if "clock" in each.text]
    assert [each.level for each in said] == [level]
    assert word in said[0].text


def test_hedge_mode_where_one_way_is_configured_is_refused() -> None:
    (found,) = refused(a_read(setup=Setup(position_mode=PositionMode.HEDGE)))
    assert found.key == ("accounts", "main", "position_mode")
    assert found.text.startswith('the account is in hedge mode and the file says "one_way"')


def test_a_mode_the_exchange_does_not_have_is_refused() -> None:
    traits = some_traits(name="xt", position_modes=frozenset({PositionMode.HEDGE}))
    (found,) = refused(a_read(traits=traits, setup=Setup(position_mode=PositionMode.HEDGE)))
    assert found.text == 'xt knows "hedge" only'


def test_portfolio_margin_is_refused_in_the_words_of_the_dialect() -> None:
    setup = Setup(position_mode=PositionMode.ONE_WAY, refuse=("multi-asset mode is on; turn it off",))
    assert [each.text for each in refused(a_read(setup=setup))] == ["multi-asset mode is on; turn it off"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"markets": {}}, "binanceusdm does not list BTC/USDT:USDT"),
        ({"markets": {BTC: a_market(BTC, spot=True)}}, "is a spot market"),
        ({"markets": {BTC: a_market(BTC, active=False)}}, "in maintenance"),
        ({"listing": a_listing(ETH)}, "tells no maintenance tiers of BTC/USDT:USDT"),
    ],
)
def test_a_rule_on_a_symbol_that_cannot_be_guarded_is_refused_with_its_line(
    changes: dict[str, Any], said: str
) -> None:
    (found,) = refused(a_read(state=a_state(positions=(), orders=()), **changes))
    assert said in found.text
    assert found.key == ("rules", 0, "symbols", 0)


def test_a_misspelt_symbol_gets_a_suggestion() -> None:
    markets = {BTC: a_market(BTC)}
    config = Config.model_validate(
        {
            "accounts": {"main": {"venue": "binanceusdm", "keys": KEYS}},
            "rules": [{"use": "top_up", "symbols": ["BTCC/USDT:USDT"]}],
        }
    )
    assert 'did you mean "BTC/USDT:USDT"?' in refused(a_read(markets=markets), config)[0].text


def test_a_position_in_a_market_under_maintenance_is_warned_of_and_the_others_guarded() -> None:
    markets = {BTC: a_market(BTC), ETH: a_market(ETH, active=False)}
    state = a_state(positions=(a_position(), a_position(ETH_LONG)))
    read = a_read(markets=markets, state=state)
    assert refused(read) == []
    assert any("ETH/USDT:USDT long: ETH/USDT:USDT is not traded now" in said for said in of(Level.WARN, read))


def test_a_position_without_a_stop_is_in_danger() -> None:
    assert of(Level.DANGER, a_read(state=a_state(orders=()))) == [
        "BTC/USDT:USDT long: no stop rests at the exchange"
    ]


def test_stops_of_somebody_else_are_told_apart() -> None:
    state = a_state(orders=(a_stop("91"), a_stop("92", client_id="hf-1-1"), a_stop("90", ETH_LONG)))
    assert "a stop rests at the exchange: not ours at 91, ours at 92" in " ".join(
        of(Level.NOTE, a_read(state=state))
    )


def test_a_stop_that_would_close_only_a_part_is_a_danger() -> None:
    state = a_state(orders=(a_stop("92", quantity="0.4", client_id="hf-1-1"), a_stop("91", quantity="0.5")))
    (said,) = of(Level.DANGER, a_read(state=state))
    assert said.startswith("BTC/USDT:USDT long: no stop that rests closes all of it: ")
    assert said.endswith("ours at 92 for 0.4 of 1, not ours at 91 for 0.5 of 1")
    whole = a_state(orders=(a_stop("92", quantity="0", closes_position=True),))
    assert of(Level.DANGER, a_read(state=whole)) == []


@pytest.mark.parametrize(("trigger", "danger"), [("89", True), ("89.5", True), ("89.6", False)])
def test_a_stop_behind_liquidation_is_a_danger(trigger: str, danger: bool) -> None:
    state = a_state(orders=(a_stop(trigger),), venue_liquidation={LONG: D("89.5")})
    said = of(Level.DANGER, a_read(state=state))
    where = "BTC/USDT:USDT long: no stop that rests comes before liquidation at 89.5"
    assert said == ([f"{where}: not ours at {trigger}"] if danger else [])


def test_a_rule_that_could_do_nothing_at_this_exchange_is_refused_with_its_place() -> None:
    hedges = says("hedges", proposes=[OpenHedge])
    traits = replace(xt.DIALECT.traits, position_modes=frozenset(PositionMode))
    read = replace(a_read(), traits=traits)
    rules = (says("top_up", proposes=[AddMargin]), hedges)
    (found,) = [each for each in findings(read, a_config(), rules) if each.key]
    assert (found.level, found.key, found.mistaken) == (Level.REFUSE, ("rules", 1), True)
    assert found.text.startswith("rule hedges can do nothing on any position: ")


def test_a_contract_that_a_rule_looks_at_has_to_be_traded_there() -> None:
    params = DeltaHedgeParams(reference="SOL/USDT:USDT", returns=20)
    entry = RuleEntry(rule=DeltaHedge(RuleName("delta"), params))
    found = next(each for each in findings(a_read(), a_config(), (entry,)) if each.key)
    assert (found.level, found.key, found.mistaken) == (Level.REFUSE, ("rules", 0, "params"), True)
    assert found.text.startswith("rule delta looks at SOL/USDT:USDT: binanceusdm does not list SOL/USDT:USDT")


def test_the_margin_mode_and_the_figure_of_the_exchange_are_shown() -> None:
    state = a_state(positions=(a_position(mode=CROSS),), venue_liquidation={LONG: D("89.5")})
    assert any(
        "long 1 cross 5x, liquidation at 89.5 by the exchange" in said
        for said in of(Level.NOTE, a_read(state=state))
    )


def test_tiers_and_filters_are_told_of_what_is_held_and_of_what_rules_name() -> None:
    tiers = (
        Tier(floor=D(0), cap=D(50_000), rate=D("0.004")),
        Tier(floor=D(50_000), cap=None, rate=D("0.125"), deduction=D(6050)),
    )
    contract = a_contract(tiers=tiers, min_quantity=D("0.002"), min_notional=D(5))
    listing = Listing([Instrument(id="BTCUSDT", contract=contract, max_quantity=D(120))])
    terms = (
        "maintenance 0.4% to 12.5% in 2 tiers, steps 0.1 in price and 0.001 in size, 0.002 at least,"
        " worth 5 USDT at least, 120 at most in one order"
    )
    assert f"BTC/USDT:USDT long 1 isolated 5x; {terms}" in of(Level.NOTE, a_read(listing=listing))
    flat = a_read(listing=listing, state=a_state(positions=(), orders=()))
    assert f"BTC/USDT:USDT: {terms}" in of(Level.NOTE, flat)


def test_a_position_that_no_single_order_can_close_is_warned_of() -> None:
    listing = Listing([Instrument(id="BTCUSDT", contract=a_contract(), max_quantity=D("0.5"))])
    (said,) = of(Level.WARN, a_read(listing=listing))
    assert said.startswith("BTC/USDT:USDT long: larger than the 0.5 one order may carry")


def test_what_is_told_of_a_key_is_shown_as_far_as_it_is_told() -> None:
    barely = rights(trade=None, withdraw=False, transfer=None, ip_restricted=False)
    assert "the key may not withdraw" in of(Level.NOTE, a_read(rights=barely))


def test_a_position_larger_than_the_last_tier_or_smaller_than_a_lot_is_warned_of() -> None:
    tiers = (Tier(floor=D(0), cap=D(50), rate=D("0.04")),)
    assert "which ends at 50" in " ".join(of(Level.WARN, a_read(listing=a_listing(tiers=tiers))))
    listing = a_listing(lot=D(2))
    assert "only a whole close is possible" in " ".join(of(Level.WARN, a_read(listing=listing)))


def test_rows_that_made_no_sense_are_said_but_not_without_end() -> None:
    state = a_state(flaws=tuple(f"row {n}" for n in range(9)))
    said = of(Level.WARN, a_read(state=state))
    assert said[0] == "not understood: row 0"
    assert said[-1] == "not understood: and 4 more"
    assert len(said) == 6


def test_budgets_that_could_mean_two_currencies_are_refused() -> None:
    coin = Symbol("BTC/USD:BTC")
    inverse = a_contract(coin, settlement="BTC")
    listing = Listing([Instrument(id="a", contract=a_contract()), Instrument(id="b", contract=inverse)])
    id_ = PositionId(LONG.account, coin, LONG.side)
    state = a_state(positions=(a_position(), a_position(id_)))
    markets = {BTC: a_market(BTC), coin: a_market(coin)}
    read = a_read(listing=listing, state=state, markets=markets)
    assert refused(read) == []
    (found,) = refused(read, a_config(limits={"reserve": 100}))
    assert found.key == ("limits", "reserve")


def test_a_seatbelt_that_is_off_is_warned_of() -> None:
    config = a_config().model_copy(update={"seatbelt": SeatbeltTable(enabled=False)})
    assert any("the seatbelt is off" in said for said in of(Level.WARN, a_read(), config))


def test_what_refuses_comes_first() -> None:
    read = a_read(rights=rights(withdraw=True), skew_ms=900)
    levels = [each.level for each in findings(read, a_config(), ())]
    assert levels == sorted(levels, key=list(Level).index)


def test_every_wallet_is_shown() -> None:
    state = a_state(balances=(Balance(currency="BTC", wallet=D("0.50"), free=D("0.1")),))
    assert "wallet 0.5 BTC, 0.1 free" in of(Level.NOTE, a_read(state=state, rights=GOOD_KEY))


def test_a_rule_that_can_do_nothing_on_a_position_is_warned_of() -> None:
    top_up = says("top_up", proposes=[AddMargin])
    elsewhere = says("elsewhere", proposes=[AddMargin], symbols=frozenset({ETH}))
    either = says("either", proposes=[AddMargin, ReducePosition])
    read = a_read(state=a_state(positions=(a_position(mode=CROSS),)))
    said = [each.text for each in findings(read, a_config(), (top_up, elsewhere, either))]
    (text,) = [text for text in said if "rule" in text]
    assert text.startswith("BTC/USDT:USDT long cross: rule top_up cannot work: no isolated margin in cross")
    assert text.endswith("use ReducePosition there")


def test_what_the_file_is_wrong_about_is_told_from_what_the_account_is_not_fit_for() -> None:
    (mode,) = refused(a_read(setup=Setup(position_mode=PositionMode.HEDGE)))
    (key,) = refused(a_read(rights=rights(withdraw=True)))
    (idle,) = refused(a_read(rights=rights(trade=False)))
    assert [mode.mistaken, key.mistaken] == [True, False]
    assert [key.only_to_act, idle.only_to_act] == [False, True]
