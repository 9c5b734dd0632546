"""Something that is shown when it is asked for: a line that tells what it comes to, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bot.look.templating import rendered
from bot.look.tone import Tone


def fold(
    id_: str,
    title: str,
    body: Markup,
    *,
    facts: Sequence[str] = (),
    tone: Tone = Tone.PLAIN,
    word: str = "",
    unfolded: bool = False,
) -> Markup:
    """A ``<details>``. A link to ``id_`` unfolds it; ``word`` says what ``tone`` says."""
    return rendered(
        "fold.html",
        id=id_,
        title=title,
        body=body,
        facts=facts,
        tone=tone,
        word=word,
        unfolded=unfolded,
    )
