"""Recorded crashes: every tape runs, and jumping, stepping and asking always come to the same on each."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.settings import Settings, load
from bot.core.capabilities import Capabilities
from bot.core.engine import Engine
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.types import AccountName, RuleName
from bot.lab.replay.oracle import AlwaysAsking
from bot.lab.replay.run import Plan, make_plan
from bot.lab.replay.walk import Jumper, Stepper
from bot.lab.tapes import Tape, group, price_path, read_tape
from tests.lab.replay.harness import play
from tests.lab.replay.rules import MarkDependent, NearParams

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = (
    "2020-03-12_covid/BTC_binance_perp_1h",
    "2021-05-19/XRP_binance_perp_1h",
    "2022-05-11_luna/SOL_okx_perp_5m",
    "2025-02-03/ETH_binance_perp_5m",
)
MARCH_2020_MS = 1_583_020_800_000


def settings_for(folder: Path, mode: str, balance: int = 1_400) -> Settings:
    """The shipped settings for any tape, with a long at 10x and a balance that a crash uses up."""
    text = (ROOT / "config" / "replay.toml").read_text(encoding="utf-8")
    changes = (
        ("balance = 100_000", f"balance = {balance}"),
        ("reserve = 1000", "reserve = 20"),
        ('margin_mode = "isolated"', f'margin_mode = "{mode}"'),
    )
    for old, new in changes:
        assert old in text, f"config/replay.toml no longer says {old}"
        text = text.replace(old, new)
    path = folder / f"{mode}.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def a_plan(settings: Settings, tapes: Iterable[Tape]) -> Plan:
    grouped = group(tapes)
    plan = make_plan(settings, grouped, [price_path(each) for each in grouped], None, defended=True)
    extra = RuleEntry(
        rule=MarkDependent(RuleName("mark_dependent"), NearParams(below=Decimal("0.07"), times=3))
    )

    def with_one_more(capabilities: Mapping[AccountName, Capabilities]) -> EngineSettings:
        found = plan.settings(capabilities)
        return replace(found, rules=(extra, *found.rules))

    return replace(plan, settings=with_one_more)


def tapes_of(path: Path) -> list[Tape]:
    """The price tape, and the funding of the same symbol and venue where it was recorded."""
    symbol, venue, *_ = path.name.split("_")
    funding = path.parent / f"{symbol}_{venue}_funding.csv.gz"
    return [read_tape(each, symbol_map={}) for each in (path, funding) if each.exists()]


def sliced(tape: Tape, start: int, stop: int) -> Tape:
    """The bars [start, stop) of a tape."""
    part = slice(start, stop)
    columns = {name: getattr(tape, name)[part] for name in ("times", "open", "high", "low", "close")}
    return replace(tape, volume=None, **columns)


def agree(plan: Plan, name: str) -> None:
    truth = play(plan, Stepper, AlwaysAsking)
    assert play(plan, Stepper, Engine) == truth, f"{name}: stepping differs"
    assert play(plan, Jumper, Engine) == truth, f"{name}: jumping differs"
    assert not truth.error, f"{name}: {truth.error}"


@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("name", SAMPLE)
def test_all_ways_agree_on_a_recorded_crash(name: str, mode: str, shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "crashes" / f"{name}.csv.gz"
    agree(a_plan(settings_for(tmp_path, mode), tapes_of(path)), name)


def test_all_ways_agree_where_marks_were_recorded_too(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "crashes" / "2022-05-11_luna"
    tapes = [
        read_tape(folder / f"{symbol}_binance_{kind}.csv.gz", symbol_map={})
        for symbol in ("BTC", "ETH")
        for kind in ("perp_1h", "mark_1h", "funding")
    ]
    agree(a_plan(settings_for(tmp_path, "cross", 2_700), tapes), "luna")


def price_tapes(shared: Path) -> list[Path]:
    """Every recorded price tape: trades, spot and marks."""
    found = sorted((shared / "data" / "crashes").rglob("*.csv.gz"))
    return [path for path in found if "_funding" not in path.name]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["isolated", "cross"])
@pytest.mark.parametrize("part", range(16))
def test_all_ways_agree_on_every_recorded_crash(part: int, mode: str, shared: Path, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, mode)
    paths = price_tapes(shared)
    assert len(paths) > 300
    for path in paths[part::16]:
        agree(a_plan(settings, tapes_of(path)), f"{path.parent.name}/{path.name}")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["isolated", "cross"])
def test_three_years_of_minutes_run_by_jumping(mode: str, shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "long" / "XBTUSD_bitmex_perp_1m_2020-2022.parquet"
    tape = read_tape(path, symbol_map={})
    plan = a_plan(settings_for(tmp_path, mode), [tape])
    played = play(plan, Jumper, Engine)
    assert not played.error
    assert played.marks < len(tape)


@pytest.mark.slow
def test_a_month_of_minutes_jumped_is_the_month_stepped(shared: Path, tmp_path: Path) -> None:
    tape = read_tape(shared / "data" / "long" / "XBTUSD_bitmex_perp_1m_2020-2022.parquet", symbol_map={})
    start = int(tape.times.searchsorted(MARCH_2020_MS))
    month = sliced(tape, start, start + 30 * 1_440)
    agree(a_plan(settings_for(tmp_path, "isolated"), [month]), "March 2020")
