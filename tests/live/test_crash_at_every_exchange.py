"""The whole guard through a crash at each exchange: ccxt's real client, over TLS, against the simulator.

Every lever, or what is declared to stand for it, is looked for on the exchange's own books; a stop rests at
every moment; and the journal explains every change on those books, once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.facts import MET
from bot.core.types import OrderKind
from tests.building.contracts import BTC
from tests.building.exchange import running
from tests.building.simulator import ETH
from tests.building.venues import BINANCE, BYBIT, OKX, SOL, XT, Venue, a_market_in_danger
from tests.live.crash import (
    LONG,
    Crash,
    Deed,
    configured,
    deeds_on_the_books,
    explained_by,
    journal,
    verified,
)
from tests.live.running_bot import Bot, Run, guarded

D = Decimal
BARE_FOR_A_MOMENT = tuple(
    f"{ETH} {rule}: {proven}" for rule in ("seatbelt", "atr_stop") for proven in ("rejected", "not_applied")
)
LEVERAGE_STAYS, LEVERAGE_FALLS = "10", "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What has to come out at an exchange, by its own formula for liquidation.

    ``top_up`` puts the liquidation of 0.2 BTC, bought at 50000 with 1000 of margin, 12 % below 48500, to
    42680. ``cut`` brings its margin to 2000, what five times leverage asks for, and ``leverage`` is what the
    exchange says then.
    """

    top_up: str
    cut: str
    leverage: str
    substitute: bool


SCENES = [
    # 10000 - margin = 0.2 * 42680 * (1 - 0.005)
    pytest.param(
        BINANCE, Figures(top_up="506.68", cut="2000", leverage=LEVERAGE_STAYS, substitute=True), id="binance"
    ),
    # (margin - 50 - 10000 * 0.9 * 0.00055) / 0.2 = 50000 - 42680; a cut asks for the fee of closing as well:
    # 2000 + 10000 * 0.8 * 0.00055
    pytest.param(
        BYBIT,
        Figures(top_up="518.95", cut="2004.4", leverage=LEVERAGE_FALLS, substitute=False),
        id="bybit",
        marks=pytest.mark.slow,
    ),
    # 10000 - margin = 0.2 * 42680 * (1 - 0.005 - 0.0005)
    pytest.param(
        OKX,
        Figures(top_up="510.95", cut="2000", leverage=LEVERAGE_STAYS, substitute=True),
        id="okx",
        marks=pytest.mark.slow,
    ),
    # (margin - 50) / 0.2 = 50000 - 42680
    pytest.param(
        XT,
        Figures(top_up="514", cut="2000", leverage=LEVERAGE_FALLS, substitute=False),
        id="xt",
        marks=pytest.mark.slow,
    ),
]


@pytest.fixture
def venue(request: pytest.FixtureRequest) -> Venue:
    found: Venue = request.param
    return found


@pytest.fixture
def crash(venue: Venue, certificates: Path) -> Iterator[Crash]:
    with running(a_market_in_danger(venue), certificates, venue.name) as exchange:
        yield Crash(venue, exchange)


@pytest.mark.parametrize(("venue", "figures"), SCENES, indirect=["venue"])
def test_every_lever_is_pulled_on_the_books_and_every_change_there_is_explained(
    crash: Crash, figures: Figures, holdfast: Run, tmp_path: Path
) -> None:
    config = configured(crash.venue, crash.exchange, tmp_path, hedge=crash.venue.quarterlies)
    crash.place(OrderKind.LIMIT, "0.02", limit="60000")

    def scene(bot: Bot) -> None:
        books = _every_position_gets_its_stop(crash)
        books = _the_ladder_is_climbed_down(crash, figures, books)
        _what_the_trader_does_is_accepted(crash, bot, books)
        _the_cross_position_is_made_smaller(crash)
        _a_stop_that_is_met_closes_its_position(crash, bot)

    answer = guarded(holdfast, config, "--live", scene)
    assert answer.exit_code == 0, answer.output + answer.stderr
    _a_stop_rested_at_every_moment(crash)
    _everything_is_explained_once(crash, figures, holdfast, config)


def _every_position_gets_its_stop(crash: Crash) -> Any:
    crash.guarded(SOL)
    # 14 bars with a range of 20: three of them below 2000, instead of the seatbelt's at 1829. If a minute
    # ends just now, the latest of them has no range at all: 2000 - 3 * 13 * 20 / 14.
    crash.exchange.until(lambda books: crash.triggers(books, ETH) in ([D(1940)], [D("1944.29")]))
    return crash.guarded(BTC)


def _the_ladder_is_climbed_down(crash: Crash, figures: Figures, books: Any) -> Any:
    """Hedge, top-up, lower leverage, partial close: each at its own distance to liquidation."""
    if crash.venue.quarterlies:
        crash.fall("49300")
        leg = f"{crash.dated}/short"
        hedged = crash.exchange.until(lambda now: leg in now["positions"])
        assert D(hedged["positions"][leg]["quantity"]) == D("0.1")
        assert D(hedged["positions"][leg]["leverage"]) == 5

    crash.fall("48500")
    books = crash.guarded(unlike=books)
    assert _margin(books) == 1000 + D(figures.top_up)
    assert _trigger(crash, books) == D("43106.8")  # 1 % above 42680, upwards to the tick.

    crash.fall("45200")
    books = crash.guarded(unlike=books)
    assert _margin(books) == D(figures.cut)
    assert D(books["positions"][LONG]["leverage"]) == D(figures.leverage)

    crash.fall("42100")
    books = crash.guarded(unlike=books)
    held = D(books["positions"][LONG]["quantity"])
    assert 0 < held < D("0.2")
    assert _trigger(crash, books) == D("38268.9")  # 1 % above 37890, which is 10 % below 42100.
    # What was closed took its share of the margin along, and a part of that came back.
    assert _margin(books) > D(figures.cut) * held / D("0.2")
    if crash.venue.quarterlies:
        crash.exchange.until(lambda now: _is_half_hedged(crash, now))
    return books


def _what_the_trader_does_is_accepted(crash: Crash, bot: Bot, books: Any) -> None:
    """Half is closed, the stop is taken away, margin is put in: all of it is seen, and the stop follows."""
    held = D(books["positions"][LONG]["quantity"])
    half = held / 2 - held / 2 % D("0.001")
    crash.place(OrderKind.MARKET, str(half))
    bot.until(lambda: _last_known(bot) == held - half)
    books = crash.guarded()  # The one there is closes only what is held, so it may stay.
    if crash.venue.quarterlies:
        crash.exchange.until(lambda now: _is_half_hedged(crash, now))
    (stop,) = crash.stops(books)
    crash.cancel(stop)
    books = crash.guarded(unlike=books)
    before = _trigger(crash, books)
    crash.add_margin("100")
    books = crash.guarded(unlike=books)
    assert _trigger(crash, books) < before


def _the_cross_position_is_made_smaller(crash: Crash) -> None:
    before = crash.guarded(SOL)
    crash.fall("86", SOL)
    books = crash.guarded(SOL, unlike=before)
    held = books["positions"][f"{SOL}/long"]
    assert held["mode"] == "cross"
    assert 0 < D(held["quantity"]) < 1000


def _a_stop_that_is_met_closes_its_position(crash: Crash, bot: Bot) -> None:
    crash.fall("1939", ETH)
    crash.exchange.until(lambda books: f"{ETH}/long" not in books["positions"])
    bot.until(lambda: any(row["body"]["proof"] == MET for row in bot.rows("Outcome")))
    # The wallet behind the cross position gained by it, which its stop follows; then nothing is left to do.
    bot.until(lambda: crash.settled(SOL) and crash.settled(BTC) and _is_idle(bot))


def _is_idle(bot: Bot) -> bool:
    """Whether every action has its outcome."""
    actions = {row["body"]["client_id"] for row in bot.rows("Action")}
    outcomes = {row["body"]["client_id"] for row in bot.rows("Outcome")}
    return actions <= outcomes


def _a_stop_rested_at_every_moment(crash: Crash) -> None:
    """From the first stop on the exchange saw no position without one, nor with one that is too small."""
    cancelled = {name for name in crash.hands if name.startswith("hf")}
    for symbol in (BTC, ETH, SOL):
        moments = crash.exchange.history.of(crash.id_of(symbol))
        first = next(n for n, moment in enumerate(moments) if moment.stops)
        bare = [moment for moment in moments[first:] if not moment.covered]
        # The trader took one away himself.
        allowed = len(cancelled) if symbol == BTC else 0
        assert len(bare) <= allowed, bare


def _everything_is_explained_once(crash: Crash, figures: Figures, holdfast: Run, config: Path) -> None:
    rows = journal(holdfast, config, "action", "outcome")
    rules = {row["body"]["client_id"]: row["rule"] for row in rows if row["kind"] == "Action"}
    outcomes = [(row["symbol"], row["body"]) for row in rows if row["kind"] == "Outcome"]
    in_vain = [
        f"{symbol} {rules[body['client_id']]}: {body['kind']}: {body['proof']}"
        for symbol, body in outcomes
        if body["kind"] in {"rejected", "not_applied", "unknown"}
    ]
    # Position and orders are two requests: if the stop of ETH is met between them, the position looks bare
    # for a moment, and there is nothing left for a new stop to close. That is proven, and changes nothing.
    assert [each for each in in_vain if not each.startswith(BARE_FOR_A_MOMENT)] == []
    acted = Counter(rules[body["client_id"]] for _, body in outcomes if verified(body))
    hedges = {"quarterly_hedge": 1} if crash.venue.quarterlies else {}
    # A close of BTC, what it releases, and a close of SOL.
    once = {"atr_stop": 1, "top_up": 1, "cut_leverage": 1, "partial_close": 3} | hedges
    assert {rule: acted[rule] for rule in acted if rule not in {"seatbelt", "keeper"}} == once
    cut = next(row["body"]["intent"]["type"] for row in rows if row["rule"] == "cut_leverage")
    assert cut == ("AddMargin" if figures.substitute else "CutLeverage")

    explained = Counter(explained_by(rows))
    levers = {deed for deed in explained if deed.what == "leverage"}
    assert levers == (set() if figures.substitute else {Deed("leverage", f"{BTC} 5")})
    by_hand = Counter(_by_hand(crash))
    done = Counter(deeds_on_the_books(crash.exchange.world))
    ours = Counter({deed: count for deed, count in explained.items() if deed.what != "leverage"})
    assert done == ours + by_hand
    assert max(done.values()) == 1
    (foreign,) = [o for o in crash.exchange.books()["orders"] if o["client_id"] == "web1"]
    assert (foreign["kind"], D(foreign["quantity"])) == ("limit", D("0.02"))


def _by_hand(crash: Crash) -> Iterator[Deed]:
    for name in crash.hands:
        yield Deed("cancelled" if name.startswith("hf") else "placed", name)
    for amount in crash.moved_by_hand:
        yield Deed("margin", f"{BTC} {amount.normalize():f}")


def _last_known(bot: Bot) -> Decimal:
    """How much BTC the bot knows of."""
    return D(bot.rows("PositionChanged", symbol=BTC)[-1]["body"]["position"]["quantity"])


def _margin(books: Any) -> Decimal:
    return D(books["positions"][LONG]["margin"])


def _trigger(crash: Crash, books: Any) -> Decimal:
    (stop,) = crash.stops(books)
    return D(stop["trigger"])


def _is_half_hedged(crash: Crash, books: Any) -> bool:
    """Whether the keeper has left of the hedge half of the position, to the step of 0.001."""
    held, leg = (D(books["positions"][key]["quantity"]) for key in (LONG, f"{crash.dated}/short"))
    return abs(held / 2 - leg) < D("0.001")


@pytest.mark.parametrize("venue", [pytest.param(XT, id="xt")], indirect=True)
def test_a_hedge_where_there_are_no_quarterlies_is_refused_in_one_line(
    crash: Crash, holdfast: Run, tmp_path: Path
) -> None:
    config = configured(crash.venue, crash.exchange, tmp_path, hedge=True)
    for command in (("check", "--config", config), ("run", config, "--live", "--for", "9s")):
        answer = holdfast(*command)
        assert answer.exit_code == 4, answer.output
        (line,) = answer.stderr.splitlines()
        assert "no dated contract of XT was ever seen" in line
        assert "ReducePosition" in line
    assert crash.exchange.books()["orders"] == []
