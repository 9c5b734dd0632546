"""Each defence in a recorded crash in which it helps, and in one in which it has nothing to do.

A position of 10,000 at five times is opened at the first price, in an account of 100,000. Without a rule, a
long of these windows is liquidated and about 98,000 are left.
"""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.facts import BarClosed
from bot.lab.replay.run import make_plan
from bot.lab.tapes import group, price_path
from tests.lab.replay.crashes import Window, acted, in_crash, settings_for, tapes_of, worth
from tests.lab.replay.harness import Transcript, play
from tests.lab.replay.test_crash_windows import agree

pytestmark = pytest.mark.slow

FUNDING = "BTC_binance_funding"
HOURS, MINUTES = ("BTC_binance_perp_1h", FUNDING), ("BTC_binance_perp_5m", FUNDING)


def a_window(crash: str, tapes: tuple[str, ...], days: int = 30) -> Window:
    return Window(crash=crash, tapes=tapes, days=days, leverage=5, balance=100_000)


COVID = a_window("2020-03-12_covid", HOURS)
MAY_2021 = a_window("2021-05-19", HOURS)
CELSIUS = a_window("2022-06-13_3ac", MINUTES)
FTX = a_window("2022-11-08_ftx", MINUTES)
ALL_TIME_HIGH = a_window("2024-03-05", MINUTES, days=3)

BEHIND: dict[str, Any] = {"length": 48, "buffer": 2, "least": 2, "width": Decimal("0.005")}


def rule_of(value: object) -> str:
    """The part of a case that names it: two processes have to agree on the name, and sets have no order."""
    return value if isinstance(value, str) else ""


HELPED: list[tuple[Window, str, dict[str, Any], int]] = [
    # A quiet start leaves places to hide behind, three days before half the price is gone.
    (COVID, "structure_stop", {"behind": "swing", **BEHIND}, 99_000),
    (COVID, "structure_stop", {"behind": "cluster", **BEHIND}, 99_000),
    (COVID, "structure_stop", {"behind": "node", **BEHIND}, 99_000),
    # A grind that bleeds for days: after one in which nothing came of it the position is given up.
    (CELSIUS, "time_stop", {"after": "24h", "fraction": 1}, 99_000),
    # It rises by six per cent before it loses forty: half is taken, and the rest goes at break-even.
    (MAY_2021, "take_profit", {"risk": Decimal("0.03")}, 100_000),
    (COVID, "bracket", {}, 99_000),
]


@pytest.mark.parametrize(("window", "rule", "params", "left"), HELPED, ids=rule_of)
def test_it_keeps_what_would_be_lost(
    window: Window, rule: str, params: dict[str, Any], left: int, shared: Path, tmp_path: Path
) -> None:
    played = in_crash(shared, tmp_path, window, {rule: params})
    assert len(played.undefended.record.liquidations) == 1
    assert worth(played.undefended) < 98_010
    assert played.defended.survived
    assert worth(played.defended) > left


QUIET: list[tuple[Window, str, dict[str, Any], set[str]]] = [
    # A rise before the fall: the stop follows from far behind, and is not met.
    *(
        (
            ALL_TIME_HIGH,
            "structure_stop",
            {"behind": place, **BEHIND},
            {"PlaceStop", "MoveStop"},
        )
        for place in ("swing", "cluster", "node")
    ),
    # A short that earns from the first day on needs no patience; a long that never earned takes no profit.
    (replace(CELSIUS, side="short"), "time_stop", {"after": "24h", "fraction": 1}, set()),
    (FTX, "take_profit", {"risk": Decimal("0.03")}, set()),
    # Once it has placed both it watches the rise without another word.
    (ALL_TIME_HIGH, "bracket", {}, {"PlaceStop", "PlaceTakeProfit"}),
]


@pytest.mark.parametrize(("window", "rule", "params", "does"), QUIET, ids=rule_of)
def test_it_leaves_alone_what_needs_no_help(
    window: Window, rule: str, params: dict[str, Any], does: set[str], shared: Path, tmp_path: Path
) -> None:
    played = in_crash(shared, tmp_path, window, {rule: params})
    assert set(acted(played.defended)) <= does
    assert worth(played.defended) == worth(played.undefended)


@pytest.mark.parametrize(("place", "told"), [("node", True), ("swing", False)])
def test_bars_tell_their_volume_where_a_rule_wants_it(
    place: str, told: bool, shared: Path, tmp_path: Path
) -> None:
    journal = Transcript()
    in_crash(shared, tmp_path, COVID, {"structure_stop": {"behind": place}}, journal)
    bars = [fact for step in journal.taken for fact in step.facts if isinstance(fact, BarClosed)]
    assert bars
    assert all((bar.volume is not None) is told for bar in bars)


ALL: dict[str, dict[str, Any]] = {
    "bracket": {"stop": Decimal("0.08"), "close": Decimal("0.4")},
    "structure_stop": {"behind": "node", **BEHIND},
    "take_profit": {"rungs": [{"at": 1, "close": Decimal("0.3")}], "risk": Decimal("0.02")},
    "time_stop": {"after": "12h", "in_loss": "6h", "max_times": 3},
}


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("window", [COVID, MAY_2021, FTX], ids=lambda window: window.crash)
def test_all_ways_of_playing_agree_with_all_of_them(
    window: Window, side: str, shared: Path, tmp_path: Path
) -> None:
    window = replace(window, side=side)
    settings, tapes = settings_for(tmp_path, window, ALL), group(tapes_of(shared, window))
    plan = make_plan(settings, tapes, [price_path(each) for each in tapes], None, defended=True)
    agree(plan, window.crash)
    assert len({action.rule for action in play(plan).actions}) > 1
