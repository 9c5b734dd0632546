"""A message: what a lock screen shows first, and what somebody needs who has just been woken.

Danger first, then what was done, then what can be done about it. A subject has at most 60 characters, and the
first line makes sense alone: an SMS may show no more than both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal

from bot.core.asking.explain import PositionStatus
from bot.core.intents import Level
from bot.core.types import PositionId
from bot.runtime.alerts.desk import Telling
from bot.runtime.alerts.quiet import local
from bot.runtime.alerts.thread import Thread
from bot.runtime.alerts.wording import figure, named, percent
from bot.runtime.redaction import redact

SUBJECT_MAX = 60
TOLD_MAX = 12
"""Matters in one message; the others are counted. ``holdfast alerts`` shows all."""
_TAG = {Level.CRITICAL: "CRIT", Level.WARNING: "WARN", Level.INFO: "INFO"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes over a channel. Plain text; ``level`` is that of the loudest matter in it."""

    level: Level
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose message it is."""

    mode: str
    overview: Callable[[], tuple[PositionStatus, ...]]
    zone: tzinfo


def written(telling: Telling, origin: Origin, now_ms: int) -> Message:
    """The message as it leaves now, with the figures of now."""
    standing = {status.id: status for status in origin.overview()}
    parts = [
        *_matters(telling),
        *_figures(telling, standing),
        *_ways_out(telling),
        _footer(telling, origin, now_ms),
    ]
    level = telling.threads[0].notice.level if telling.threads else Level.INFO
    return Message(
        level=level,
        subject=redact(_subject(telling, standing)),
        body=redact("\n".join(parts)),
    )


def _subject(telling: Telling, standing: dict[PositionId, PositionStatus]) -> str:
    if not telling.threads:
        return "[INFO] nothing happened"
    first = telling.threads[0]
    more = f" +{len(telling.threads) - 1}" if len(telling.threads) > 1 else ""
    tag = "OVER" if first.is_over else _TAG[first.notice.level]
    text = f"[{tag}] {_danger(first, standing) or first.notice.text}"
    return _cut(text, SUBJECT_MAX - len(more)) + more


def _danger(thread: Thread, standing: dict[PositionId, PositionStatus]) -> str | None:
    """``SOL long - liq 4.9% away (135.2)`` where that is what it is about."""
    about = thread.notice.about
    status = standing.get(about) if about is not None else None
    if status is None or status.distance is None or status.liquidation is None or thread.is_over:
        return None
    if thread.notice.level is not Level.CRITICAL or not status.distance.is_finite():
        return None
    return f"{named(status.id)} - liq {percent(status.distance)} away ({figure(status.liquidation)})"


def _matters(telling: Telling) -> Iterator[str]:
    for thread in telling.threads[:TOLD_MAX]:
        times = f" ({thread.times} times)" if thread.times > 1 else ""
        yield f"{thread.notice.text}{times}  #{thread.number}"
    if len(telling.threads) > TOLD_MAX:
        yield f"and {len(telling.threads) - TOLD_MAX} more"


def _figures(telling: Telling, standing: dict[PositionId, PositionStatus]) -> Iterator[str]:
    """How each position in it stands now; in a digest all of them."""
    ids = (
        list(standing) if telling.is_digest else list(dict.fromkeys(t.notice.about for t in telling.threads))
    )
    for id_ in ids:
        status = standing.get(id_) if id_ is not None else None
        if status is not None:
            yield f"{named(status.id)}: {', '.join(_standing(status))}"


def _standing(status: PositionStatus) -> Iterator[str]:
    if status.mark is not None:
        yield f"mark {figure(status.mark)}"
    if status.liquidation is not None and status.distance is not None:
        yield f"liq {figure(status.liquidation)}, {percent(status.distance)} away"
    if status.margin_ratio is not None and status.margin_ratio < Decimal("Infinity"):
        yield f"margin ratio {percent(status.margin_ratio)}"
    yield "protected" if status.protected_by is not None else "NAKED"
    if status.next_rule is not None:
        yield f"next {status.next_rule} ({status.next_away})"


def _ways_out(telling: Telling) -> Iterator[str]:
    waiting = [str(thread.number) for thread in telling.threads if thread.needs_somebody]
    if waiting:
        yield f"You can: holdfast ack {' '.join(waiting)}, holdfast explain, holdfast pause, holdfast flatten"


def _footer(telling: Telling, origin: Origin, now_ms: int) -> str:
    accounts = sorted({t.notice.about.account for t in telling.threads if t.notice.about is not None})
    now = local(now_ms, origin.zone)
    return " - ".join((origin.mode, *accounts, f"{now:%Y-%m-%d %H:%M:%S %Z}"))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
