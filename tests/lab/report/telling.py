"""Stress tests small enough to be worked out by hand, told as a report tells them; and pages taken apart."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from bot.lab.report.stress.story import Story, story
from bot.lab.stress.matrix import StressResult, stress
from bot.lab.stress.trial import RuleSet
from tests.lab.stress.test_stress import TOP_UP, a_fall, settings_of

RULES = TOP_UP.format(budget=9_000, below="0.05", restore_to="0.09")


def told(folder: Path, sets: Sequence[RuleSet], low: float = 80) -> tuple[StressResult, list[Story]]:
    """A fall from 100 to ``low`` within half an hour, after ten hours, with each set of rules."""
    stories: list[Story] = []
    result = stress(
        sets, [a_fall(folder, low)], prices={}, seen=lambda attempt: stories.append(story(attempt))
    )
    return result, stories


def undefended(folder: Path, *more: str, low: float = 80, **changed: str) -> Story:
    """A long of 100 coins, bought at 100 with leverage 10 if nothing else is said."""
    settings = settings_of(folder, *more, **changed)
    return told(folder, [RuleSet(name="none", settings=settings, defended=False)], low)[1][0]


def defended(folder: Path, low: float = 80) -> Story:
    """The same with a rule that adds margin from 5 % away until it is 9 %."""
    return told(folder, [RuleSet(name="configured", settings=settings_of(folder, RULES))], low)[1][0]


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and all its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def count(self, tag: str) -> int:
        """How many there are."""
        return sum(each == tag for each, _ in self.found)

    def values(self, name: str) -> list[str]:
        """The values of an attribute, in order."""
        return [value or "" for _, attributes in self.found if (value := attributes.get(name)) is not None]


FETCHING = {"script", "link", "img", "image", "iframe", "object", "embed", "base", "audio", "video", "source"}
LEADING = {"src", "srcset", "data", "action", "formaction", "poster", "background", "ping"}


def fetched(html: str) -> list[str]:
    """Whatever a browser would fetch or follow beyond the page: nothing, if it is to open offline."""
    tags = Tags(html)
    found = [tag for tag, _ in tags.found if tag in FETCHING]
    found += [name for _, attributes in tags.found for name in attributes if name in LEADING]
    found += [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    found += [href for href in (*tags.values("href"), *tags.values("xlink:href")) if not href.startswith("#")]
    style = html[html.index("<style>") : html.index("</style>")]
    return found + [word for word in ("url(", "@import", "@font-face", "//") if word in style]
