"""The page of a stress test: the verdict, rules against scenarios, and every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from markupsafe import Markup

from bot.lab.replay.run import ASSUMED
from bot.lab.report.fold import fold
from bot.lab.report.heat import Cell, heat_map
from bot.lab.report.page import Page, Section, page
from bot.lab.report.stress.drawing import key
from bot.lab.report.stress.runs import run_place, runs
from bot.lab.report.stress.story import (
    NEAR,
    WORDS,
    Story,
    danger,
    done,
    named,
    nearest,
    saved_by,
    tone_of,
)
from bot.lab.report.table import Column, table
from bot.lab.scenarios import Scenario
from bot.lab.stress.matrix import StressResult
from bot.look.figures import NOTHING, amount, moment, percent
from bot.look.refusals import refusal
from bot.look.tone import Tone

MOST_BYTES = 400_000
"""A page larger than this is drawn more coarsely."""
_FINENESS = (120, 84, 66, 48, 32, 24)
"""Into how many stretches a price is thinned: the first that keeps the page small enough."""
REBUILT = "scenarios are rebuilt from published figures, with minutes between them drawn from a seed"

Told = Sequence[tuple[Scenario, Sequence[Story]]]
"""The stories of each scenario, one for each set of rules, the worst scenario first."""


def report(result: StressResult, stories: Sequence[Story], versions: Sequence[tuple[str, str]]) -> str:
    """The HTML of a stress test. ``versions`` are of whatever it was made with; at least one story is needed.

    With more runs than fit into ``MOST_BYTES`` at the coarsest it is larger.
    """
    told = _worst_first(result, stories)
    html = ""
    for buckets in _FINENESS:
        html = page(_page(result, told, versions, buckets))
        if len(html.encode()) < MOST_BYTES:
            break
    return html


def _worst_first(result: StressResult, stories: Sequence[Story]) -> Told:
    of = {(each.trial.scenario, each.trial.rules): each for each in stories}
    told = [(each, [of[each.name, name] for name in result.rules]) for each in result.scenarios]
    return sorted(told, key=lambda each: danger([story.trial for story in each[1]]))


def _page(result: StressResult, told: Told, versions: Sequence[tuple[str, str]], buckets: int) -> Page:
    mine = [stories[0] for _, stories in told]
    dead = [each for each in mine if not each.trial.survived]
    tone = Tone.DEAD if dead else Tone.SAFE
    return Page(
        title="Would your rules have survived?",
        kind="Holdfast stress test",
        verdict=verdict(result),
        tone=tone,
        figures=list(_figures(mine)),
        sections=[
            Section(
                id="scenarios",
                title="Scenarios and rules",
                note=(
                    "The worst for your rules first. In each field: how near the nearest position came to "
                    f"liquidation, and what is left of the account. ▲ {WORDS[Tone.NEAR]}: nearer than "
                    f"{percent(NEAR, 0)} of the price."
                ),
                body=_matrix(result, told),
            ),
            Section(id="compared", title="The rules compared", body=_compared(result, stories_of(told))),
            *_deaths(dead, result),
            *_refused(result, stories_of(told)),
            Section(
                id="runs",
                title="Every run",
                note=(
                    "Unfold a run to see it; what is unfolded is printed. All charts of a scenario and a "
                    "position have the same measure; a liquidation price that is not drawn lies beyond them. "
                    "The margin ratio is maintenance margin over equity: at 100% the exchange liquidates."
                ),
                body=_runs(told, buckets),
            ),
            Section(id="assumptions", title="What was assumed", body=_assumed(result)),
        ],
        provenance=[
            ("Configuration", f"sha256 {result.config}"),
            ("Seeds", _seeds(result)),
            *versions,
        ],
    )


def verdict(result: StressResult) -> str:
    """One sentence: how many scenarios are survived, with which rules."""
    count = len(result.scenarios)
    mine, *others = result.rules
    said = f"With the {mine} rules {result.survived(mine)} of {count} scenarios are survived"
    for name in others:
        said += f", {'with no defence' if name == 'none' else f'with {name}'} {result.survived(name)}"
    return f"{said}."


def _figures(mine: Sequence[Story]) -> Iterator[tuple[str, str]]:
    """The extremes of your rules, with where they were."""
    trials = [each.trial for each in mine]
    calls = [
        (away, each.scenario) for each in trials if each.survived and (away := nearest(each)) is not None
    ]
    if calls:
        away, where = min(calls)
        yield f"nearest call survived, {where}", percent(away, 1)
    poorest = min(trials, key=lambda each: each.equity)
    currency = mine[0].currency
    yield (
        f"least left, {poorest.scenario}",
        f"{amount(poorest.equity, 0)} of {amount(poorest.equity_before, 0)} {currency}",
    )
    yield "median left", f"{amount(median(each.equity for each in trials), 0)} {currency}"
    yield "median cost of safety", f"{amount(median(each.cost for each in trials), 0)} {currency}"


def stories_of(told: Told) -> list[list[Story]]:
    """Those of each set of rules."""
    return [list(each) for each in zip(*(stories for _, stories in told), strict=True)]


def _matrix(result: StressResult, told: Told) -> Markup:
    rows = [
        (
            scenario.table.title,
            [_cell(story, run_place(_place(number), at)) for at, story in enumerate(stories)],
        )
        for number, (scenario, stories) in enumerate(told)
    ]
    return heat_map(rows, result.rules, corner="scenario")


def _cell(story: Story, place: str) -> Cell:
    trial = story.trial
    tone, away = tone_of(trial), nearest(trial)
    left = f"{amount(trial.equity, 0)} left"
    near = f"{percent(away, 1)}, " if trial.survived and away is not None else ""
    return Cell(text=WORDS[tone], detail=f"{near}{left}", tone=tone, href=f"#{place}")


def _place(number: int) -> str:
    return f"s{number}"


def _compared(result: StressResult, by_rules: Sequence[Sequence[Story]]) -> Markup:
    currency = by_rules[0][0].currency
    columns = (
        Column("rules"),
        Column("survived", number=True),
        Column("nearest call survived", number=True),
        Column(f"least left, {currency}", number=True),
        Column("median left", number=True),
        Column("median margin added", number=True),
        Column("median cost", number=True),
        Column("acts", number=True),
    )
    return table(columns, [_compare(name, each) for name, each in zip(result.rules, by_rules, strict=True)])


def _compare(name: str, stories: Sequence[Story]) -> Sequence[str]:
    trials = [each.trial for each in stories]
    calls = [away for each in trials if each.survived and (away := nearest(each)) is not None]
    return (
        "none: no defence at all" if name == "none" else name,
        f"{sum(each.survived for each in trials)} of {len(trials)}",
        percent(min(calls), 1) if calls else NOTHING,
        amount(min(each.equity for each in trials), 0),
        amount(median(each.equity for each in trials), 0),
        amount(median(each.margin_added for each in trials), 0),
        amount(median(each.cost for each in trials), 0),
        str(sum(sum(each.actions.values()) for each in trials)),
    )


def _deaths(dead: Sequence[Story], result: StressResult) -> Iterator[Section]:
    if not dead:
        return
    titles = {each.name: each.table.title for each in result.scenarios}
    rows = [
        (
            titles[each.trial.scenario],
            ", ".join(
                f"{named(fate.id)} {moment(fate.liquidated_ms)[:16]}"
                for fate in each.trial.fates
                if fate.liquidated_ms is not None
            ),
            done(each.deeds),
            saved_by(each.saving),
        )
        for each in dead
    ]
    columns = (
        Column("scenario"),
        Column("liquidated, UTC"),
        Column("done"),
        Column("what would have saved it"),
    )
    yield Section(id="deaths", title="Who was liquidated with your rules", body=table(columns, rows))


def _refused(result: StressResult, by_rules: Sequence[Sequence[Story]]) -> Iterator[Section]:
    counted: dict[str, list[list[int]]] = {}
    for at, stories in enumerate(by_rules):
        for each in stories:
            for reason, count in each.trial.blocked.items():
                counted.setdefault(reason, [[] for _ in by_rules])[at].append(count)
    if counted:
        ordered = sorted(counted.items(), key=lambda each: -sum(each[1][0]))
        rows = [
            (
                refusal(reason),
                *(f"{sum(times)} in {_scenarios(len(times))}" if times else "" for times in each),
            )
            for reason, each in ordered
        ]
        columns = [Column("refused because of"), *(Column(name, number=True) for name in result.rules)]
        yield Section(
            id="limits",
            title="What limits refused",
            note="A refusal is counted once until something changes.",
            body=table(columns, rows),
        )


def _scenarios(count: int) -> str:
    return f"{count} scenario{'s' if count > 1 else ''}"


def _runs(told: Told, buckets: int) -> Markup:
    """The worst scenario is unfolded."""
    return key() + Markup().join(
        runs(_place(number), scenario, stories, buckets=buckets, unfolded=number == 0)
        for number, (scenario, stories) in enumerate(told)
    )


def _assumed(result: StressResult) -> Markup:
    sentences = (REBUILT, *ASSUMED, *result.assumptions)
    items = Markup().join(Markup("<li>{}</li>").format(each) for each in sentences)
    columns = (Column("scenario"), Column("seed", number=True), Column("sha256 of its file"))
    rows = [(each.name, str(each.table.seed), each.sha256[:16]) for each in result.scenarios]
    return Markup("<ul>{}</ul>{}").format(items, fold("seeds", "Scenarios and seeds", table(columns, rows)))


def _seeds(result: StressResult) -> str:
    seeds = {each.table.seed for each in result.scenarios}
    return f"{next(iter(seeds))} in every scenario" if len(seeds) == 1 else "see the scenarios above"
