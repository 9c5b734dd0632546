"""Only on good data: what is decided on is fresh, finite and true (I15-I18)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from bot.core.decisions import Action
from bot.core.facts import MarkPrice
from bot.core.intents import Notify, ReducePosition, SetPosture
from bot.core.settings import FLATTEN, KEEPER
from bot.core.types import Symbol
from tests.faults.checking.story import Story
from tests.faults.checking.violation import Violation
from tests.faults.evidence import Marked

PAST_MS = 11_000
"""How old a mark of a stream may be when it comes (10 s), and a second for the rounding of clocks."""
AHEAD_MS = 1_500
"""How far ahead of the bot's clock a price may be dated: a second, and what two clocks differ by."""
TRUE_TO = Decimal("0.025")
"""A mark may differ so much from the true one before it is false: less than the jump that raises a doubt is
believed at once, which is what the gate is for."""
READ_MS = 45_000
"""So long ago at most an account was read that is acted on: 15 s until its link is down, and a probe."""


def nothing_stale_is_decided_on(story: Story) -> Iterator[Violation]:
    """I15. Every decision is on a mark no older than allowed, flattening and its like aside."""
    limits = story.evidence.configured.limits
    marks: dict[Symbol, int] = {}
    for line in story.lines:
        if isinstance(line.noun, MarkPrice):
            marks[line.noun.symbol] = line.noun.at_ms
        elif isinstance(line.noun, Action) and not isinstance(line.noun.intent, Notify | SetPosture):
            if line.noun.rule in (FLATTEN, KEEPER):
                continue
            age_ms = line.noun.at_ms - marks.get(line.noun.id.symbol, 0)
            if age_ms > limits.stale_after_ms:
                text = f"{line.noun.client_id} was decided on a mark {age_ms} ms old"
                yield Violation(line.at_ms, "I15", text)


def nothing_late_is_sent(story: Story) -> Iterator[Violation]:
    """I15. What was decided leaves before its deadline or not at all: then its data are old."""
    for deed in story.deeds:
        deadline_ms = deed.line.lab(deed.action.deadline_ms)
        for asked in deed.requests:
            if asked.sent_ms > deadline_ms:
                text = f"{deed.action.client_id} left {asked.sent_ms - deadline_ms} ms past its deadline"
                yield Violation(asked.sent_ms, "I15", text)


def the_account_was_read(story: Story) -> Iterator[Violation]:
    """I15. Nothing is sent for an account that was not read for long."""
    read_ms: dict[str, list[int]] = defaultdict(list)
    for asked in story.evidence.requests:
        if asked.method == "GET" and asked.executed and asked.answered_ms is not None and not asked.code:
            read_ms[asked.account].append(asked.answered_ms)
    for times in read_ms.values():
        times.sort()
    for deed in story.deeds:
        if deed.action.rule == FLATTEN or isinstance(deed.intent, ReducePosition):
            continue
        if not deed.requests:
            continue
        times, sent_ms = read_ms[deed.action.id.account], deed.requests[0].sent_ms
        before = bisect_right(times, sent_ms)
        age_ms = sent_ms - times[before - 1] if before else None
        if age_ms is None or age_ms > READ_MS:
            text = f"{deed.action.client_id} left, the account was last read {age_ms} ms before"
            yield Violation(sent_ms, "I15", text)


def every_mark_is_a_price(story: Story) -> Iterator[Violation]:
    """I16. A mark that is folded is finite, above nothing, and not of a time to come."""
    for line in story.of(MarkPrice):
        assert isinstance(line.noun, MarkPrice)
        if line.noun.price <= 0:
            yield Violation(line.at_ms, "I16", f"a mark of {line.noun.price} was believed")
        ahead_ms = line.lab(line.noun.at_ms) - line.at_ms
        if ahead_ms > AHEAD_MS:
            yield Violation(line.at_ms, "I16", f"a mark of {line.noun.symbol} is {ahead_ms} ms ahead")


def marks_come_in_order(story: Story) -> Iterator[Violation]:
    """I17. No frame that was overtaken or repeated comes behind a newer one, to change a decision."""
    newest: dict[tuple[int, Symbol], int] = {}
    for line in story.of(MarkPrice):
        mark = line.noun
        assert isinstance(mark, MarkPrice)
        key = line.epoch, mark.symbol
        if mark.at_ms < newest.get(key, 0):
            text = f"a mark of {mark.symbol} came {newest[key] - mark.at_ms} ms behind a newer one"
            yield Violation(line.at_ms, "I17", text)
        newest[key] = max(mark.at_ms, newest.get(key, 0))


def every_mark_is_true(story: Story) -> Iterator[Violation]:
    """I18. A mark that is folded is one that the exchange had at about that time, and no spike.

    Where the exchange's clock was set back and nobody could read it, a mark bears a time before its own. It
    is as true as it was: taken for older than it is, nothing is decided on it that would not be decided
    anyway. So it may be any mark from then until it came, within what is still taken from a stream.
    """
    true = _TrueMarks(story.evidence.marks)
    for line in story.of(MarkPrice):
        mark = line.noun
        assert isinstance(mark, MarkPrice)
        at_ms = line.lab(mark.at_ms)
        until_ms = max(at_ms + AHEAD_MS, min(line.at_ms, at_ms + PAST_MS))
        low, high = true.between(mark.symbol, at_ms - PAST_MS, until_ms)
        if (
            low is not None
            and high is not None
            and not low * (1 - TRUE_TO) <= mark.price <= high * (1 + TRUE_TO)
        ):
            text = f"{mark.symbol} at {mark.price} was believed, it was between {low} and {high}"
            yield Violation(line.at_ms, "I18", text)


CHECKS = (
    nothing_stale_is_decided_on,
    nothing_late_is_sent,
    the_account_was_read,
    every_mark_is_a_price,
    marks_come_in_order,
    every_mark_is_true,
)


# -- inside -----------------------------------------------------------------------------------------


class _TrueMarks:
    """What the marks really were."""

    def __init__(self, marks: tuple[Marked, ...]) -> None:
        self._times: dict[Symbol, list[int]] = defaultdict(list)
        self._marks: dict[Symbol, list[Decimal]] = defaultdict(list)
        for each in marks:
            self._times[each.symbol].append(each.at_ms)
            self._marks[each.symbol].append(each.mark)

    def between(self, symbol: Symbol, since_ms: int, until_ms: int) -> tuple[Decimal | None, Decimal | None]:
        """The least and the most in a time; ``None`` where nobody noted what was before."""
        times, marks = self._times[symbol], self._marks[symbol]
        first = bisect_right(times, since_ms) - 1
        if first < 0:
            return None, None
        found = marks[first : bisect_right(times, until_ms)]
        return min(found), max(found)
