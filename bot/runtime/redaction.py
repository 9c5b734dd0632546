"""Keeps secrets out of everything that is written down: log, journal, error messages.

Known secrets are replaced wherever they occur; what merely looks like one, by the name in front of it.
"""

from __future__ import annotations

import re

HIDDEN = "***"
_SHORTEST = 4
"""A shorter secret is no secret, and replacing it would make every text unreadable."""
READ_MAX = 4_000
"""Of a text that is cut for people anyway, more than this is not worth looking through."""
_NAMED = re.compile(
    r"""(?ix)
    ( (?: api[-_]?key | (?: access | private | listen )[-_]?key | secret (?: [-_]?key )? | signature
        | (?<! [a-z] ) sign | passphrase | password | token | authorization )
      \\{0,4} ["']? \s{0,8} [:=] \s{0,8} )
    (?: ( \\{0,4} " ) (?: [^"\\] | \\/ )+
      | ( \\{0,4} ' ) (?: [^'\\] | \\/ )+
      | (?: (?: bearer | basic ) \s{1,8} )? (?: [^\s"'\\&,;)}\]] | \\/ )+ )"""
)
"""A name that ends in one of these words and a value, quoted or not, also where the text is JSON within JSON.

What stands before the word is left alone and not looked at: every part has a bound or no choice, so that the
time is proportional to the text whatever somebody sends us.
"""
_BEARER = re.compile(r"(?i)(\bbearer\s{1,8})[\w.~+/=-]{16,}")
_BOT = re.compile(r"(?i)(\bbot)[0-9]{3,20}:[\w-]{3,}")
"""A messenger's token as it stands in the path of a URL."""
_STREAM = re.compile(r"(?i)(\bwss://[\w.:-]{1,100}/(?:[\w-]{1,20}/){0,3})[0-9a-z]{40,}")
"""A listen key as Binance COIN-M has it in the path of a stream: whoever knows it hears the account."""

_SIGNS = ("key", "secret", "sign", "pass", "token", "authorization", "bearer", "bot", "wss:")
"""Where none of these stands in a text, none of the patterns fits it."""
_secrets: set[str] = set()


def hide(*secrets: str) -> None:
    """From now on these strings are never written down. To be called before anything is done with them."""
    _secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def redact(text: str) -> str:
    """``text`` without secrets; the same again where it is done twice."""
    # The longest first: one secret may be the beginning of another.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    if text.isascii() and not any(map(text.lower().__contains__, _SIGNS)):
        return text  # Nearly all of it is what we say ourselves, step by step.
    text = _NAMED.sub(lambda found: f"{found[1]}{found[2] or found[3] or ''}{HIDDEN}", text)
    for token in (_BEARER, _BOT, _STREAM):
        text = token.sub(rf"\1{HIDDEN}", text)
    return text
