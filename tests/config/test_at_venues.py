"""A configuration is refused where its rules cannot be carried out, and told what can."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from bot.config.accounts import VENUES
from bot.config.at_venues import findings_at
from bot.config.errors import ConfigError
from bot.config.levers import Finding
from bot.config.settings import Settings, load
from bot.core.capabilities import Capability
from bot.core.markets.passage import Passage
from bot.core.types import MarginMode, PositionMode
from bot.venues.live.dialects.bybit import DIALECT as AT_BYBIT
from bot.venues.live.dialects.xt import DIALECT
from bot.venues.live.registry import dialect
from bot.venues.live.terms import Traits

ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS
XT, BYBIT = DIALECT.traits, AT_BYBIT.traits


def settings(
    folder: Path, *rules: str, mode: str = "hedge", accounts: tuple[str, ...] = ("main",)
) -> Settings:
    path = folder / "bot.toml"
    lines = [
        *(f'[accounts.{name}]\nbalance = 5000\nposition_mode = "{mode}"' for name in accounts),
        *(f"[[rules]]\n{rule}" for rule in rules),
        '[contracts."*"]',
        "tick = 0.1",
        "lot = 0.001",
        "synthetic_tiers = true",
        "tiers = [{ floor = 0, rate = 0.004 }]",
    ]
    path.write_text("\n".join(lines))
    return load(path)


TOP_UP = 'use = "top_up"\nparams = { below = 0.05, restore_to = 0.1 }'
CUT = 'use = "cut_leverage"\nparams = { below = 0.05, leverage = 5 }'
HEDGE = 'use = "quarterly_hedge"\nparams = { below = 0.05 }'


def refusing_cuts() -> Traits:
    """An exchange that refuses to lower the leverage of an open isolated position, as Binance does."""
    no = Capability(works=False, because="it is refused (-4161)", substitute="AddMargin")
    modes = frozenset(PositionMode)
    levers = MappingProxyType({**XT.levers, ("CutLeverage", ISOLATED): no})
    return replace(XT, name="binanceusdm", position_modes=modes, levers=levers)


def found(settings_: Settings, traits: Traits) -> Iterator[Finding]:
    return findings_at(settings_, {"main": traits})


def test_a_rule_that_works_in_one_margin_mode_is_a_note(tmp_path: Path) -> None:
    (finding,) = found(settings(tmp_path, TOP_UP), XT)
    assert finding == Finding(
        "top_up", "cross positions at xt: no isolated margin in cross, use ReducePosition there"
    )


def test_a_rule_that_works_in_none_is_hopeless_and_the_substitute_is_named(tmp_path: Path) -> None:
    (finding,) = found(settings(tmp_path, HEDGE), XT)
    assert finding.hopeless
    why = "no dated contract of XT was ever seen, and opening one in another coin was never tried"
    assert finding.text == "; ".join(
        f"{mode} positions at xt: {why}, use ReducePosition there" for mode in ("isolated", "cross")
    )


def test_a_rule_with_a_substitute_of_its_own_is_told_to_use_it(tmp_path: Path) -> None:
    _, finding = found(settings(tmp_path, CUT), refusing_cuts())
    assert finding == Finding(
        "cut_leverage",
        "isolated positions at binanceusdm: AddMargin instead of CutLeverage, for it is refused (-4161)",
        replaced=True,
    )


def test_what_only_hedge_mode_forbids_is_told_there_and_nowhere_else(tmp_path: Path) -> None:
    in_hedge = settings(tmp_path, CUT)
    (told,) = [finding for finding in findings_at(in_hedge, {"main": BYBIT}) if finding.replaced]
    assert told.text == (
        "isolated positions at bybit: AddMargin instead of CutLeverage, for Bybit sets the leverage of a long"
        " and a short at once and resets the margin of both"
    )
    one_way = settings(tmp_path, CUT, mode="one_way")
    assert not [finding for finding in findings_at(one_way, {"main": BYBIT}) if finding.replaced]


def test_a_lever_the_exchange_says_nothing_of_is_a_declared_no(tmp_path: Path) -> None:
    levers = {key: able for key, able in XT.levers.items() if key[0] not in ("OpenHedge", "CloseHedge")}
    (finding,) = found(settings(tmp_path, HEDGE), replace(XT, levers=levers))
    assert finding.hopeless
    assert "xt has no OpenHedge in isolated mode" in finding.text


def test_a_position_mode_it_does_not_have_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        list(found(settings(tmp_path, TOP_UP, mode="one_way"), XT))
    assert str(refused.value).endswith(
        'bot.toml:3: accounts.main.position_mode: found "one_way"; xt has only "hedge"'
    )


def test_bars_that_the_exchange_does_not_have_are_refused_with_the_line_of_who_waits_for_them(
    tmp_path: Path,
) -> None:
    rules = (
        TOP_UP + '\nwhen = "close_2h < entry and close_1h < entry"',
        'use = "atr_stop"\nparams = { timeframe = "3m" }',
    )
    with pytest.raises(ConfigError) as refused:
        list(found(settings(tmp_path, *rules), XT))
    has = "it has 1m, 5m, 15m, 30m, 1h, 4h, 1d"
    told = str(refused.value).splitlines()
    assert [line.partition("bot.toml:")[2] for line in told if "bot.toml:" in line] == [
        f"7: rules[1].when: xt has no bars of 2h; {has}",
        f"10: rules[2].params: xt has no bars of 3m; {has}",
    ]


def test_every_exchange_has_the_bars_that_a_probability_is_counted_over() -> None:
    counted = {Passage(horizon_ms).timeframe_ms for horizon_ms in range(720_000, 31 * 86_400_000, 720_000)}
    for venue in VENUES:
        assert counted <= dialect(venue).traits.timeframes_ms, venue


def test_two_accounts_at_one_exchange_are_judged_once(tmp_path: Path) -> None:
    read = settings(tmp_path, HEDGE, accounts=("main", "other"))
    assert len(list(findings_at(read, {"main": XT, "other": XT}))) == 1


def test_no_account_at_an_exchange_means_nothing_to_find(tmp_path: Path) -> None:
    assert list(findings_at(settings(tmp_path, HEDGE), {})) == []
