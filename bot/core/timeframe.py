"""Timeframes as text ("1h") and as milliseconds.

Every configuration, rule and tape names a timeframe the way exchanges do; inside, only milliseconds exist.
Months are left out on purpose: they have no fixed length, and bars are aligned to the UTC epoch by division.
"""

import re

UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
ALLOWED = "a whole number followed by s, m, h, d or w, such as 1m, 15m, 4h or 1d"

_PATTERN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")


def parse_timeframe(text: str) -> int:
    """Length of a timeframe in milliseconds; ValueError says what is allowed.

    A week is 7 days counted from the UTC epoch, so bars of 1w open on Thursdays.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        message = f"{text!r} is no timeframe: allowed is {ALLOWED}"
        raise ValueError(message)
    return int(match[1]) * UNIT_MS[match[2]]


def format_timeframe(timeframe_ms: int) -> str:
    """The shortest text `parse_timeframe` reads back, 90m for 5,400,000; "1500 ms" where there is none."""
    for unit in ("w", "d", "h", "m", "s"):
        count, rest = divmod(timeframe_ms, UNIT_MS[unit])
        if count > 0 and rest == 0:
            return f"{count}{unit}"
    return f"{timeframe_ms} ms"
