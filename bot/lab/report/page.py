"""The frame of a report: the verdict first, then sections, and at the end what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bot.look.templating import rendered, stylesheet
from bot.look.tone import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report. ``id`` is its place in the page: letters, digits and hyphens."""

    id: str
    title: str
    body: Markup
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole report. ``verdict`` is the one sentence for whoever reads no further, ``tone`` how bad it is.

    ``figures`` stand large below it. ``provenance`` is what somebody needs who wants the same again: seed,
    digest of the configuration, versions.
    """

    title: str
    kind: str
    verdict: str
    tone: Tone
    sections: Sequence[Section]
    provenance: Sequence[tuple[str, str]]
    lead: Sequence[str] = ()
    figures: Sequence[tuple[str, str]] = ()


def page(content: Page) -> str:
    """The HTML of a report, whole: it asks for nothing, of anybody, and runs no script."""
    return str(rendered("page.html", page=content, style=stylesheet()))
