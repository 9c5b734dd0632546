"""Text files that are whole or not there: nobody meets the half of one that a full disk had room for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Let ``path`` hold ``text``, or what it held before; the ``OSError`` that prevents it names ``path``."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        # A write that finds no room does not say where.
        error.filename = str(path)
        raise
