"""The shipped scenarios: that they are there, are sound, and go as deep and as fast as was published."""

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from bot.core.types import Symbol
from bot.lab.scenarios import ANY_COIN, Scenario, Taken, UnknownScenarioError, figures, library, tapes
from bot.lab.tapes import Tape, TapeKind, group, price_path

ROOT = Path(__file__).resolve().parents[3]
HAPPENED = (
    "2020-03-12_covid",
    "2021-04-18",
    "2021-05-19",
    "2021-09-07_el_salvador",
    "2021-12-04",
    "2022-05-11_luna",
    "2022-06-13_celsius",
    "2022-11-08_ftx",
    "2023-08-17",
    "2024-03-05_new_high",
    "2024-08-05_yen_carry",
    "2025-02-03_tariffs",
    "2025-04-07",
    "2025-10-10",
    "2025-11-21",
    "2026-01-31",
    "2026-02-05",
)
INVENTED = ("dead_market", "flash_crash", "funding_bleed", "gap", "slow_grind", "squeeze_up", "whipsaw")


class Published(NamedTuple):
    """What was published of one coin in one crash; moves in percent, ``None`` where nothing was."""

    scenario: str
    coin: str
    depth: float
    minutes: float | None = None
    worst: tuple[float | None, float | None, float | None] = (None, None, None)


PUBLISHED = (
    Published("2020-03-12_covid", "BTC", 54.9, 1571, (16.1, 21.0, 26.7)),
    Published("2020-03-12_covid", "ETH", 56),
    Published("2021-04-18", "BTC", 17, 806, (9.2, None, 14)),
    Published("2021-04-18", "XRP", 33.6),
    Published("2021-05-19", "BTC", 37.9, 1510, (14.2, None, 27.4)),
    Published("2021-05-19", "DOGE", 58.5, None, (28.9, None, 45)),
    Published("2021-05-19", "ADA", 52.2, None, (None, None, 37.5)),
    Published("2021-09-07_el_salvador", "BTC", 20.5, None, (11.2, None, 16)),
    Published("2021-12-04", "BTC", 24.8, 664, (12.9, None, 20.9)),
    Published("2021-12-04", "XRP", 39),
    Published("2021-12-04", "DOGE", 36),
    Published("2022-05-11_luna", "BTC", 17.8, 2505, (None, None, 8.3)),
    Published("2022-05-11_luna", "SOL", 49.8),
    Published("2022-05-11_luna", "DOGE", 42),
    Published("2022-05-11_luna", "ADA", 42),
    Published("2022-06-13_celsius", "BTC", 26, 1920, (None, None, 6.7)),
    Published("2022-11-08_ftx", "BTC", 25.2, 1765, (None, None, 11)),
    Published("2022-11-08_ftx", "SOL", 70),
    Published("2023-08-17", "BTC", 12.3, None, (10.8, None, None)),
    Published("2023-08-17", "XRP", 29.6),
    Published("2024-03-05_new_high", "BTC", 14.5, 293, (None, None, 8)),
    Published("2024-03-05_new_high", "SOL", 27),
    Published("2024-03-05_new_high", "DOGE", 37),
    Published("2024-08-05_yen_carry", "BTC", 17.8, 614),
    Published("2024-08-05_yen_carry", "ETH", 23.9, None, (16.0, None, 21.5)),
    Published("2025-02-03_tariffs", "BTC", 8.3),
    Published("2025-02-03_tariffs", "ETH", 32.9, None, (16, None, 26)),
    Published("2025-02-03_tariffs", "ADA", 42),
    Published("2025-02-03_tariffs", "XRP", 38),
    Published("2025-04-07", "BTC", 10, None, (None, None, 3.5)),
    Published("2025-04-07", "ETH", 21),
    Published("2025-10-10", "BTC", 13.3, 40, (None, 11.2, None)),
    Published("2025-10-10", "ETH", 15.5),
    Published("2025-10-10", "SOL", 31.9),
    Published("2025-10-10", "XRP", 56.3, None, (33.8, None, None)),
    Published("2025-10-10", "DOGE", 64.2, None, (48.8, None, None)),
    Published("2025-10-10", "ADA", 64.6, None, (48.6, None, None)),
    Published("2025-10-10", ANY_COIN, 62.6),
    Published("2025-11-21", "BTC", 12.9),
    Published("2026-01-31", "BTC", 8.9, 490),
    Published("2026-02-05", "BTC", 16.8, 900, (None, None, 7)),
    Published("2026-02-05", "SOL", 28),
)


def symbol_of(coin: str) -> Symbol:
    return Symbol(f"{'OTHER' if coin == ANY_COIN else coin}/USDT:USDT")


def traded(scenario: Scenario, coin: str) -> Tape:
    return next(tape for tape in tapes(scenario, [symbol_of(coin)]) if tape.kind is TapeKind.TRADED)


def test_seventeen_crashes_that_happened_and_seven_that_did_not_are_shipped(
    shipped: dict[str, Scenario],
) -> None:
    assert set(shipped) == {*HAPPENED, *INVENTED}


@pytest.mark.parametrize("name", [*HAPPENED, *INVENTED])
def test_every_coin_of_it_can_be_played_like_a_recording(shipped: dict[str, Scenario], name: str) -> None:
    scenario = shipped[name]
    held = [symbol_of(coin) for coin in scenario.table.coins]
    made = tapes(scenario, held)
    assert {each.symbol for each in group(made)} == set(held)
    for each in group(made):
        path = price_path(each)
        assert (path.last_low > 0).all()
        assert (path.mark_low > 0).all()
        assert path.interval_ms == 60_000
        for tape in each.tapes:
            if tape.kind is not TapeKind.FUNDING:
                assert (tape.low <= np.minimum(tape.open, tape.close)).all()
                assert (tape.high >= np.maximum(tape.open, tape.close)).all()


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: f"{case.scenario}-{case.coin}")
def test_it_is_as_deep_and_as_fast_as_was_published(shipped: dict[str, Scenario], case: Published) -> None:
    found = figures(traded(shipped[case.scenario], case.coin))
    assert 100 * found.depth == pytest.approx(case.depth, rel=0.15)
    if case.minutes is not None:
        assert found.minutes == pytest.approx(case.minutes, rel=0.15)
    for move, wanted in zip(found.worst.values(), case.worst, strict=True):
        assert wanted is None or 100 * move == pytest.approx(wanted, rel=0.15)


def test_trades_of_may_2021_go_a_fifth_under_the_mark(shipped: dict[str, Scenario]) -> None:
    last, mark, _ = tapes(shipped["2021-05-19"], [Symbol("ETH/USDT:USDT")])
    assert mark.kind is TapeKind.MARK
    # The perpetual printed 1,400.73 while spot held 1,888.
    assert int(last.low.min()) / 10**last.exponent == pytest.approx(1400.73, rel=0.01)
    assert int(mark.low.min()) / 10**mark.exponent == 1888
    assert (last.close <= mark.close).all()


def test_shorts_in_sol_paid_a_fifth_within_two_days_of_november_2022(shipped: dict[str, Scenario]) -> None:
    *_, funding = tapes(shipped["2022-11-08_ftx"], [Symbol("SOL/USDT:USDT")])
    start_ms = shipped["2022-11-08_ftx"].table.starts
    hours = (funding.times - start_ms) // 3_600_000
    paid = [rate for hour, rate in zip(hours.tolist(), funding.rates, strict=True) if 32 <= hour <= 70]
    assert float(sum(paid)) == pytest.approx(-0.214, rel=0.01)
    assert min(paid) == funding.rates[hours.tolist().index(44)]
    assert float(min(paid)) == -0.02


def test_the_gap_is_twenty_minutes_of_silence_and_then_a_jump(shipped: dict[str, Scenario]) -> None:
    tape = traded(shipped["gap"], "BTC")
    (at,) = np.flatnonzero(np.diff(tape.times) != 60_000).tolist()
    assert int(tape.times[at + 1] - tape.times[at]) == 21 * 60_000
    assert int(tape.open[at + 1]) / int(tape.close[at]) == pytest.approx(0.85, abs=0.002)


def test_shorts_are_squeezed_upwards(shipped: dict[str, Scenario]) -> None:
    scenario = shipped["squeeze_up"]
    assert scenario.rising
    found = figures(tapes(scenario, [Symbol("BTC/USDT:USDT")])[1], falling=False)
    assert found.depth == pytest.approx(0.25, abs=0.01)
    others = figures(traded(scenario, ANY_COIN), falling=False)
    assert others.depth == pytest.approx(0.6, abs=0.01)


def test_a_coin_begins_where_it_is_now_and_falls_as_far_as_then(shipped: dict[str, Scenario]) -> None:
    scenario, symbol = shipped["2025-10-10"], Symbol("SOL/USDT:USDT")
    as_then, *_ = tapes(scenario, [symbol])
    today, *_ = tapes(scenario, [symbol], Taken(first={symbol: Decimal("83.1")}))
    assert int(today.open[0]) / 10**today.exponent == 83.1
    assert figures(today).depth == pytest.approx(figures(as_then).depth, abs=1e-4)


def test_it_may_be_played_at_another_time_and_with_other_minutes(shipped: dict[str, Scenario]) -> None:
    scenario, symbol = shipped["2023-08-17"], Symbol("BTC/USDT:USDT")
    then, *_ = tapes(scenario, [symbol])
    later, funding = tapes(scenario, [symbol], Taken(start_ms=1_790_000_000_000 // 86_400_000 * 86_400_000))
    assert (later.close == then.close).all()
    assert int(later.times[0]) % 86_400_000 == 0
    assert int(later.times[0]) <= int(funding.times[0]) < int(later.times[-1])
    other, *_ = tapes(scenario, [symbol], Taken(seed=2))
    assert (other.close != then.close).any()


def test_what_a_coin_does_depends_on_no_other_that_is_held(shipped: dict[str, Scenario]) -> None:
    scenario = shipped["2021-12-04"]
    alone = tapes(scenario, [symbol_of("ETH")])
    beside = [tape for tape in tapes(scenario, [symbol_of("BTC"), symbol_of("ETH")]) if "ETH" in tape.symbol]
    assert [tape.sha256 for tape in alone] == [tape.sha256 for tape in beside]


def test_an_unknown_name_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownScenarioError, match='did you mean "whipsaw"'):
        library(["whipsow"], ROOT / "config" / "scenarios")


def told(move: float, minutes: float, sign: str) -> str:
    """As the page on scenarios writes it."""
    lasting = f"{minutes:.0f} min" if minutes < 180 else f"{minutes / 60:.0f} h"
    return f"{sign}{100 * move:.1f} % in {lasting}"


@pytest.mark.parametrize("name", [*HAPPENED, *INVENTED])
def test_the_page_on_scenarios_says_what_each_does(shipped: dict[str, Scenario], name: str) -> None:
    scenario, page = shipped[name], (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    made = tapes(scenario, [symbol_of("BTC")])
    marks = [tape for tape in made if tape.kind is TapeKind.MARK] or made
    found = figures(marks[0], falling=not scenario.rising)
    _, _, pace, fall, worst, *_ = row.split("|")
    assert pace.strip() == scenario.table.pace
    assert fall.strip() == told(found.depth, found.minutes, "+" if scenario.rising else "-")
    assert worst.strip() == " / ".join(f"{100 * move:.1f}" for move in found.worst.values()) + " %"


def test_the_file_on_the_page_can_be_played(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(page.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    (scenario,) = library(folder=tmp_path)
    assert figures(tapes(scenario, [symbol_of("BTC")])[1]).depth == pytest.approx(0.2, abs=1e-6)
    assert figures(traded(scenario, ANY_COIN)).depth == pytest.approx(0.5, abs=1e-6)
