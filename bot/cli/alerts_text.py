"""Alerts as text for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.cli.text import columns, moment

Answer = Mapping[str, Any]


def listing(answer: Answer) -> str:
    """Every matter in a line, and every channel in one."""
    matters = [
        (f"#{alert['number']}", moment(alert["since_ms"]), alert["level"], _standing(alert), alert["text"])
        for alert in answer["alerts"]
    ]
    channels = [
        (channel["name"], ", ".join(channel["levels"]), _carrying(channel)) for channel in answer["channels"]
    ]
    if not channels:
        return "nobody is told: the configuration has no [[alerts.channels]]"
    return "\n".join((columns(matters) or "  nothing happened", "", columns(channels)))


def tests(answer: Answer) -> str:
    """Whether each channel carried, and how long that took."""
    return columns(
        (each["channel"], "told" if each["told"] else f"NOT told: {each['wrong']}", f"{each['took_ms']} ms")
        for each in answer["tests"]
    )


def acknowledged(answer: Answer) -> str:
    """What was seen, and what still waits for somebody."""
    seen = ", ".join(f"#{number}" for number in answer["acknowledged"]) or "nothing"
    waiting = ", ".join(f"#{number}" for number in answer["waiting"])
    return f"acknowledged {seen}" + (f"; {waiting} still waits for somebody" if waiting else "")


def _standing(alert: Answer) -> str:
    if alert["over"]:
        return "over"
    if alert["acknowledged_by"]:
        return f"seen by {alert['acknowledged_by']}"
    if alert["needs_somebody"]:
        return "WAITS FOR SOMEBODY"
    return "told" if alert["told_ms"] else "to be told"


def _carrying(channel: Answer) -> str:
    if channel["failures"]:
        return f"failed {channel['failures']} times in a row"
    return f"carries, {channel['sent_in_a_day']} messages in a day"
