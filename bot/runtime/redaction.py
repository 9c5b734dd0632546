"""Keeps secrets out of everything that is written down: log, journal, error messages.

Known secrets are replaced wherever they occur; what merely looks like one, by the name in front of it.
"""

from __future__ import annotations

import re

HIDDEN = "***"
_SHORTEST = 4
"""A shorter secret is no secret, and replacing it would make every text unreadable."""
_NAMED = re.compile(
    r"""(?ix) \b( [\w-]* (?: api[-_]?key | secret | signature | passphrase | password | token ) )
    (["']? \s* [:=] \s* ["']?) ([^\s"'&,;)}\]]+)"""
)

_secrets: set[str] = set()


def hide(*secrets: str) -> None:
    """From now on these strings are never written down. To be called before anything is done with them."""
    _secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def redact(text: str) -> str:
    """``text`` without secrets."""
    # The longest first: one secret may be the beginning of another.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\1\2{HIDDEN}", text)
