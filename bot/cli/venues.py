"""``holdfast venues``: what each exchange can do, where its figures come from, and what is not certain."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from bot.cli.options import json_option
from bot.cli.text import columns
from bot.core.timeframe import format_timeframe
from bot.core.types import MarginMode

if TYPE_CHECKING:
    from bot.core.capabilities import Capability
    from bot.venues.live.history import History
    from bot.venues.live.terms import Assumed, Traits

Row = Sequence[str]
_EVERY = "every lever"
MODES = tuple(MarginMode)


@click.command()
@click.argument("name", required=False)
@click.option("--assumed", is_flag=True, help="What no source confirms, and how a person could settle it.")
@json_option
def venues(name: str | None, assumed: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags
    """Show what each exchange can do, or everything about the exchange NAME. Needs no network."""
    from bot.venues.live.registry import dialect, spoken

    found = {each: dialect(each).traits for each in ((name,) if name else spoken())}
    if as_json:
        shown = [
            {"venue": each, **_plain(each, traits), "history": _plain_history(dialect(each).history)}
            for each, traits in found.items()
        ]
        click.echo(json.dumps({"schema_version": 1, "venues": shown}, indent=2, ensure_ascii=False))
    elif assumed:
        click.echo("\n\n".join(_assumed(each, traits) for each, traits in found.items()))
    elif name is None:
        table(("venue", "positions", *MODES, "quarterlies", "test network"), _summary(found), sys.stdout)
        click.echo("holdfast venues NAME shows everything about one; --assumed what no source confirms.")
    else:
        _everything(name, found[name], dialect(name).history)


def _summary(found: dict[str, Traits]) -> list[Row]:
    """One row per exchange: what is missing in each margin mode, and what is done in its place."""
    return [
        (
            name,
            ", ".join(sorted(traits.position_modes)),
            *(_missing(traits, mode) for mode in MODES),
            "yes" if traits.quarterlies else "no",
            "yes" if traits.test_network else "no",
        )
        for name, traits in found.items()
    ]


def _missing(traits: Traits, mode: MarginMode) -> str:
    lacking: dict[str, list[str]] = {}
    for (lever, margin), able in sorted(traits.levers.items()):
        if margin == mode and not able.works:
            lacking.setdefault(able.substitute, []).append(lever)
    said = [
        f"no {', '.join(levers)}" + (f" ({instead} instead)" if instead else "")
        for instead, levers in sorted(lacking.items())
    ]
    return "; ".join(said) or _EVERY


def _everything(name: str, traits: Traits, history: History) -> None:
    modes = ", ".join(sorted(traits.position_modes))
    click.echo(f"{name}: margin rules {', '.join(traits.margin_rules)}; position modes {modes}\n")
    table(("lever", *(f"{mode} ({modes})" for mode in MODES)), list(_levers(traits)), sys.stdout)
    click.echo(columns([*_facts(traits), *_history(history)]))


def _levers(traits: Traits) -> Iterator[Row]:
    for lever in dict.fromkeys(lever for lever, _ in sorted(traits.levers)):
        yield (lever, *(_able(traits.levers.get((lever, mode))) for mode in MODES))


def _able(able: Capability | None) -> str:
    if able is None:
        return "no"
    because = f": {able.because}" if able.because else ""
    instead = f"; {able.substitute} instead" if able.substitute and not able.works else ""
    return f"{'yes' if able.works else 'no'}{because}{instead}"


def _facts(traits: Traits) -> list[Row]:
    window = f"{traits.recv_window_ms} ms" if traits.recv_window_ms else "none is promised"
    bars = "stream" if traits.bars_streamed else "by request when they close"
    return [
        *(("in hedge mode", f"{lever} {mode}: {_able(able)}") for (lever, mode), able in _in_hedge(traits)),
        ("mark price", traits.mark_source),
        ("funding", traits.funding_source),
        ("bars", f"{', '.join(map(format_timeframe, sorted(traits.timeframes_ms)))}; {bars}"),
        ("client ids", f"at most {traits.client_id_max} of {traits.client_id_chars}"),
        ("resting stops", traits.conditional_orders),
        ("moving a stop", traits.stop_replacement),
        ("margin history", traits.margin_history or "none: added margin is seen by the position's change"),
        ("receive window", window),
        ("quarterlies", traits.quarterlies or "none"),
        ("test network", traits.test_network or "none"),
        ("hosts", ", ".join(sorted(traits.hosts))),
        *(
            ("limit", f"{name}: {w.capacity} in {w.per_ms} ms, {w.reserve} kept for emergencies")
            for name, w in traits.windows.items()
        ),
        *(("source", source) for source in traits.sources),
        ("assumed", f"{len(traits.assumed)} things no source confirms: --assumed"),
    ]


def _history(history: History) -> list[Row]:
    """What ``holdfast data fetch`` can get, and what it does not attempt."""
    from bot.core.timeframe import format_timeframe

    told = []
    for series, each in history.tells.items():
        steps = ", ".join(map(format_timeframe, each.timeframes_ms))
        told.append(("history", f"{series}: {steps or 'each settlement'}"))
    return [*told, *(("history", f"{series}: none: {because}") for series, because in history.lacks.items())]


def _in_hedge(traits: Traits) -> list[tuple[tuple[str, MarginMode], Capability]]:
    return sorted(traits.in_hedge.items(), key=lambda pair: pair[0])


def _assumed(name: str, traits: Traits) -> str:
    """Of the exchange, which money rests on, and of its simulator, which tests rest on."""
    from bot.simulator.venues import ASSUMED

    lines = [f"{name}: what no source confirms, and how to settle it", *_numbered(traits.assumed)]
    lines += ["", f"{name}, simulated: what it does that no source confirms", *_numbered(ASSUMED[name])]
    return "\n".join(lines)


def _numbered(assumed: Sequence[Assumed]) -> Iterator[str]:
    for number, each in enumerate(assumed, start=1):
        yield f"  {number}. {each.what}"
        yield f"     settle: {each.settle}"


def _plain(name: str, traits: Traits) -> dict[str, Any]:
    """Everything as JSON values; ``levers`` by margin mode and name, ``in_hedge`` what differs there."""
    from bot.simulator.venues import ASSUMED

    return {
        "margin_rules": list(traits.margin_rules),
        "position_modes": sorted(traits.position_modes),
        "levers": _plain_levers(traits.levers),
        "in_hedge": _plain_levers(traits.in_hedge),
        "mark_source": traits.mark_source,
        "funding_source": traits.funding_source,
        "bars_streamed": traits.bars_streamed,
        "client_id": {"max": traits.client_id_max, "chars": traits.client_id_chars},
        "conditional_orders": traits.conditional_orders,
        "stop_replacement": traits.stop_replacement,
        "margin_history": traits.margin_history,
        "recv_window_ms": traits.recv_window_ms,
        "quarterlies": traits.quarterlies,
        "test_network": traits.test_network,
        "hosts": sorted(traits.hosts),
        "windows": {
            name: {"capacity": window.capacity, "per_ms": window.per_ms, "reserve": window.reserve}
            for name, window in traits.windows.items()
        },
        "sources": list(traits.sources),
        "assumed": [{"what": each.what, "settle": each.settle} for each in traits.assumed],
        "assumed_by_simulator": [{"what": each.what, "settle": each.settle} for each in ASSUMED[name]],
    }


def _plain_history(history: History) -> dict[str, Any]:
    return {
        "tells": {str(series): list(each.timeframes_ms) for series, each in history.tells.items()},
        "lacks": {str(series): because for series, because in history.lacks.items()},
    }


def _plain_levers(
    levers: Mapping[tuple[str, MarginMode], Capability],
) -> dict[str, dict[str, dict[str, Any]]]:
    plain: dict[str, dict[str, dict[str, Any]]] = {}
    for (lever, mode), able in sorted(levers.items(), key=lambda pair: pair[0]):
        plain.setdefault(mode, {})[lever] = {
            "works": able.works,
            "because": able.because,
            "substitute": able.substitute,
        }
    return plain


def table(headings: Row, rows: Sequence[Row], out: TextIO) -> None:
    """A table that wraps in a terminal, aligned lines anywhere else."""
    if not out.isatty():
        click.echo(columns([headings, *rows], indent=""), file=out)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        drawn.add_column(heading, no_wrap=heading in ("venue", "lever"))
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(file=out).print(drawn)
