"""Alerts as the configuration wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.config.alerts import AlertsTable, ChannelTable
from bot.core.asking.explain import PositionStatus
from bot.runtime.alerts.channel import AppriseChannel
from bot.runtime.alerts.desk import Desk
from bot.runtime.alerts.message import Origin
from bot.runtime.alerts.quiet import QuietHours
from bot.runtime.alerts.routes import Policy, Route
from bot.runtime.alerts.service import Alerts
from bot.runtime.journal import Journal


def alerts_of(
    table: AlertsTable,
    urls: Mapping[str, str],
    *,
    mode: str,
    overview: Callable[[], tuple[PositionStatus, ...]],
    journal: Journal,
    now_ms: Callable[[], int],
) -> Alerts:
    """``urls`` of the channels by name; ``mode`` is what messages say of the run: paper, shadow or live."""
    policy = policy_of(table)
    return Alerts(
        Desk(policy),
        {name: AppriseChannel(url) for name, url in urls.items()},
        origin=Origin(mode=mode, overview=overview, zone=policy.zone),
        journal=journal,
        now_ms=now_ms,
    )


def policy_of(table: AlertsTable) -> Policy:
    """Who is told and how, in the terms of the desk."""
    quiet = table.quiet_hours
    return Policy(
        routes=tuple(_route(channel) for channel in table.channels),
        group_ms=table.group_within,
        repeat_ms=table.repeat_every,
        zone=table.zone,
        quiet=None
        if quiet is None
        else QuietHours(begin=quiet.begin, end=quiet.end, zone=table.zone, excepted=frozenset(quiet.always)),
    )


def _route(channel: ChannelTable) -> Route:
    return Route(
        name=channel.name,
        levels=frozenset(channel.levels),
        per_minute=channel.per_minute,
        per_day=channel.per_day,
        unacknowledged_after_ms=channel.unacknowledged_after,
        digest_at=channel.digest,
    )
