"""Accounts at an exchange: where they are, how they are reached, and that no secret is in the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, load
from bot.config.accounts import VENUES, AccountTable
from bot.config.compose import paper_accounts
from bot.config.reaching import check_reachable, check_sendable, loopback_of
from bot.core.contracts import ContractKind
from bot.core.margin.venues import rules_for
from bot.core.types import Symbol
from bot.venues.live.registry import NAMES

Write = Callable[..., Path]

KEYS = 'keys = { api_key = "env:HOLDFAST_KEY", secret = "file:secret.txt" }'
LIVE = f"""\
mode = "live"

[accounts.main]
venue = "binanceusdm"
{KEYS}
"""
CANARY = "kLm9canary7Qx2"


def mistakes(path: Path, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return str(caught.value).splitlines()


def test_a_real_account_needs_no_balance_and_no_contracts(write: Write) -> None:
    account = load(write(text=LIVE), {}).config.accounts["main"]
    assert (account.venue, account.balance) == ("binanceusdm", None)
    assert account.keys is not None
    assert account.keys.secret == "file:secret.txt"


def test_rules_may_name_symbols_that_only_the_exchange_knows(write: Write) -> None:
    rule = '[[rules]]\nuse = "./guard.py"\nsymbols = ["SOL/USDT:USDT"]\nparams = { below = 0.1 }\n'
    assert load(write(text=LIVE + rule), {}).rules[0].symbols == frozenset({Symbol("SOL/USDT:USDT")})


def test_the_exchanges_of_the_file_are_those_that_are_spoken() -> None:
    assert VENUES == NAMES


def test_a_spot_symbol_is_told_from_a_misspelt_one(write: Write) -> None:
    rule = '[[rules]]\nuse = "./guard.py"\nsymbols = ["SOL/USDT"]\nparams = { below = 0.1 }\n'
    (found,) = mistakes(write(text=LIVE + rule))
    assert 'found "SOL/USDT"; that is a spot symbol' in found
    assert found.endswith('a perpetual is written like "SOL/USDT:USDT"')


def test_a_simulated_account_still_needs_its_balance(write: Write) -> None:
    path = write("balance = 5000\n", "")
    (found,) = mistakes(path)
    assert found.startswith(f"{path}:3: accounts.main.balance: missing; a simulated account needs")


def test_a_real_account_cannot_be_simulated_without_a_balance(write: Write) -> None:
    settings = load(write(text=LIVE), {})
    with pytest.raises(ConfigError, match=r"accounts.main.balance: missing; a simulated account"):
        paper_accounts(settings)


@pytest.mark.parametrize("venue", VENUES)
def test_an_account_follows_the_rules_of_its_venue(venue: str) -> None:
    account = AccountTable.model_validate({"venue": venue, "balance": 1})
    assert account.margin_rules == rules_for(venue, ContractKind.LINEAR).name


def test_rules_of_another_venue_are_a_mistake(write: Write) -> None:
    path = write(text=LIVE + 'margin_rules = "bybit_linear"\n')
    (found,) = mistakes(path)
    assert found.startswith(
        f'{path}:6: accounts.main.margin_rules: found "bybit_linear"; binanceusdm follows'
    )
    assert found.endswith('"binance_usdm"; leave it out')


def test_an_exchange_that_does_not_exist_is_named_with_those_that_do(write: Write) -> None:
    path = write('"binanceusdm"', '"binance"', text=LIVE)
    (found,) = mistakes(path)
    assert found.startswith(f'{path}:4: accounts.main.venue: found "binance"; allowed: "binanceusdm", ')
    assert found.endswith('did you mean "binanceusdm"?')


@pytest.mark.parametrize(
    "line",
    [
        f'keys = {{ api_key = "{CANARY}", secret = "env:B" }}',
        f'keys = {{ api_key = "env:A", secret = "env:{CANARY} " }}',
        f'keys = {{ api_key = "env:A", secret = "env:B", passphrase = ["{CANARY}"] }}',
        f'keys = "{CANARY}"',
        f'api_key = "{CANARY}"',
        f'keys = {{ api_key = "env:A", secret = "env:B", password = "{CANARY}" }}',
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(write: Write, line: str) -> None:
    path = write(KEYS, line, text=LIVE)
    (found,) = mistakes(path)
    assert found.startswith(f"{path}:5: accounts.main.")
    assert CANARY not in found


def test_a_secret_in_an_override_is_not_repeated_either(write: Write) -> None:
    (found,) = mistakes(write(text=LIVE), HOLDFAST__ACCOUNTS__MAIN__KEYS__SECRET=CANARY)
    assert found.startswith("environment variable HOLDFAST__ACCOUNTS__MAIN__KEYS__SECRET: accounts.main.keys")
    assert 'write where it is: "env:NAME", "file:PATH" or "keyring:SERVICE/NAME"' in found
    assert CANARY not in found


def test_loopback_has_no_host_to_name(write: Write) -> None:
    path = write(text=LIVE + 'loopback = { host = "10.0.0.7", port = 8443, ca_file = "ca.pem" }\n')
    assert mistakes(path) == [
        f"{path}:6: accounts.main.loopback.host: unknown key; allowed: port, ca_file",
    ]


def test_what_reaches_an_exchange_means_nothing_on_paper(write: Write) -> None:
    path = write("balance = 5000", f"balance = 5000\n{KEYS}")
    assert mistakes(path)[0].startswith(f"{path}:6: accounts.main.keys: an account on paper only has none")


def test_accounts_at_two_exchanges_need_two_files(write: Write) -> None:
    path = write(text=LIVE + f'[accounts.other]\nvenue = "okx"\n{KEYS}\n')
    assert any("accounts at different exchanges" in found for found in mistakes(path))


def test_where_a_key_is_kept_changes_nothing_of_what_holds(write: Write) -> None:
    one = load(write(text=LIVE), {})
    two = load(write("env:HOLDFAST_KEY", "keyring:holdfast/main", name="b.toml", text=LIVE), {})
    assert one.digest() == two.digest()
    assert "HOLDFAST_KEY" not in one.canonical()


def test_a_live_start_without_loopback_is_refused_with_its_line(write: Write) -> None:
    path = write(text=LIVE)
    with pytest.raises(ConfigError) as caught:
        check_sendable(load(path, {}))
    assert str(caught.value).startswith(
        f"{path}:4: accounts.main.venue: this version sends nothing to a real"
    )


def test_a_live_start_needs_the_word_in_the_file(write: Write) -> None:
    path = write('mode = "live"', 'mode = "paper"', text=LIVE)
    with pytest.raises(ConfigError, match=r'bot.toml:1: mode: found "paper"; --live needs mode = "live"'):
        check_sendable(load(path, {}))


def test_a_real_account_needs_venue_and_keys(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        check_reachable(load(write(), {}))
    first, second = str(caught.value).splitlines()
    assert "accounts.main.keys: missing; a real account needs it" in first
    assert "accounts.main.venue: missing; a real account needs it" in second


def test_okx_has_a_passphrase(write: Write) -> None:
    path = write("binanceusdm", "okx", text=LIVE)
    with pytest.raises(ConfigError, match=r"bot.toml:5: accounts.main.keys.passphrase: missing; OKX has one"):
        check_reachable(load(path, {}))


def test_the_certificate_is_looked_for_beside_the_file(write: Write, tmp_path: Path) -> None:
    path = write(text=LIVE + 'loopback = { port = 8443, ca_file = "ca.pem" }\n')
    settings = load(path, {})
    account = settings.config.accounts["main"]
    with pytest.raises(ConfigError, match=r"ca_file: .*ca.pem: no such file"):
        loopback_of(settings, "main", account)
    (tmp_path / "ca.pem").write_text("a certificate")
    assert loopback_of(settings, "main", account) == (8443, tmp_path / "ca.pem")
    check_sendable(settings)
