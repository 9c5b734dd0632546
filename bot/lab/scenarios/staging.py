"""What befalls the venue in a scenario, as the configuration of a replay says it.

A scenario is played like any recording: its tapes go in where files would, and the rest of it takes the place
of what the configuration stages. There is no second way through the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.config.model import OutageTable, QuarterliesTable, ReplayTable
from bot.config.settings import Settings
from bot.core.durations import format_duration
from bot.core.types import Symbol
from bot.lab.scenarios.model import ANY_COIN
from bot.lab.scenarios.scenario import Scenario
from bot.lab.scenarios.taping import MINUTE_MS, coin_of
from bot.lab.scenarios.thinning import books

LATE_MS = 30_000
"""How long an exchange that misbehaves takes to do what it is asked for."""
MUTE_MIN = 10
"""For how many minutes it is not there at all."""
_HOW = ("stale_after_intervals", "path")
"""What of the table says how a replay is played, and not what happens in it."""


def staged(settings: Settings, scenario: Scenario, symbols: Sequence[Symbol]) -> Settings:
    """The same settings, with what befalls ``symbols`` in the scenario in place of what they stage."""
    config = settings.config
    table = scenario.table
    told: dict[str, Any] = {
        "outages": [
            {**_when(each.after), **each.model_dump(mode="json", include={"lasts", "streams", "answer"})}
            for each in table.outages
        ],
        "liquidity": [
            {**_when(each.after), "spread": each.spread, "depth": each.depth} for each in books(scenario)
        ],
        "deleveragings": list(_deleveragings(scenario, symbols)),
        "collateral_prices": list(_collateral(settings, scenario)),
        "funding": list(_funding_terms(scenario, symbols)),
    }
    told.update({name: getattr(config.replay, name) for name in _HOW})
    quarterlies = tuple(_with_basis(each, scenario) for each in config.paper.quarterlies)
    paper = config.paper.model_copy(update={"quarterlies": quarterlies})
    replay = ReplayTable.model_validate(told)
    return replace(settings, config=config.model_copy(update={"replay": replay, "paper": paper}))


def misbehaving(settings: Settings, scenario: Scenario) -> Settings:
    """Settings that are ``staged``, at an exchange that also fails its traders when they need it most.

    What is sent takes half a minute to be done, and for ten minutes, until the worst price of the coin whose
    path comes first, nothing is answered and nothing is heard; unless the file has an outage at that time.
    """
    config = settings.config
    leader = next(table for table in scenario.table.coins.values() if table.path)
    pick = max if scenario.rising else min
    worst = pick(leader.path, key=lambda anchor: anchor[1])[0]
    start_ms = max(0, worst - MUTE_MIN) * MINUTE_MS
    mute = OutageTable.model_validate(
        {"after": format_duration(start_ms), "lasts": format_duration(MUTE_MIN * MINUTE_MS)}
    )
    outages = config.replay.outages
    if not any(_overlap(mute, each) for each in outages):
        outages = (*outages, mute)
    replay = config.replay.model_copy(update={"outages": outages})
    paper = config.paper.model_copy(update={"latency_ms": max(LATE_MS, config.paper.latency_ms)})
    return replace(settings, config=config.model_copy(update={"replay": replay, "paper": paper}))


def dropped(settings: Settings, scenario: Scenario) -> Iterator[str]:
    """What does not happen: of the scenario, and of what the configuration stages itself."""
    known = settings.config.paper.collateral
    lost = dict.fromkeys(each.asset for each in scenario.table.collateral if each.asset not in known)
    if lost:
        yield f"no collateral here, and so without effect in {scenario.name}: {', '.join(lost)}"
    own = settings.config.replay.model_dump(exclude=set(_HOW))
    if any(own.values()):
        yield f"what the configuration stages is left out: {scenario.name} says itself what happens"


def _overlap(one: OutageTable, two: OutageTable) -> bool:
    assert one.after is not None, "an outage without a time of its own"
    assert two.after is not None, "an outage without a time of its own"
    return one.after < two.after + two.lasts and two.after < one.after + one.lasts


def _when(minute: int) -> Mapping[str, str]:
    return {"after": format_duration(minute * MINUTE_MS)}


def _deleveragings(scenario: Scenario, symbols: Sequence[Symbol]) -> Iterator[Mapping[str, Any]]:
    for each in scenario.table.deleveragings:
        for symbol in symbols:
            if each.coin in {ANY_COIN, coin_of(symbol)}:
                yield {**_when(each.after), "symbol": symbol, "side": each.side, "share": each.share}


def _collateral(settings: Settings, scenario: Scenario) -> Iterator[Mapping[str, Any]]:
    """Prices of what is collateral here; whatever else lost its peg concerns nobody."""
    for each in scenario.table.collateral:
        terms = settings.config.paper.collateral.get(each.asset)
        if terms is not None:
            yield {**_when(each.after), "asset": each.asset, "price": terms.price * each.worth}


def _funding_terms(scenario: Scenario, symbols: Sequence[Symbol]) -> Iterator[Mapping[str, Any]]:
    """Where a venue settles more often than before, or as often again, its contracts say so."""
    for symbol in symbols:
        before = None
        for minute, interval_ms, _ in () if "-" in symbol else scenario.funding(coin_of(symbol)):
            if interval_ms != before:
                yield {**_when(minute), "symbol": symbol, "interval": format_duration(interval_ms)}
            before = interval_ms


def _with_basis(table: QuarterliesTable, scenario: Scenario) -> QuarterliesTable:
    told = {name: value for name, value in scenario.table.basis if value is not None}
    return table.model_copy(update={"basis": table.basis.model_copy(update=told)})
