"""The page of a Monte Carlo run: how probable survival is, what is lost, and what defence takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from markupsafe import Markup

from bot.lab.montecarlo.laying import Columns
from bot.lab.montecarlo.run import MonteCarloResult
from bot.lab.montecarlo.tally import Share, Spread, Tally
from bot.lab.report.axes import number_axis, percent_text, time_axis
from bot.lab.report.lines import WIDE, Band, Ink, Line, Pane, line_chart
from bot.lab.report.page import Page, Section, page
from bot.lab.report.table import Column, table
from bot.lab.tapes import Ticks
from bot.look.figures import amount, percent
from bot.look.refusals import refusal
from bot.look.tone import Tone

_INKS = (Ink.FIRST, Ink.SECOND, Ink.THIRD, Ink.FOURTH)


def report(result: MonteCarloResult, versions: Sequence[tuple[str, str]], *, at_least: float) -> str:
    """The HTML of a run.

    ``at_least`` is the share of paths that has to be survived, ``versions`` are of whatever it was made with.
    """
    mine = next(iter(result.tallies.values()))
    return page(
        Page(
            title="How probable is survival?",
            kind="Holdfast Monte Carlo",
            verdict=verdict(result),
            tone=_tone(mine, at_least),
            figures=(
                ("survived with your rules", _percent(mine.survival.share)),
                ("with no defence", _percent(result.tallies[result.undefended].survival.share)),
                (
                    "mean loss of the worst 5 %",
                    f"{_money(mine.loss.shortfall(0.95))} of {_money(result.equity_before)}",
                ),
                ("cost of safety", _money(mine.premium.mean)),
            ),
            sections=[
                _survival(result),
                _losses(result),
                _defence(result),
                *_refused(result),
                _paths(result),
                Section(id="assumptions", title="What was assumed", body=_assumed(result)),
            ],
            provenance=[
                ("Configuration", f"sha256 {result.settings.digest()}"),
                ("Seed", str(result.wanted.seed)),
                ("Method", result.wanted.method),
                ("Tapes", ", ".join(f"sha256 {each[:16]}" for each in sorted(result.history.tapes))),
                *versions,
            ],
        )
    )


def verdict(result: MonteCarloResult) -> str:
    """One sentence: how many of the paths are survived, with which rules."""
    mine, *others = result.tallies
    said = f"With the {mine} rules {_told(result.tallies[mine].survival)} of {result.wanted.paths:,} paths"
    said += " are survived"
    for name in others:
        with_what = "no defence" if name == result.undefended else name
        said += f", with {with_what} {_told(result.tallies[name].survival)}"
    return f"{said}."


def _tone(mine: Tally, at_least: float) -> Tone:
    if mine.survival.share < at_least:
        return Tone.DEAD
    return Tone.NEAR if mine.died else Tone.SAFE


def _survival(result: MonteCarloResult) -> Section:
    columns = _columns("survived", "95 % interval", "liquidated", "saved", "lost")
    rows = [
        (
            name,
            _percent(tally.survival.share),
            f"{_percent(tally.survival.low)} to {_percent(tally.survival.high)}",
            f"{tally.died:,}",
            f"{tally.saved:,}",
            f"{tally.lost:,}",
        )
        for name, tally in result.tallies.items()
    ]
    return Section(
        id="survival",
        title="Survival",
        note="Saved: paths that are survived with these rules and not without; lost: the other way round.",
        body=table(columns, rows),
    )


def _losses(result: MonteCarloResult) -> Section:
    of = f"Loss of {_money(result.equity_before)}"
    curves = {name: tally.loss.exceedance() for name, tally in result.tallies.items()}
    low, high = min(x[0] for x, _ in curves.values()), max(x[-1] for x, _ in curves.values())
    chart = line_chart(
        [
            Pane(
                y=number_axis(0.0, 1.0, text=percent_text),
                title="share of paths that lose at least so much",
                lines=[
                    Line(name=name, x=x, y=y, ink=_INKS[number % len(_INKS)])
                    for number, (name, (x, y)) in enumerate(curves.items())
                ],
            )
        ],
        x=number_axis(float(low), float(high), about=6),
        summary="How many paths lose at least so much, for each set of rules",
        title="Loss",
        width=WIDE,
    )
    figures: tuple[tuple[str, Callable[[Spread], float]], ...] = (
        ("mean", lambda loss: loss.mean),
        ("median", lambda loss: loss.quantile(0.5)),
        ("95 %", lambda loss: loss.quantile(0.95)),
        ("99 %", lambda loss: loss.quantile(0.99)),
        ("largest", lambda loss: loss.most),
        ("shortfall 95 %", lambda loss: loss.shortfall(0.95)),
        ("shortfall 99 %", lambda loss: loss.shortfall(0.99)),
    )
    rows = [
        (name, *(_money(of_loss(tally.loss)) for _, of_loss in figures))
        for name, tally in result.tallies.items()
    ]
    return Section(
        id="losses",
        title="What is lost",
        note=f"{of}; negative where it is won. The expected shortfall is the mean of the worst paths.",
        body=chart + table(_columns(*(title for title, _ in figures)), rows),
    )


def _defence(result: MonteCarloResult) -> Section:
    columns = _columns(
        "mean margin added", "largest", "budget ran out", "mean cost", "cost 95 %", "cost of safety"
    )
    rows = [
        (
            name,
            _money(tally.added.mean),
            _money(tally.added.most),
            _percent(tally.blocked["budget"] / tally.paths),
            _money(tally.cost.mean),
            _money(tally.cost.quantile(0.95)),
            _money(tally.premium.mean),
        )
        for name, tally in result.tallies.items()
        if name != result.undefended
    ]
    return Section(
        id="defence",
        title="What defence takes",
        note=(
            "The cost of safety is how much more is lost with the rules than without, on the paths that are "
            "survived without."
        ),
        body=table(columns, rows),
    )


def _refused(result: MonteCarloResult) -> Iterator[Section]:
    reasons = {reason: None for tally in result.tallies.values() for reason in sorted(tally.blocked)}
    if not reasons:
        return
    names = [name for name in result.tallies if name != result.undefended]
    rows = [
        (
            refusal(reason),
            *(_percent(result.tallies[name].blocked[reason] / result.wanted.paths) for name in names),
        )
        for reason in reasons
    ]
    yield Section(
        id="limits",
        title="What limits refused",
        note="On how many of the paths something was refused for that reason.",
        body=table([Column("reason"), *(Column(name, number=True) for name in names)], rows),
    )


def _paths(result: MonteCarloResult) -> Section:
    """How far prices go: quantiles of the closes of the first bundle."""
    bundle = result.drawing.bundle(0)
    charts = Markup().join(
        _fan(symbol, columns, exponent, bundle.times)
        for symbol, exponent, columns in zip(
            bundle.start.symbols, bundle.start.exponents, bundle.columns, strict=True
        )
    )
    return Section(
        id="paths",
        title="The paths",
        note=f"Where the closes of the first {len(bundle)} of them are, bar by bar.",
        body=Markup('<div class="charts">{}</div>').format(charts),
    )


def _fan(symbol: str, columns: Columns, exponent: int, times: Ticks) -> Markup:
    prices = columns.close / 10.0**exponent
    least, low, quarter, middle, rest, high, most = np.quantile(
        prices, (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0), axis=0
    )
    pane = Pane(
        y=number_axis(float(least.min()), float(most.max())),
        bands=[
            Band(name="90 % of paths", x=times, low=low, high=high),
            Band(name="half of the paths", x=times, low=quarter, high=rest),
        ],
        lines=[
            Line(name="median", x=times, y=middle, ink=Ink.PRICE),
            Line(name="lowest", x=times, y=least, ink=Ink.SOFT),
            Line(name="highest", x=times, y=most, ink=Ink.SOFT),
        ],
    )
    return line_chart(
        [pane],
        x=time_axis(int(times[0]), int(times[-1])),
        summary=f"The prices of {symbol} on the paths: median, quantiles, extremes",
        title=symbol,
    )


def _assumed(result: MonteCarloResult) -> Markup:
    items = Markup().join(Markup("<li>{}</li>").format(each) for each in result.assumptions)
    return Markup("<ul>{}</ul>").format(items)


def _columns(*titles: str) -> list[Column]:
    return [Column("rules"), *(Column(title, number=True) for title in titles)]


def _told(share: Share) -> str:
    return f"{_percent(share.share)} ({_percent(share.low)} to {_percent(share.high)})"


def _percent(share: float) -> str:
    return percent(repr(share))


def _money(number: float) -> str:
    return amount(f"{number:.8f}")
