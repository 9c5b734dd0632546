"""The runs of a report: behind a line each, its charts, what was done and why, what limits refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from markupsafe import Markup

from bot.core.types import ZERO
from bot.lab.report.fold import fold
from bot.lab.report.stress.deeds import Deed, Kind
from bot.lab.report.stress.drawing import charts
from bot.lab.report.stress.story import WORDS, Story, named, nearest, plain, saved_by, tone_of
from bot.lab.report.table import Column, table
from bot.lab.scenarios import Scenario
from bot.look.figures import NOTHING, amount, moment, percent

_DONE = (
    Column("position"),
    Column("what was done"),
    Column("rule"),
    Column("when"),
    Column("nearest then", number=True),
    Column("cost", number=True),
    Column("why, the first time"),
)


def runs(place: str, scenario: Scenario, stories: Sequence[Story], *, buckets: int, unfolded: bool) -> Markup:
    """One scenario with every set of rules; ``place`` is its id, ``unfolded`` shows the first run."""
    behind, drawn = charts(place, stories, buckets)
    folds = (
        _run(run_place(place, at), story, chart, unfolded=unfolded and at == 0)
        for at, (story, chart) in enumerate(zip(stories, drawn, strict=True))
    )
    about = " ".join(scenario.table.about.split())
    title = f"{scenario.table.title} ({scenario.name})"
    return Markup('{}<div class="folds"><h3>{}</h3><p class="note">{}</p>{}</div>').format(
        behind, title, about, Markup().join(folds)
    )


def run_place(place: str, at: int) -> str:
    """The id of a run in the page."""
    return f"{place}r{at}"


def _run(place: str, story: Story, drawn: Markup, *, unfolded: bool) -> Markup:
    trial = story.trial
    body = Markup('<div class="charts">{}</div>{}{}').format(
        drawn, _done(story), Markup().join(Markup("<p>{}</p>").format(each) for each in _told(story))
    )
    away = nearest(trial)
    facts = [
        f"nearest {percent(away, 1)}" if trial.survived and away is not None else "",
        f"{amount(trial.equity, 0)} of {amount(trial.equity_before, 0)} {story.currency} left",
        f"{amount(trial.margin_added, 0)} added",
        f"cost {amount(trial.cost, 0)}",
    ]
    tone = tone_of(trial)
    return fold(place, trial.rules, body, facts=facts, tone=tone, word=WORDS[tone], unfolded=unfolded)


def _done(story: Story) -> Markup:
    """Equal acts in one line. Stops are lines in the charts, liquidations are above them."""
    alike: dict[tuple[str, Kind, str], list[Deed]] = {}
    for deed in story.deeds:
        if deed.kind not in {Kind.STOP, Kind.LIQUIDATED}:
            alike.setdefault((named(deed.id), deed.kind, deed.rule), []).append(deed)
    rows = [
        (
            position,
            kind.title if len(those) == 1 else f"{kind.title}, {len(those)} times",
            rule,
            _when(those),
            _least([deed.before for deed in those]),
            amount(sum((deed.cost for deed in those), ZERO), 0) if any(deed.cost for deed in those) else "",
            those[0].reason,
        )
        for (position, kind, rule), those in alike.items()
    ]
    return table(_DONE, rows) if rows else Markup("<p>Nothing was done.</p>")


def _when(those: Sequence[Deed]) -> str:
    first, last = (moment(deed.at_ms)[5:16] for deed in (those[0], those[-1]))
    if first == last:
        return first
    return f"{first} to {last[6:] if first[:6] == last[:6] else last}"


def _least(distances: Sequence[Decimal | None]) -> str:
    known = [abs(each) for each in distances if each is not None]
    return percent(min(known), 1) if known else NOTHING


def _told(story: Story) -> Iterator[str]:
    stops = sum(deed.kind is Kind.STOP for deed in story.deeds)
    if stops:
        yield f"Stops placed or moved: {stops}."
    if story.trial.blocked:
        most_first = sorted(story.trial.blocked.items(), key=lambda each: (-each[1], each[0]))
        counted = ", ".join(f"{plain(reason)} {count}" for reason, count in most_first)
        yield f"Refused by limits: {counted}."
    if not story.trial.survived:
        yield f"What would have saved it: {saved_by(story.saving)}."
