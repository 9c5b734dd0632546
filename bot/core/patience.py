"""The pace of the fixed rules, seatbelt and keeper, and how much the others may do.

The fixed rules are never latched and have no budget of actions, for nobody else protects a position. A NAKED
one must not wait, nor a hedge whose position goes piece by piece. So there is a pause only after a failure,
and where the same was done more than once without effect; it doubles from a second to a minute.
"""

from __future__ import annotations

from bot.core.case import No
from bot.core.decisions import Because
from bot.core.ledger import History, Ledger
from bot.core.losses import TOLD_WITHIN_MS, WILL
from bot.core.settings import DAY_MS, MINUTE_MS, SEATBELT, Limits
from bot.core.types import PositionId, RuleName

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


def too_many(ledger: Ledger, limits: Limits, id_: PositionId, history: History, now_ms: int) -> No | None:
    """Whether the account in this hour or day, or the position, has seen as many actions as it may."""
    acted = ledger.acts.get(id_.account)
    count, frees_ms = (0, now_ms) if acted is None else acted.in_hour(now_ms)
    if count >= limits.actions_per_hour:
        return No(Because.RATE, f"{count} actions in the last hour", frees_ms)
    in_lot, in_day = limits.actions_per_position, limits.actions_per_day
    if in_lot is not None and history.actions_in_lot >= in_lot:
        return No(Because.RATE, f"{history.actions_in_lot} actions on this position")
    if in_day is not None and acted is not None and acted.in_day(now_ms) >= in_day:
        return No(Because.RATE, f"{in_day} actions today", (now_ms // DAY_MS + 1) * DAY_MS)
    return None
