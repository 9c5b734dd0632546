"""The pace of the fixed rules, seatbelt and keeper: never latched, for nobody else protects a position.

A NAKED position must not wait, nor a hedge whose position goes piece by piece. So there is a pause only after
a failure, and where the same was done more than once without effect; it doubles from a second to a minute.
"""

from __future__ import annotations

from bot.core.case import No
from bot.core.decisions import Because
from bot.core.ledger import History
from bot.core.losses import TOLD_WITHIN_MS, WILL
from bot.core.settings import MINUTE_MS, SEATBELT
from bot.core.types import RuleName

_FIRST_MS = 1_000
_DOUBLINGS = 6


def patience(history: History, rule: RuleName, now_ms: int) -> No | None:
    """Until when a fixed rule has to wait on a position; ``None`` if it need not."""
    if rule == SEATBELT and history.losses.cancelled == WILL - 1:
        gone_ms = history.unexplained_ms
        if gone_ms is not None and now_ms < gone_ms + TOLD_WITHIN_MS:
            asked = "the trader cancelled one stop: whether he cancelled another is being asked"
            return No(Because.COOLDOWN, asked, gone_ms + TOLD_WITHIN_MS)
    repeats = history.equal[rule][2] if rule in history.equal else 0
    last = (history.last_acted_ms if repeats > 1 else history.last_failed_ms).get(rule)
    pause_ms = min(MINUTE_MS, _FIRST_MS << min(max(repeats - 1, 0), _DOUBLINGS))
    if last is None or now_ms >= last + pause_ms:
        return None
    since = f"{(now_ms - last) / 1000:.0f} s ago"
    return No(Because.COOLDOWN, f"failed or was without effect {since}", last + pause_ms)
