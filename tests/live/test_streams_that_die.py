"""Streams, keys, limits and clocks that fail on the wire while the real bot guards."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.building.exchange import Exchange
from tests.building.simulator import ALICE
from tests.live.running_bot import Bot, guarded
from tests.live.test_run_live import margin, stops

pytestmark = pytest.mark.slow
Run = Callable[..., Result]
PRIVATE = "/private/"
LASTING = "180s"


def state(bot: Bot) -> str:
    status = bot.status()
    return str(status["states"]["main"]) if status else "nobody answers"


def told(bot: Bot, kind: str) -> list[dict[str, Any]]:
    return [row["body"] for row in bot.rows(kind)]


def moves(bot: Bot) -> list[tuple[str, str]]:
    """The states of the account, as the journal has them."""
    changes = [body for body in told(bot, "StateChanged") if body["subject"] == "account:main"]
    return [(body["was"], body["now"]) for body in changes]


@pytest.mark.parametrize("how", ["mute", "half_open"])
def test_a_private_stream_that_is_dead_leaves_the_account_read_within_ten_seconds(
    holdfast: Run, exchange: Exchange, config: Path, how: str
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.order(kind=how, method="WS", path=PRIVATE, count=None)
        stop = exchange.books()["orders"][0]
        exchange.by_hand(lambda world: world.cancel(ALICE, stop["id"]))
        began = time.monotonic()
        # Nobody tells the bot. It reads that its stop is gone, and places another.
        exchange.until(lambda books: len(stops(books)) == 1 and books["orders"][0] != stop)
        assert time.monotonic() - began <= 11
        assert moves(bot) == [("recovering", "armed")], "the market stream lives, and so does the account"

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr


def test_a_private_socket_that_is_killed_is_opened_again_and_the_account_read(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.order(kind="close", method="WS", path=PRIVATE)
        exchange.mark("97")
        exchange.until(lambda books: margin(books) > 100)
        assert moves(bot) == [("recovering", "armed")]

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr


@pytest.mark.parametrize("how", ["mute", "half_open"])
def test_a_market_stream_that_is_dead_is_replaced_by_readings_and_a_crash_is_met(
    holdfast: Run, exchange: Exchange, config: Path, how: str
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.mark("99.9")
        bot.until(lambda: bot.status()["positions"][0]["mark"] == "99.9")
        exchange.order(kind=how, method="WS", path="markPrice", count=None)
        died = time.monotonic()
        time.sleep(1)
        exchange.mark("97")
        exchange.until(lambda books: margin(books) > 100)
        # Three frames are missed, then it is asked for: within five seconds.
        assert time.monotonic() - died <= 6
        time.sleep(max(0, died + 13 - time.monotonic()))
        assert moves(bot) == [("recovering", "armed")], "REST is sight enough"

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "connecting anew: no mark of BTC/USDT:USDT for 10 s or more" in answer.output


def test_a_ban_stops_every_request_and_is_said_at_once(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.order(kind="banned", path="/fapi/", retry_after_s=20)
        bot.until(lambda: state(bot) == "blind")
        banned = time.monotonic()
        so_far = len(exchange.wire.statuses)
        while time.monotonic() < banned + 17:
            time.sleep(0.5)
            assert len(exchange.wire.statuses) == so_far, "a request during the ban"
            assert stops(exchange.books()), "what protects the position stays"
        bot.until(lambda: state(bot) == "armed")
        assert moves(bot)[1:] == [("armed", "blind"), ("blind", "recovering"), ("recovering", "armed")]

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "418: everything, emergencies too, waits 20 s" in answer.output
    assert "the exchange lets nobody pass" in answer.output


def test_a_bot_that_is_started_again_within_a_ban_asks_nothing_until_it_is_over(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    """The ban is met by a run that ends; the next one begins while it lasts."""
    banned: list[float] = []

    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.order(kind="banned", path="/fapi/", retry_after_s=9)
        bot.until(lambda: state(bot) == "blind")
        banned.append(time.monotonic())

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr
    so_far = len(exchange.wire.statuses)
    asked: list[float] = []

    def look(bot: Bot) -> None:
        bot.until(bot.armed)

    def begins(bot: Bot) -> bool:
        if len(exchange.wire.statuses) > so_far and not asked:
            asked.append(time.monotonic())
        return bot.armed()

    answer = guarded(holdfast, config, "--live", look, LASTING, ready=begins)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "has banned this address until" in answer.output
    assert asked[0] - banned[0] > 7.5


def test_a_clock_that_jumps_stops_what_is_sent_until_it_is_right_again(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.control("POST", "/clock", skew_ms=6_000)
        bot.until(lambda: state(bot) == "blind")
        sent = len(bot.acted())
        exchange.mark("97")
        time.sleep(3)
        assert len(bot.acted()) == sent
        exchange.control("POST", "/clock", skew_ms=0)
        exchange.until(lambda books: margin(books) > 100)

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "ms ahead of ours" in answer.output
    assert "account:main: armed -> blind, clock is down" in answer.output


def test_a_key_that_is_revoked_is_said_within_ten_seconds_though_nothing_happens(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    def act(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.control("POST", "/account", revoke="alice-key")
        bot.until(lambda: state(bot) == "auth_lost", within_s=10.5)
        time.sleep(1)  # What was on its way is answered.
        refused = exchange.wire.statuses.count(401)
        time.sleep(20)
        assert exchange.wire.statuses.count(401) == refused, "it is tried once a minute"

    answer = guarded(holdfast, config, "--live", act, LASTING)
    assert answer.exit_code == 0, answer.output + answer.stderr
    rows = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "link").stdout)["rows"]
    assert [row["kind"] for row in rows] == ["LinkChanged"]
