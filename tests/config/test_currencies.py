"""Inverse and dated contracts in the configuration, and money in several currencies."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.config.compose import contract, limits, paper_accounts
from bot.core.settings import Budgets, BudgetsByCurrency
from bot.core.types import AccountName, Symbol
from tests.config.conftest import BASE, Write

D = Decimal
MAIN = AccountName("main")
BTC, COIN = Symbol("BTC/USDT:USDT"), Symbol("BTC/USD:BTC")
OWN_COINS = 'balance = 5000\ncurrency = "USDT"\nothers = { BTC = 0.5 }'
COIN_TABLE = """
[contracts."BTC/USD:BTC"]
kind = "inverse"
tick = 0.1
lot = 1
tiers = [{ floor = 0, rate = 0.004 }]
"""


def settings_of(path: Path) -> Settings:
    return load(path, {})


def test_a_contract_of_another_kind_follows_the_venues_rules_for_that_kind(write: Write) -> None:
    both = BASE.replace("balance = 5000", OWN_COINS) + COIN_TABLE
    settings = settings_of(write(text=both))
    inverse = contract(settings, COIN)
    assert (inverse.rules.name, inverse.settlement, inverse.margin_step) == (
        "binance_coinm",
        "BTC",
        D("0.00000001"),
    )
    linear = contract(settings, BTC)
    assert (linear.rules.name, linear.settlement, linear.margin_step) == ("binance_usdm", "USDT", D("0.01"))
    accounts = paper_accounts(settings, (inverse, linear))
    assert [dict(account.balances) for account in accounts] == [{"USDT": D(5000), "BTC": D("0.5")}]


def test_a_written_margin_step_holds_for_coins_too(write: Write) -> None:
    table = COIN_TABLE.replace("lot = 1", "lot = 1\nmargin_step = 0.001")
    settings = settings_of(write(text=BASE.replace("balance = 5000", OWN_COINS) + table))
    assert contract(settings, COIN).margin_step == D("0.001")


def test_a_dated_contract_expires_at_eight_or_when_it_is_said_to(write: Write) -> None:
    dated = BASE.replace("BTC/USDT:USDT", "BTC/USDT:USDT-261225")
    symbol = Symbol("BTC/USDT:USDT-261225")
    # 2026-12-25 08:00 UTC is 1,798,185,600 s after the epoch.
    assert contract(settings_of(write(text=dated)), symbol).expiry_ms == 1_798_185_600_000
    said = dated.replace("tick = 0.1", "tick = 0.1\nexpiry = 2026-12-25T09:30:00Z")
    assert contract(settings_of(write(text=said)), symbol).expiry_ms == 1_798_191_000_000
    day = dated.replace("tick = 0.1", 'tick = 0.1\nexpiry = "2026-12-25"')
    assert contract(settings_of(write(text=day)), symbol).expiry_ms == 1_798_185_600_000
    assert contract(settings_of(write()), BTC).expiry_ms is None


def test_a_balance_is_in_what_the_contracts_settle_in(write: Write) -> None:
    settings = settings_of(write())
    (account,) = paper_accounts(settings, (contract(settings, BTC),))
    assert dict(account.balances) == {"USDT": D(5000)}
    text = BASE.replace("BTC/USDT:USDT", "BTC/USD:BTC")
    coins = settings_of(write(text=text))
    (account,) = paper_accounts(coins, (contract(coins, COIN),))
    assert dict(account.balances) == {"BTC": D(5000)}


def test_money_of_an_unknown_currency_is_refused_when_the_tapes_bring_several(write: Write) -> None:
    text = BASE.replace('[contracts."BTC/USDT:USDT"]', '[contracts."*"]')
    settings = settings_of(write(text=text))
    contracts = (contract(settings, BTC), contract(settings, COIN))
    with pytest.raises(ConfigError, match="contracts settle in USDT and BTC; write which the balance is in"):
        paper_accounts(settings, contracts)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", COIN_TABLE, "contracts settle in USDT and BTC; write which the balance is in"),
        ("balance = 5000", OWN_COINS + "\n[limits]\nreserve = 100", "reserve"),
        ("tick = 0.1", 'tick = 0.1\nkind = "inverse"', "settles in USDT, so it is linear"),
        ("tick = 0.1", "tick = 0.1\nexpiry = 2026-12-25", "is a perpetual"),
        ('[contracts."BTC/USDT:USDT"]', '[contracts."*"]\nkind = "linear"', "every symbol has its own"),
        ('[contracts."BTC/USDT:USDT"]', '[contracts."*"]\nexpiry = 2026-12-25', "every symbol has its own"),
        ("tick = 0.1", 'tick = 0.1\nexpiry = "christmas"', "allowed: a date such as 2026-12-25"),
        ("tick = 0.1", "tick = 0.1\nexpiry = 2026-12-25T08:00:00", "allowed: a date such as 2026-12-25"),
        ("balance = 5000", "balance = 5000\nothers = { btc = 1 }", "a currency in capitals"),
        ("balance = 5000", 'balance = 5000\ncurrency = "BTC"\nothers = { BTC = 1 }', "write it once"),
        ("BTC/USDT:USDT", "BTC/USDT:USDT-261332", "261332 is no date"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(write: Write, old: str, new: str, found: str) -> None:
    text = BASE.replace(old, new) if old else BASE + new
    if "reserve" in new:
        text += COIN_TABLE
    with pytest.raises(ConfigError, match=found):
        settings_of(write(text=text))


def test_each_currency_may_have_budgets_of_its_own(write: Write) -> None:
    text = BASE.replace("balance = 5000", OWN_COINS) + COIN_TABLE
    text += (
        "\n[limits]\nmargin_per_day = 500\n[limits.currencies.BTC]\nmargin_per_day = 0.02\nreserve = 0.1\n"
    )
    found = limits(settings_of(write(text=text)).config.limits)
    assert found.budgets(MAIN, "USDT").margin_per_day == D(500)
    assert found.budgets(MAIN, "BTC") == Budgets(margin_per_day=D("0.02"), reserve=D("0.1"))


def test_each_account_may_have_budgets_of_its_own(write: Write) -> None:
    text = BASE + "\n[limits]\nmargin_per_day = 500\n[limits.accounts.main]\nmargin_per_position = 20\n"
    found = limits(settings_of(write(text=text)).config.limits)
    assert found.budgets(MAIN, "USDT") == BudgetsByCurrency(margin_per_position=D(20))
    assert found.budgets(AccountName("sub"), "USDT").margin_per_day == D(500)


@pytest.mark.parametrize(
    ("coins", "budgets", "found"),
    [
        ("", "[limits.accounts.mian]\nreserve = 1", 'there is no such account; did you mean "main"'),
        (COIN_TABLE, "[limits.accounts.main]\nreserve = 1", r"\[limits.accounts.main.currencies.BTC\]"),
    ],
)
def test_budgets_of_an_account_that_cannot_hold_are_refused(
    write: Write, coins: str, budgets: str, found: str
) -> None:
    text = BASE.replace("balance = 5000", OWN_COINS) + coins + budgets
    with pytest.raises(ConfigError, match=found):
        settings_of(write(text=text))
