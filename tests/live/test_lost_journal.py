"""A journal that is damaged, gone or an old copy, and what the live bot does about it."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.runtime.journal.sqlite import open_journal
from tests.building.exchange import Exchange
from tests.building.simulator import ALICE
from tests.building.venues import machine_ms
from tests.live.running_bot import Bot, Run, guarded
from tests.live.test_run_live import is_defended, margin, stops

JOURNAL = "data/holdfast.db"


def crash(exchange: Exchange) -> Callable[[Bot], None]:
    """A fall that is answered with margin and a stop."""

    def fall(_: Bot) -> None:
        exchange.mark("97")
        exchange.until(is_defended)

    return fall


def fall_again(exchange: Exchange) -> None:
    """The mark comes near to the new liquidation price, which asks for margin and a stop further down."""
    exchange.mark("93")


def damage(journal: Path) -> None:
    """One byte somewhere in the middle."""
    data = bytearray(journal.read_bytes())
    data[len(data) // 2] ^= 0x01
    journal.write_bytes(data)


def test_a_damaged_journal_is_kept_and_the_bot_reduces_until_somebody_acknowledges(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    guarded(holdfast, config, "--live", crash(exchange))
    before = exchange.books()
    journal = config.parent / JOURNAL
    damage(journal)
    broken = journal.read_bytes()
    states: list[object] = []

    def look(bot: Bot) -> None:
        states.append(bot.status()["states"])
        fall_again(exchange)
        bot.until(lambda: bot.rows("Refusal", contains='"because":"state"'))
        assert margin(exchange.books()) == margin(before)
        assert len(stops(exchange.books())) == 1

    answer = guarded(holdfast, config, "--live", look, ready=lambda bot: bot.is_in("reducing"))
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert states == [{"main": "reducing"}]
    assert "it is kept as holdfast.db.damaged-" in answer.output
    (kept,) = [file for file in journal.parent.glob("*.damaged-*") if not file.name.endswith("-seal")]
    assert kept.read_bytes() == broken

    def acknowledge(bot: Bot) -> None:
        assert holdfast("acknowledge", "-c", config).exit_code == 0
        bot.until(bot.armed)
        exchange.until(lambda books: margin(books) > margin(before))

    # It reduces over a restart too, and once acknowledged it is armed for good.
    answer = guarded(holdfast, config, "--live", acknowledge, ready=lambda bot: bot.is_in("reducing"))
    assert answer.exit_code == 0, answer.output + answer.stderr
    answer = guarded(holdfast, config, "--live", lambda _: None)
    assert answer.exit_code == 0, answer.output + answer.stderr


def dies(journal: Path, times: int) -> None:
    """So many runs begin and leave nothing behind that says that they ended."""

    async def lives() -> None:
        async with open_journal(journal, opened_ms=machine_ms(), sealed=True) as opened:
            opened.note("Started", {}, machine_ms())

    for _ in range(times):
        asyncio.run(lives())


@pytest.mark.slow
def test_a_bot_that_dies_again_and_again_reduces_until_somebody_acknowledges(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    dies(config.parent / JOURNAL, 5)

    def acknowledge(bot: Bot) -> None:
        assert holdfast("acknowledge", "-c", config).exit_code == 0
        bot.until(bot.armed)

    answer = guarded(holdfast, config, "--live", acknowledge, ready=lambda bot: bot.is_in("reducing"))
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert "5 runs of the last 10 minutes did not end in order" in answer.output


def test_what_only_the_past_orders_of_the_exchange_show_halts_the_bot_too(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    guarded(holdfast, config, "--live", lambda _: exchange.until(lambda books: len(stops(books)) == 1))
    (stop,) = exchange.books()["orders"]
    exchange.by_hand(lambda world: world.cancel(ALICE, stop["id"]))
    shutil.rmtree(config.parent / "data")

    def look(bot: Bot) -> None:
        (row,) = [row for row in bot.rows("StateChanged") if row["body"]["now"] == "halted"]
        assert row["body"]["because"].startswith(f"{stop['client_id']} at the exchange: ")

    answer = guarded(holdfast, config, "--live", look, ready=lambda bot: bot.is_in("halted"))
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert exchange.books()["orders"] == []


@pytest.mark.parametrize("restored", [pytest.param(False, id="gone"), pytest.param(True, id="an old copy")])
def test_a_journal_that_does_not_know_what_rests_halts_the_bot(
    holdfast: Run, exchange: Exchange, config: Path, *, restored: bool
) -> None:
    data, copy = config.parent / "data", config.parent / "copy"
    guarded(holdfast, config, "--live", lambda _: exchange.until(lambda books: len(stops(books)) == 1))
    shutil.copytree(data, copy)
    guarded(holdfast, config, "--live", crash(exchange))
    before = exchange.books()
    shutil.rmtree(data)
    if restored:
        copy.rename(data)

    def look(bot: Bot) -> None:
        fall_again(exchange)
        bot.until(lambda: bot.rows("Refusal", contains='"because":"state"'))
        (row,) = [row for row in bot.rows("StateChanged") if row["body"]["now"] == "halted"]
        assert "this journal is not the one that knows it" in row["body"]["because"]

    answer = guarded(holdfast, config, "--live", look, ready=lambda bot: bot.is_in("halted"))
    assert answer.exit_code == 0, answer.output + answer.stderr
    after = exchange.books()
    assert (margin(after), stops(after)) == (margin(before), stops(before))
