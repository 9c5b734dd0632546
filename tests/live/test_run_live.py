"""The whole bot on real sockets: the unmodified client of ccxt, over TLS, against an exchange of our own."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bot.core.types import PositionMode
from tests.building.contracts import BTC
from tests.building.exchange import Exchange, a_real_time_world, running
from tests.building.simulator import ALICE, ALICES_KEY
from tests.live.conftest import configured
from tests.live.running_bot import Bot, guarded
from tests.simulator.binance_desk import Client

Run = Callable[..., Result]
PAPER = """\
[accounts.main]
venue = "binanceusdm"
balance = 5000
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 10
leverage = 10

[contracts."BTC/USDT:USDT"]
tick = 0.1
lot = 0.01
synthetic_tiers = true
tiers = [{{ floor = 0, rate = 0.01 }}]

[limits]
cooldown = "1s"

[[rules]]
use = "top_up"
params = {{ below = 0.07, restore_to = 0.10 }}
"""
POSITION = "BTC/USDT:USDT/long"


def multi_assets(exchange: Exchange) -> None:
    """Every currency backs every position: its owner chose so, with no isolated position in the way."""
    wire: Any = exchange.wire
    client, sell = Client(wire), {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "10"}
    client.ask("POST", "/fapi/v1/order", reduceOnly="true", **sell)
    assert client.ask("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")["code"] == 200


def stops(books: Any) -> list[Decimal]:
    return [Decimal(order["trigger"]) for order in books["orders"] if order["trigger"]]


def margin(books: Any) -> Decimal:
    return Decimal(books["positions"][POSITION]["margin"])


def is_defended(books: Any) -> bool:
    """Whether margin was added and the stop has followed, the old one being gone."""
    return margin(books) > 100 and len(stops(books)) == 1 and stops(books)[0] < Decimal(91)


def test_a_crash_is_met_with_margin_and_a_stop_on_the_books_of_the_exchange(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    seen: dict[str, Any] = {}

    def crash(bot: Bot) -> None:
        # 100 of margin, 2 % with a deduction of 5 at 10 x 91.3: liquidated at (1000 - 100 - 5) / 9.8.
        seen["before"] = exchange.until(lambda books: len(stops(books)) == 1)
        exchange.mark("97")
        seen["after"] = exchange.until(is_defended)

    answer = guarded(holdfast, config, "--live", crash)
    assert answer.exit_code == 0, answer.output + answer.stderr
    before, after = seen["before"], seen["after"]
    assert Decimal("91.3") < stops(before)[0] < Decimal(100)
    # A long of 10 that is liquidated 10 % below 97 needs 1000 - 9.8 * 87.3 - 5 = 139.46 of margin.
    assert margin(after) == Decimal("139.46")
    assert Decimal("87.3") < stops(after)[0] < Decimal(97)
    rows = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "action").stdout)["rows"]
    assert [row["rule"] for row in rows] == ["seatbelt", "top_up", "seatbelt"]
    outcomes = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "outcome").stdout)["rows"]
    left = [row["body"]["client_id"] for row in outcomes if row["kind"] == "Sent"]
    assert left == [row["body"]["client_id"] for row in rows]
    explained = holdfast("explain", "BTC", "-c", config)
    assert explained.exit_code == 0, explained.stderr
    assert "top_up" in explained.output


def test_the_next_run_takes_over_what_the_first_one_left(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def crash(bot: Bot) -> None:
        exchange.mark("97")
        exchange.until(is_defended)

    guarded(holdfast, config, "--live", crash)
    left = exchange.books()

    def look(bot: Bot) -> None:
        bot.until(lambda: bot.rows("StateChanged", contains='"now":"hf-'))

    answer = guarded(holdfast, config, "--live", look)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "main armed" in answer.output
    assert exchange.books() == left
    (position,) = json.loads(holdfast("explain", "BTC", "-c", config, "--json").stdout)["positions"]
    assert {rule["rule"]: rule["times_acted"] for rule in position["rules"]}["top_up"] == 1


def test_paper_accounts_live_on_the_same_market_and_touch_nothing(
    holdfast: Run, exchange: Exchange, tmp_path: Path
) -> None:
    path = tmp_path / "paper.toml"
    path.write_text(PAPER.format(port=exchange.port, ca_file=exchange.ca_file))
    untouched = exchange.books()

    def crash(bot: Bot) -> None:
        exchange.mark("97")
        bot.until(lambda: bot.acted() == ["seatbelt", "top_up", "seatbelt"])

    answer = guarded(holdfast, path, "--paper", crash)
    assert answer.exit_code == 0, answer.output + answer.stderr
    rows = json.loads(holdfast("journal", "-c", path, "--json", "--kind", "action").stdout)["rows"]
    assert [row["rule"] for row in rows] == ["seatbelt", "top_up", "seatbelt"]
    assert exchange.books() == untouched
    assert holdfast("explain", "BTC", "-c", path).exit_code == 0


@pytest.mark.parametrize(
    ("symbol", "said"),
    [("DOGE/USDT:USDT", "does not list DOGE/USDT:USDT"), ("ETH/USDT:USDT", "is not traded now")],
)
def test_a_rule_on_a_symbol_that_is_not_there_or_in_maintenance_is_one_line(
    holdfast: Run, exchange: Exchange, config: Path, symbol: str, said: str
) -> None:
    exchange.control("POST", "/market", symbol="ETH/USDT:USDT", halted=True)
    text = config.read_text().replace('use = "top_up"', f'use = "top_up"\nsymbols = ["{symbol}"]')
    config.write_text(text)
    answer = holdfast("run", config, "--live", "--for", "9s")
    assert answer.exit_code in {4, 6}, answer.output
    (line,) = answer.stderr.splitlines()
    number = 1 + text.splitlines().index(f'symbols = ["{symbol}"]')
    assert line.startswith(f"{config}:{number}: rules[1].symbols[1]: ")
    assert said in line
    assert exchange.books()["orders"] == []


def test_in_shadow_everything_is_decided_and_nothing_reaches_the_exchange(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    untouched = exchange.books()

    def crash(bot: Bot) -> None:
        exchange.mark("97")
        bot.until(lambda: {"seatbelt", "top_up"} <= {row["rule"] for row in bot.rows("Refusal")})

    answer = guarded(holdfast, config, "--shadow", crash)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert exchange.books() == untouched
    rows = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "refusal").stdout)["rows"]
    assert {("top_up", "shadow"), ("seatbelt", "shadow")} <= {
        (row["rule"], row["body"]["because"]) for row in rows
    }
    assert json.loads(holdfast("journal", "-c", config, "--json", "--kind", "action").stdout)["rows"] == []
    assert holdfast("explain", "BTC", "-c", config).exit_code == 0


@pytest.mark.parametrize("command", ["--live", "--shadow", "doctor"])
@pytest.mark.parametrize(
    ("change", "exit_code", "said"),
    [
        (
            lambda e: e.world.keys.add(replace(ALICES_KEY, withdraw=True)),
            6,
            "accounts.main.keys: the key may withdraw money",
        ),
        (
            lambda e: e.world.keys.add(replace(ALICES_KEY, secret="another")),
            4,
            "binanceusdm does not accept this key",
        ),
        (
            lambda e: e.control("POST", "/clock", skew_ms=60_000),
            6,
            "behind that of the exchange; set it by NTP",
        ),
        (multi_assets, 6, "multi-assets mode is on"),
    ],
    ids=["withdraw", "wrong key", "clock", "multi-assets"],
)
def test_what_does_not_fit_is_one_line_and_nothing_is_sent(
    holdfast: Run,
    exchange: Exchange,
    config: Path,
    change: Callable[[Exchange], object],
    exit_code: int,
    said: str,
    command: str,
) -> None:
    change(exchange)
    before = exchange.books()
    arguments = ("doctor", config) if command == "doctor" else ("run", config, command, "--for", "9s")
    answer = holdfast(*arguments)
    assert answer.exit_code == exit_code, answer.output + answer.stderr
    assert said in answer.output + answer.stderr
    assert exchange.books() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"binanceusdm"', '"binanceusd"', 'accounts.main.venue: found "binanceusd"'),
        ('use = "top_up"', 'use = "top_up"\nsymbols = ["BTC/USDT"]', "that is a spot symbol"),
    ],
    ids=["unknown venue", "spot symbol"],
)
@pytest.mark.parametrize("command", ["--live", "--shadow", "doctor"])
def test_a_mistake_of_the_file_is_one_line_before_anybody_is_asked(
    holdfast: Run, exchange: Exchange, config: Path, old: str, new: str, said: str, command: str
) -> None:
    config.write_text(config.read_text().replace(old, new, 1))
    arguments = ("doctor", config) if command == "doctor" else ("run", config, command, "--for", "9s")
    answer = holdfast(*arguments)
    assert answer.exit_code == 4, answer.output
    (line,) = answer.stderr.splitlines()
    assert said in line
    assert exchange.wire.statuses == []


def test_hedge_mode_where_one_way_is_configured_is_one_line(
    holdfast: Run, certificates: Path, tmp_path: Path
) -> None:
    with running(a_real_time_world(PositionMode.HEDGE), certificates) as exchange:
        path = configured(exchange, tmp_path)
        answer = holdfast("run", path, "--live", "--for", "9s")
        assert answer.exit_code == 4, answer.output
        (line,) = answer.stderr.splitlines()
        assert line.startswith(f"{path}:3: accounts.main.position_mode: the account is in hedge mode and the")
        assert exchange.books()["orders"] == []
        path.write_text(path.read_text().replace("[limits]", 'position_mode = "hedge"\n[limits]'))
        assert holdfast("doctor", path).exit_code == 7


def test_two_accounts_share_one_run_and_one_gate(
    holdfast: Run, exchange: Exchange, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOBS_KEY", "bob-key")
    monkeypatch.setenv("BOBS_SECRET", "bob-secret")
    other = config.read_text().partition("[accounts.main]")[2].partition("[limits]")[0]
    config.write_text(config.read_text() + "[accounts.other]" + other.replace("ALICES", "BOBS"))
    looked = holdfast("doctor", config, "--json")
    assert looked.exit_code == 7, looked.stderr
    report = json.loads(looked.stdout)
    assert set(report["accounts"]) == {"main", "other"}
    assert any("no open position" in each["text"] for each in report["accounts"]["other"])
    answer = guarded(holdfast, config, "--live", lambda _: None)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "main armed, other armed" in answer.output


def test_a_key_that_is_revoked_while_it_runs_is_said_once(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def revoke(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.control("POST", "/account", revoke="alice-key")
        exchange.mark("97")  # A rule wants to act, and so it is found out at once.
        bot.until(lambda: bot.status()["states"] == {"main": "auth_lost"})
        # The action was refused and so is the next reading, which is not said again.
        bot.until(lambda: exchange.wire.statuses.count(401) > 1)

    answer = guarded(holdfast, config, "--live", revoke)
    assert answer.exit_code == 0, answer.output + answer.stderr
    lines = [line for line in answer.output.splitlines() if "armed -> auth_lost" in line]
    assert len(lines) == 1, answer.output
    assert len(stops(exchange.books())) == 1


@pytest.mark.slow
def test_funding_that_was_settled_and_what_a_hand_did_are_in_the_journal(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    ticker = exchange.world.market[BTC]

    def settle(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        ticker.next_funding_ms = time.time_ns() // 1_000_000 + 3_000
        exchange.mark("100.1")
        bot.until(lambda: ticker.next_funding_ms <= time.time_ns() // 1_000_000)
        exchange.control("POST", "/market", symbol=BTC, settle=True)
        bot.until(lambda: bot.rows("FundingPaid"), 60)
        wire: Any = exchange.wire
        order = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "4", "reduceOnly": "true"}
        Client(wire).ask("POST", "/fapi/v1/order", **order)
        bot.until(lambda: bot.rows("StateChanged", contains='"was":"10 held","now":"6 held"'), 60)

    answer = guarded(holdfast, config, "--live", settle, "120s")
    assert answer.exit_code == 0, answer.output + answer.stderr
    rows = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "funding").stdout)["rows"]
    (booked,) = exchange.world.view(ALICE).income[:1]
    assert [Decimal(row["body"]["amount"]) for row in rows] == [booked.amount]
