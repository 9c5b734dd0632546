"""Orders that are over, at each exchange: what tells of a lost journal when nothing rests any more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.types import OUR_PREFIX
from bot.simulator import World
from tests.building.exchange import running
from tests.building.simulator import ALICE, BOB, ETH
from tests.building.venues import BINANCE, BYBIT, OKX, SOL, XT, Venue, a_market_in_danger
from tests.live.crash import Crash, configured
from tests.live.running_bot import Bot, Run, guarded


@pytest.fixture
def crash(request: pytest.FixtureRequest, certificates: Path) -> Iterator[Crash]:
    venue: Venue = request.param
    with running(a_market_in_danger(venue), certificates, venue.name) as exchange:
        yield Crash(venue, exchange)


def cancel_all(world: World) -> None:
    for account in (ALICE, BOB):
        for order in world.view(account).open_orders:
            world.cancel(account, order.order_id)


@pytest.mark.slow
@pytest.mark.parametrize(
    "crash", [pytest.param(venue, id=venue.name) for venue in (BINANCE, BYBIT, OKX, XT)], indirect=True
)
def test_a_stop_that_was_met_shows_that_the_journal_is_gone(
    crash: Crash, holdfast: Run, tmp_path: Path
) -> None:
    config = configured(crash.venue, crash.exchange, tmp_path, hedge=False)

    def wait(bot: Bot) -> None:
        crash.guarded(SOL)
        crash.guarded(ETH)

    answer = guarded(holdfast, config, "--live", wait)
    assert answer.exit_code == 0, answer.output + answer.stderr
    crash.fall("1820", ETH)
    crash.exchange.until(lambda books: f"{ETH}/long" not in books["positions"])
    crash.exchange.by_hand(cancel_all)
    shutil.rmtree(tmp_path / "data")

    def look(bot: Bot) -> None:
        said = [row["body"]["because"] for row in bot.rows("StateChanged", contains='"now":"halted"')]
        assert all(each.startswith(OUR_PREFIX) for each in said)
        assert any(" at the exchange: " in each for each in said)

    answer = guarded(holdfast, config, "--live", look, ready=is_halted)
    assert answer.exit_code == 0, answer.output + answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "crash", [pytest.param(venue, id=venue.name) for venue in (BINANCE, BYBIT, OKX)], indirect=True
)
def test_stops_that_were_all_cancelled_show_that_the_journal_is_gone(
    crash: Crash, holdfast: Run, tmp_path: Path
) -> None:
    config = configured(crash.venue, crash.exchange, tmp_path, hedge=False)

    def wait(bot: Bot) -> None:
        crash.guarded(SOL)
        crash.guarded(ETH)

    answer = guarded(holdfast, config, "--live", wait)
    assert answer.exit_code == 0, answer.output + answer.stderr
    crash.exchange.by_hand(cancel_all)
    shutil.rmtree(tmp_path / "data")
    answer = guarded(holdfast, config, "--live", lambda _: None, ready=is_halted)
    assert answer.exit_code == 0, answer.output + answer.stderr


def is_halted(bot: Bot) -> bool:
    """Whether the account of the positions is halted."""
    status = bot.status()
    return bool(status) and status["states"]["main"] == "halted"
