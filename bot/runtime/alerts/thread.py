"""A thread: one matter people are told of, from the first time until it is over or somebody has seen it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.core.intents import Level
from bot.runtime.alerts.notice import LOUDNESS, Notice


@dataclass(slots=True, kw_only=True)
class Thread:
    """``number`` is what people acknowledge it by."""

    number: int
    notice: Notice
    """The latest of it."""
    since_ms: int
    last_ms: int
    times: int = 1
    """How often it was noticed."""
    acknowledged_by: str | None = None
    is_over: bool = False
    told_ms: dict[str, int] = field(default_factory=dict)
    """When each channel told of it last, by name."""
    waits_ms: dict[str, int] = field(default_factory=dict)
    """Since when it waits to be told on a channel."""
    flies: set[str] = field(default_factory=set)
    """Channels on which it is being told just now."""

    @property
    def needs_somebody(self) -> bool:
        """Whether it is told again and again until somebody says that he has seen it."""
        return self.notice.level is Level.CRITICAL and self.acknowledged_by is None and not self.is_over

    @property
    def is_settled(self) -> bool:
        """Whether nobody waits for anything of it any more."""
        return not (self.waits_ms or self.flies or self.needs_somebody)

    def knows(self, channel: str) -> bool:
        """Whether the channel told of it, or is about to."""
        return channel in self.told_ms or channel in self.flies

    def takes(self, notice: Notice) -> bool:
        """Hear more of the same; whether that is news: another state, louder than before, or the end."""
        self.last_ms = notice.at_ms
        if notice.over:
            was_over, self.is_over = self.is_over, True
            self.notice = notice
            return not was_over
        louder = LOUDNESS[notice.level] > LOUDNESS[self.notice.level]
        is_news = louder or notice.state != self.notice.state
        if is_news:
            self.times, self.acknowledged_by, self.notice = 1, None, notice
        else:
            self.times += 1
        return is_news

    def wait(self, channel: str, at_ms: int) -> None:
        """It is to be told there; what waits already goes on waiting since then."""
        self.waits_ms.setdefault(channel, at_ms)

    def fly(self, channel: str) -> None:
        """It is being told there."""
        del self.waits_ms[channel]
        self.flies.add(channel)

    def arrived(self, channel: str, at_ms: int, *, told: bool) -> None:
        """What became of that; where it was not told it waits again."""
        self.flies.discard(channel)
        if told:
            self.told_ms[channel] = at_ms
        else:
            self.wait(channel, at_ms)
