"""What people and the exchange take away from the bot, over real sockets: a stop, and a leg of its hedge."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bot.core.types import Symbol
from bot.simulator.world import World
from bot.venues.calendar import dated, expiry_of, listings
from bot.venues.paper import PaperAccount
from tests.building.contracts import BTC, TIERS, a_contract
from tests.building.exchange import Exchange, running
from tests.building.simulator import ALICE, a_holding, a_world
from tests.live.conftest import configured
from tests.live.running_bot import Bot, guarded

Run = Callable[..., Result]
TOLD = ("position", "hedge")
MONTH_MS = 30 * 86_400_000
HEDGED = """\

[[rules]]
use = "quarterly_hedge"
params = { below = 0.07, calm = 0.20, leverage = 5, days = 14 }
"""


def our_stop(exchange: Exchange) -> dict[str, Any]:
    """The one stop that rests, once it does."""
    return exchange.until(lambda books: len(books["orders"]) == 1)["orders"][0]  # type: ignore[no-any-return]


def cancels(exchange: Exchange, order: dict[str, Any]) -> None:
    """The trader cancels an order on the exchange's own site."""
    exchange.by_hand(lambda world: world.cancel(ALICE, order["id"]))


def changes(bot: Bot, subject: str) -> list[tuple[str, str]]:
    rows = bot.rows("StateChanged", contains=f'"subject":"{subject}:')
    return [(row["body"]["was"], row["body"]["now"]) for row in rows]


def test_a_stop_that_the_trader_cancels_twice_is_not_placed_a_third_time(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    seen: list[Any] = []

    def at_odds(bot: Bot) -> None:
        first = our_stop(exchange)
        cancels(exchange, first)
        exchange.until(lambda books: books["orders"] and books["orders"][0]["id"] != first["id"])
        cancels(exchange, our_stop(exchange))
        bot.until(lambda: changes(bot, "seatbelt") == [("at work", "left off")])
        exchange.mark("99")
        bot.until(lambda: Decimal(bot.status()["positions"][0]["mark"]) == 99)
        seen.append((exchange.books()["orders"], bot.acted(), bot.status()))

    answer = guarded(holdfast, config, "--live", at_odds)
    assert answer.exit_code == 0, answer.output + answer.stderr
    ((orders, acted, status),) = seen
    assert (orders, acted) == ([], ["seatbelt", "seatbelt"])
    assert status["positions"][0]["naked_since_ms"]
    assert "by his will" in answer.output


@pytest.fixture
def quarterly() -> Symbol:
    """The nearest quarterly that has a month to go."""
    now_ms = time.time_ns() // 1_000_000
    far = (life.expiry_ms for life in listings(now_ms, now_ms + 1, 3) if life.expiry_ms - now_ms > MONTH_MS)
    return dated(BTC, next(far))


def a_world_with(quarterly: Symbol) -> World:
    """Alice holds 10 BTC bought at 100 with leverage 10, and a quarterly stands beside them."""
    return a_world(
        a_contract(tiers=TIERS),
        a_contract(quarterly, tiers=TIERS, expiry_ms=expiry_of(quarterly)),
        hands=lambda: time.time_ns() // 1_000_000,
        accounts=(PaperAccount(name=ALICE, balance=Decimal(10_000)),),
    )


def hedged_config(exchange: Exchange, folder: Path) -> Path:
    """The usual account with a rule that hedges, in a book that is not deep."""
    config = configured(exchange, folder)
    limits = config.read_text().partition("[[rules]]")[0]
    config.write_text(limits.replace("[limits]", "[limits]\nhedge_depth = 0.5") + HEDGED)
    return config


def leg(books: Any, quarterly: Symbol) -> Decimal:
    held = books["positions"].get(f"{quarterly}/short")
    return Decimal(held["quantity"]) if held else Decimal(0)


def hedging(bot: Bot) -> str:
    """The action that opened the hedge."""
    (action,) = [row["body"] for row in bot.rows("Action") if row["rule"] == "quarterly_hedge"]
    return str(action["client_id"])


def verified(bot: Bot) -> set[str]:
    """The actions that have been read back."""
    outcomes = [row["body"] for row in bot.rows("Outcome")]
    return {outcome["client_id"] for outcome in outcomes if outcome["kind"] == "verified"}


@pytest.mark.parametrize(
    ("order", "kind", "left"),
    [({"side": "short", "deleverage": "4"}, "Deleveraged", "6"), ({"mark": "120"}, "Liquidated", "0")],
    ids=["deleveraged", "liquidated"],
)
def test_a_leg_of_a_hedge_that_is_taken_away_is_told_of_within_two_seconds(
    holdfast: Run,
    certificates: Path,
    tmp_path: Path,
    quarterly: Symbol,
    order: dict[str, str],
    kind: str,
    left: str,
) -> None:
    world = a_world_with(quarterly)
    world.open(a_holding(quantity="10", leverage="10"))
    seen: dict[str, Any] = {}
    with running(world, certificates) as exchange:
        config = hedged_config(exchange, tmp_path)

        def takes_away(bot: Bot) -> None:
            our_stop(exchange)
            for symbol in (quarterly, BTC):
                exchange.mark("97", symbol)
            exchange.until(lambda books: leg(books, quarterly) == 10)
            bot.until(lambda: hedging(bot) in verified(bot))
            began_ms = time.time_ns() // 1_000_000
            exchange.control("POST", "/market", symbol=quarterly, **order)
            bot.until(lambda: bot.rows(kind) and changes(bot, "hedge"))
            seen["told"] = changes(bot, "position")
            seen["hedge"] = changes(bot, "hedge")
            told_ms = [bot.rows("StateChanged", contains=f'"subject":"{each}:')[-1]["at_ms"] for each in TOLD]
            seen["late_ms"] = max(told_ms) - began_ms
            # What it guarded is looked at again: what the rule wants back is refused for its price or use.
            bot.until(lambda: [row for row in bot.rows("Refusal") if row["rule"] == "quarterly_hedge"])

        answer = guarded(holdfast, config, "--live", takes_away)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert seen["told"] == [("open", kind.lower())]
    assert seen["hedge"] == [(f"10 in {quarterly}", f"{left} in {quarterly}")]
    assert seen["late_ms"] < 2_000
    assert "not by us" in answer.output


@pytest.mark.slow
def test_a_leg_that_is_taken_away_while_the_private_stream_is_dead_is_told_of_by_a_reading(
    holdfast: Run, certificates: Path, tmp_path: Path, quarterly: Symbol
) -> None:
    world = a_world_with(quarterly)
    world.open(a_holding(quantity="10", leverage="10"))
    late_ms: list[int] = []
    with running(world, certificates) as exchange:
        config = hedged_config(exchange, tmp_path)

        def takes_away(bot: Bot) -> None:
            our_stop(exchange)
            for symbol in (quarterly, BTC):
                exchange.mark("97", symbol)
            bot.until(lambda: leg(exchange.books(), quarterly) == 10 and hedging(bot) in verified(bot))
            exchange.order(kind="mute", method="WS", path="/private/", count=None)
            began_ms = time.time_ns() // 1_000_000
            exchange.control("POST", "/market", symbol=quarterly, side="short", deleverage="4")
            bot.until(lambda: changes(bot, "hedge"))
            rows = bot.rows("StateChanged", contains='"subject":"hedge:')
            late_ms.append(rows[-1]["at_ms"] - began_ms)
            assert changes(bot, "hedge") == [(f"10 in {quarterly}", f"6 in {quarterly}")]

        answer = guarded(holdfast, config, "--live", takes_away)
    assert answer.exit_code == 0, answer.output + answer.stderr
    assert late_ms[0] <= 11_000
