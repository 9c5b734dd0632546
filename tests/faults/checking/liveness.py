"""Alive: a bot that never acts breaks no other promise, so that it acts is one (I13, I19, I30).

All of it is asked only of quiet times: the bot guards, no fault is at work, and none was for a while.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.core.decisions import Action, Refusal, StateChanged
from bot.core.facts import Command, CommandKind
from bot.core.held.pairs import hedge_id
from bot.core.intents import OpenHedge
from bot.core.margin.liquidation import distance, liquidation_price
from bot.core.margin.pool import Holding, Pool
from bot.core.types import MarginMode, OrderKind, Position, PositionId
from bot.simulator.records import OrderRecord, OrderStatus
from strategies.top_up import TopUp
from tests.faults.checking.never_blind import Standings
from tests.faults.checking.story import Story, is_ours, run_at
from tests.faults.checking.violation import Violation
from tests.faults.evidence import PATIENCE_MS, Ending, OrderEffect, PositionEffect, Who

STOP_MS = 30_000
"""A position has a stop, or is said to be NAKED, within this: two readings and the way there."""
IDLE_MS = 75_000
"""Whoever keeps the stops waits no longer than a minute before it tries again."""
REACTION_MS = 15_000
"""A rule whose condition holds has acted, or was refused, within this."""
LOOK_MS = 5_000
CANCELLED_TWICE = 2
"""So many stops cancelled by the trader are his will."""
PINGED_MS = 30_000
"""Who listens outside hears of it three times in so long."""
QUESTIONS = 12
"""So many single doubts a minute may leave to be asked about."""
WITHOUT_STOP = ("no liquidation price", "the pair with", "the larger leg", "the opposite leg")
"""What the journal may say in place of a stop that protects."""


def it_is_armed_again(story: Story) -> Iterator[Violation]:
    """I30. A while after the last trouble the bot is armed, unless a person or its own doubt holds it."""
    evidence = story.evidence
    if not evidence.runs:
        return
    run = evidence.runs[-1]
    trouble_ms = max((fault.until_ms for fault in evidence.faults), default=0)
    quiet_ms = evidence.ended_ms - max(trouble_ms, run.guarding_ms or run.started_ms)
    if quiet_ms <= PATIENCE_MS:
        return
    if run.ending is not Ending.STOPPED:
        yield Violation(run.ended_ms, "I30", f"the last run {run.ending}: {run.because}")
        return
    standings, held_back = Standings(), set[str]()
    for line in story.lines:
        standings.read(line)
        if isinstance(line.noun, Command):
            held_back = {"halted"} if line.noun.kind is CommandKind.HALT else held_back
            held_back = set() if line.noun.kind is CommandKind.RESUME else held_back
    for held in evidence.first:
        standing = standings.of(held.account)
        doubted = standing.state == "halted" and _doubted(story, held.account)
        doubted |= standing.state == "blind" and _wrong_clock(story, held.account)
        if standing.state != "armed" and standing.state not in held_back and not doubted:
            text = f"{held.account} is {standing.state}, {quiet_ms // 1000} s after the last trouble"
            yield Violation(evidence.ended_ms, "I30", text)


def every_position_has_a_stop(story: Story) -> Iterator[Violation]:
    """I13. A position without a stop at the exchange is not one that the journal calls protected."""
    if not story.evidence.configured.seatbelt.enabled:
        return
    for id_, since_ms, until_ms in _bare(story):
        for run_since_ms, run_until_ms in _quiet(story):
            from_ms, to_ms = max(since_ms, run_since_ms), min(until_ms, run_until_ms)
            if to_ms - from_ms <= STOP_MS:
                continue
            said = _said(story, f"protection:{id_}", from_ms + STOP_MS)
            if said is None and _armed(story, id_.account, from_ms, to_ms):
                text = f"{id_} has no stop since {since_ms}, and nobody is told"
                yield Violation(from_ms + STOP_MS, "I13", text)
            elif said is not None and said != "NAKED" and not said.startswith(WITHOUT_STOP):
                text = f"{id_} has no stop since {since_ms} and is said to be protected by {said}"
                yield Violation(from_ms + STOP_MS, "I13", text)
            elif (
                to_ms - from_ms > IDLE_MS
                and said == "NAKED"
                and _may_act(story, id_, from_ms, to_ms)
                and not _by_will(story, id_, to_ms)
            ):
                text = f"{id_} is NAKED since {since_ms} and nobody does anything about it"
                yield Violation(to_ms, "I30", text)


def what_is_wanted_is_done(story: Story) -> Iterator[Violation]:
    """I30. Where margin is to be added at the true mark, that is done or refused within a time.

    Of the shipped rules it is the one that always speaks below its threshold, until it has acted its times.
    A hedge of ours is not fed, however near its liquidation is: the keeper alone looks after it.
    """
    rules = [
        (entry.name, entry.rule.params.below, entry.rule.params.max_times)
        for entry in story.evidence.configured.rules
        if isinstance(entry.rule, TopUp) and not entry.shadow
    ]
    spoke: dict[tuple[PositionId, str], list[int]] = defaultdict(list)
    for line in story.lines:
        if isinstance(line.noun, Action | Refusal):
            spoke[line.noun.id, line.noun.rule].append(line.at_ms)
    for rule, below, most in rules:
        for near in _near(story, below):
            times = spoke[near.id, rule]
            acted = [d for d in story.deeds if d.action.id == near.id and d.action.rule == rule]
            if len(acted) >= most or _is_hedge(story, near):
                continue
            if not any(near.since_ms - LOOK_MS <= at_ms <= near.until_ms for at_ms in times):
                text = f"{near.id} was {near.nearest:.2%} from liquidation and {rule} said nothing"
                yield Violation(near.until_ms, "I30", text)


def it_is_heard_to_be_well(story: Story) -> Iterator[Violation]:
    """I30. Where an account is armed and nothing is wrong, whoever listens outside hears that it is well."""
    pings, runs = story.evidence.pings, story.evidence.runs
    if pings is None or not runs or runs[-1].ending is not Ending.STOPPED:
        return
    ended_ms = runs[-1].ended_ms
    quiet = [since_ms for since_ms, until_ms in _quiet(story) if until_ms >= ended_ms]
    if not quiet or ended_ms - quiet[-1] < PATIENCE_MS:
        return
    standings = Standings()
    for line in story.lines:
        standings.read(line)
    armed = all(standings.of(held.account).state == "armed" for held in story.evidence.first)
    if armed and not any(at_ms >= ended_ms - PINGED_MS for at_ms in pings):
        yield Violation(ended_ms, "I30", "it is armed, and nobody outside hears that it is well")


def it_hears_by_stream_again(story: Story) -> Iterator[Violation]:
    """I30. A while after the last trouble marks come by stream, and need not be asked for."""
    evidence = story.evidence
    for since_ms, until_ms in _quiet(story):
        from_ms = max(since_ms + PATIENCE_MS, until_ms - PATIENCE_MS)
        if until_ms < evidence.runs[-1].ended_ms or until_ms - from_ms < PATIENCE_MS:
            continue
        asked = sum(1 for a in evidence.requests if a.path.endswith("/premiumIndex") and a.sent_ms >= from_ms)
        if asked > QUESTIONS:
            text = f"marks were asked for {asked} times in the last minute, and no stream is the matter"
            yield Violation(until_ms, "I30", text)


def one_stop_is_enough(story: Story) -> Iterator[Violation]:
    """I30. In the end no position has more than one stop of ours: what was replaced is gone."""
    evidence = story.evidence
    if not evidence.runs or evidence.runs[-1].ending is not Ending.STOPPED:
        return
    ended_ms = evidence.runs[-1].ended_ms
    quiet = [until_ms - since_ms for since_ms, until_ms in _quiet(story) if until_ms >= ended_ms]
    if not quiet or quiet[-1] < PATIENCE_MS:
        return
    named = {deed.action.client_id for deed in story.deeds}
    for held in evidence.last:
        for id_ in held.positions:
            ours = [o.client_id for o in held.orders if o.id == id_ and _is_stop(o) and o.client_id in named]
            if len(ours) > 1:
                yield Violation(evidence.ended_ms, "I30", f"{id_} has {len(ours)} stops of ours: {ours}")


CHECKS = (
    it_is_armed_again,
    it_is_heard_to_be_well,
    it_hears_by_stream_again,
    one_stop_is_enough,
    every_position_has_a_stop,
    what_is_wanted_is_done,
)


# -- inside -----------------------------------------------------------------------------------------


def _quiet(story: Story) -> Iterator[tuple[int, int]]:
    """When a run guarded and nothing was wrong, nor had been for a while."""
    faults = sorted((fault.at_ms, fault.until_ms) for fault in story.evidence.faults)
    for run in story.evidence.runs:
        if run.guarding_ms is None:
            continue
        since_ms = run.guarding_ms
        for at_ms, until_ms in faults:
            if until_ms < since_ms - PATIENCE_MS or at_ms >= run.ended_ms:
                continue
            if at_ms > since_ms:
                yield since_ms, at_ms
            since_ms = max(since_ms, until_ms + PATIENCE_MS)
        if since_ms < run.ended_ms:
            yield since_ms, run.ended_ms


def _bare(story: Story) -> Iterator[tuple[PositionId, int, int]]:
    """When positions were held without any stop."""
    evidence = story.evidence
    held: set[PositionId] = set()
    stops: dict[PositionId, set[int]] = defaultdict(set)
    since: dict[PositionId, int] = {}
    for each in evidence.first:
        held |= each.positions.keys()
        for order in each.orders:
            if _is_stop(order):
                stops[order.id].add(order.order_id)
    for id_ in held:
        if not stops[id_]:
            since[id_] = evidence.began_ms
    for effect in evidence.effects:
        if isinstance(effect, PositionEffect):
            id_ = effect.id
            (held.discard if effect.after is None else held.add)(id_)
        elif isinstance(effect, OrderEffect) and _is_stop(effect.after):
            id_ = effect.after.id
            resting = effect.after.status is OrderStatus.NEW
            (stops[id_].add if resting else stops[id_].discard)(effect.after.order_id)
        else:
            continue
        if id_ in held and not stops[id_]:
            since.setdefault(id_, effect.at_ms)
        elif id_ in since:
            yield id_, since.pop(id_), effect.at_ms
    for id_, since_ms in since.items():
        yield id_, since_ms, evidence.ended_ms


def _is_stop(order: OrderRecord) -> bool:
    return order.kind in (OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT) and order.reduces


def _said(story: Story, subject: str, at_ms: int) -> str | None:
    """What the journal last said of a subject, in the run that guarded then."""
    run = run_at(story.evidence, at_ms)
    said = None
    for line in story.of(StateChanged):
        assert isinstance(line.noun, StateChanged)
        if line.at_ms > at_ms:
            break
        if line.noun.subject == subject and run is not None and line.epoch == run.epoch:
            said = line.noun.now
    return said


def _may_act(story: Story, id_: PositionId, since_ms: int, until_ms: int) -> bool:
    """Whether the account was armed all that time and its position was refused no stop."""
    spoke = any(
        isinstance(line.noun, Action | Refusal) and line.noun.id == id_ and since_ms <= line.at_ms <= until_ms
        for line in story.lines
    )
    return not spoke and _armed(story, id_.account, since_ms, until_ms)


def _by_will(story: Story, id_: PositionId, at_ms: int) -> bool:
    """Whether the trader really cancelled our stops twice, and the journal says that they are left off."""
    ours = [
        effect
        for effect in story.evidence.effects
        if isinstance(effect, OrderEffect)
        and effect.cause.who is Who.USER
        and effect.after.status is OrderStatus.CANCELLED
        and effect.after.id == id_
        and is_ours(effect.after.client_id)
        and effect.at_ms <= at_ms
    ]
    said = [
        line.noun.now
        for line in story.of(StateChanged)
        if isinstance(line.noun, StateChanged)
        and line.noun.subject == f"seatbelt:{id_}"
        and line.at_ms <= at_ms
    ]
    return len(ours) >= CANCELLED_TWICE and said[-1:] == ["left off"]


def _wrong_clock(story: Story, account: str) -> bool:
    """Whether it is blind because our clock and the exchange's differ: a person has to set ours."""
    states = [
        line.noun
        for line in story.of(StateChanged)
        if isinstance(line.noun, StateChanged) and line.noun.subject == f"account:{account}"
    ]
    return bool(states) and states[-1].because.startswith("clock is down")


def _doubted(story: Story, account: str) -> bool:
    """Whether the halt was for an order that cannot be of this journal: a person has to look."""
    return any(
        isinstance(line.noun, StateChanged)
        and line.noun.subject == f"account:{account}"
        and line.noun.now == "halted"
        and "halted by" not in line.noun.because
        for line in story.of(StateChanged)
    )


@dataclass(slots=True, eq=False)
class _Near:
    """A position that was nearer to liquidation than a rule likes, for longer than it takes to act."""

    id: PositionId
    since_ms: int
    until_ms: int
    nearest: Decimal


def _is_hedge(story: Story, near: _Near) -> bool:
    """Whether we asked for it to be opened against another position, and the journal says it still is one."""
    for deed in story.deeds:
        if isinstance(deed.intent, OpenHedge) and hedge_id(deed.intent.id, deed.intent.symbol) == near.id:
            said = _said(story, f"protection:{near.id}", near.until_ms - 1)
            if deed.line.at_ms <= near.since_ms and said == f"the pair with {deed.intent.id}":
                return True
    return False


def _near(story: Story, below: Decimal) -> Iterator[_Near]:
    """Isolated positions only: their liquidation price stands still between their changes."""
    for id_, position, since_ms, until_ms in _spells(story):
        if position.mode is not MarginMode.ISOLATED:
            continue
        contract = story.evidence.configured.contracts[id_.symbol]
        pool = Pool(MarginMode.ISOLATED, position.margin, (Holding(position, contract),))
        price = liquidation_price(pool, id_, {})
        if price is None:
            continue
        for quiet_since, quiet_until in _quiet(story):
            start, end = max(since_ms, quiet_since), min(until_ms, quiet_until)
            if end - start > REACTION_MS and _armed(story, id_.account, start, end):
                yield from _within(story, id_, price, below, start, end)


def _within(
    story: Story, id_: PositionId, price: Decimal, below: Decimal, start: int, end: int
) -> Iterator[_Near]:
    """The times in which the true mark was too near."""
    marks = [each for each in story.evidence.marks if each.symbol == id_.symbol]
    first = max(0, bisect_right([each.at_ms for each in marks], start) - 1)
    near: _Near | None = None
    for each in marks[first:]:
        if each.at_ms >= end:
            break
        away = distance(each.mark, price, id_.side)
        at_ms = max(each.at_ms, start)
        if away < below * Decimal("0.98"):
            near = near or _Near(id_, at_ms, at_ms, away)
            near.until_ms, near.nearest = at_ms, min(near.nearest, away)
            continue
        if near is not None and at_ms - near.since_ms > REACTION_MS:
            near.until_ms = at_ms
            yield near
        near = None
    if near is not None and end - near.since_ms > REACTION_MS:
        near.until_ms = end
        yield near


def _spells(story: Story) -> Iterator[tuple[PositionId, Position, int, int]]:
    """Each position as it was, from one change to the next."""
    evidence = story.evidence
    now = {
        id_: (position, evidence.began_ms)
        for each in evidence.first
        for id_, position in each.positions.items()
    }
    for effect in evidence.effects:
        if not isinstance(effect, PositionEffect):
            continue
        if effect.id in now:
            position, since_ms = now.pop(effect.id)
            yield effect.id, position, since_ms, effect.at_ms
        if effect.after is not None:
            now[effect.id] = effect.after, effect.at_ms
    for id_, (position, since_ms) in now.items():
        yield id_, position, since_ms, evidence.ended_ms


def _armed(story: Story, account: str, since_ms: int, until_ms: int) -> bool:
    """Whether the account was armed, and nobody paused anything, all that time."""
    standings = Standings()
    for line in story.lines:
        if line.at_ms > until_ms:
            break
        if line.at_ms > since_ms and standings.of(account).state != "armed":
            return False
        if isinstance(line.noun, Command) and line.noun.kind in (CommandKind.PAUSE, CommandKind.FLATTEN):
            return False
        standings.read(line)
    return standings.of(account).state == "armed"
