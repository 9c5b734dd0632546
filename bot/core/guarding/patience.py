"""How often rules may act: cooldowns and counts, and the patience of the fixed rules, seatbelt and keeper.

The fixed rules are never latched and have no budget of actions, for nobody else protects a position. A NAKED
one must not wait, nor a hedge whose position goes piece by piece. So there is a pause only after a failure,
and where the same was done more than once without effect; it doubles from a second to a minute.
"""

from __future__ import annotations

from bot.core.decisions import Because
from bot.core.deeds.history import History
from bot.core.deeds.ledger import Ledger
from bot.core.guarding.bounding import AGAIN_MS
from bot.core.guarding.case import Case, No
from bot.core.held.losses import TOLD_WITHIN_MS, WILL
from bot.core.intents import Intent, Notify, ReducePosition, SetPosture
from bot.core.settings import DAY_MS, MINUTE_MS, RESERVED_NAMES, SEATBELT, Limits
from bot.core.types import PositionId, RuleName

_FIRST_MS = 1_000
_DOUBLINGS = 6


def pace(kind: type[Intent], case: Case, ledger: Ledger, limits: Limits) -> No | None:
    """Until when a rule has to wait before it does a thing of this kind; ``None`` if it need not.

    What is only said has a cooldown of its own: an exit does not wait because somebody was told of danger.
    A posture has none, for it costs nothing and what it tightens may be needed at once.
    """
    if case.follow_up:
        return None
    entry, holder, now_ms = case.armed.entry, case.holder, case.now_ms
    history, rule = holder.history, case.armed.name
    if rule in RESERVED_NAMES:
        return patience(history, rule, now_ms)
    if rule in history.latched:
        return No(Because.THROTTLED, "equal actions without effect; reset it to go on")
    if kind is SetPosture:
        return None
    cooldown = entry.rule.cooldown_ms if entry.cooldown_ms is None else entry.cooldown_ms
    if cooldown is None:
        cooldown = limits.cooldown_ms
    if kind is Notify:
        said = history.said.get(rule)
        last = None if said is None else said.at_ms
    else:
        last = history.last_acted_ms.get(rule)
        if rule in history.unfilled:
            cooldown = min(cooldown, AGAIN_MS)
    if last is not None and now_ms < last + cooldown:
        return No(Because.COOLDOWN, f"acted {(now_ms - last) / 1000:.0f} s ago", last + cooldown)
    if kind is ReducePosition:
        return None
    return too_many(ledger, limits, holder.id, history, now_ms)


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
