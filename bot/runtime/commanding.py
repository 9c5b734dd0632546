"""What a person orders of the running bot, over the control socket.

An order becomes a fact in the inbox like everything else that happens, and is answered when it has been
folded and committed: what was answered outlives a crash. Names are checked before, because an order about a
rule that does not exist would otherwise look carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from bot.config.errors import suggestion
from bot.core.asking.explain import PositionStatus
from bot.core.facts import Command, CommandKind
from bot.core.held.carried import Carried
from bot.core.intake.commands import PAUSE_MS
from bot.core.settings import RESERVED_NAMES, SEATBELT, EngineSettings
from bot.core.states import BotState
from bot.core.types import AccountName, PositionId
from bot.runtime.control import Args, BadQuery, Query, WrongName
from bot.runtime.inbox import Inbox
from bot.runtime.queries import number, only, text

_BY_MAX = 64


class Commanded(Protocol):
    """What is asked of the engine before and after an order."""

    def states(self) -> Mapping[AccountName, BotState]:
        """The state of each account."""
        ...

    def overview(self) -> tuple[PositionStatus, ...]:
        """The positions that are held."""
        ...

    def carried(self) -> Carried:
        """What is remembered: pauses, latches, what is being flattened."""
        ...


class Commanding:
    """Takes orders while the run lasts. ``feed`` is to be one of the shell's."""

    def __init__(self, engine: Commanded, settings: EngineSettings, now_ms: Callable[[], int]) -> None:
        """``settings`` know the names of the rules."""
        self._engine = engine
        self._shadow = settings.shadow
        self._rules = [entry.name for entry in settings.rules]
        self._now_ms = now_ms
        self._open = asyncio.Event()
        self._inbox: Inbox | None = None

    async def feed(self, inbox: Inbox) -> None:
        """Let orders in for as long as this runs: not before what an earlier run left has been taken over."""
        self._inbox = inbox
        self._open.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._open.clear()
            self._inbox = None

    def queries(self) -> dict[str, Query]:
        """The orders by name. ``by`` says who gives one, ``subject`` which rule or position it is about."""
        return {
            "pause": self._pause,
            "resume": self._resume,
            "halt": self._halt,
            "release": self._release,
            "acknowledge": self._acknowledge,
            "flatten": self._flatten,
        }

    # -- inside -------------------------------------------------------------------------------------

    async def _pause(self, args: Args) -> object:
        only(args, "by", "subject", "for_ms")
        until_ms = self._now_ms() + number(args, "for_ms", PAUSE_MS)
        return await self._order(CommandKind.PAUSE, args, self._subject(args), until_ms)

    async def _resume(self, args: Args) -> object:
        only(args, "by", "subject")
        paused = [pause.subject for pause in self._engine.carried().pauses]
        return await self._order(CommandKind.RESUME, args, self._subject(args, paused))

    async def _halt(self, args: Args) -> object:
        only(args, "by")
        return await self._order(CommandKind.HALT, args)

    async def _acknowledge(self, args: Args) -> object:
        only(args, "by")
        return await self._order(CommandKind.ACKNOWLEDGE, args)

    async def _release(self, args: Args) -> object:
        only(args, "by", "subject")
        rule = text(args, "subject") or ""
        known = (*self._rules, SEATBELT)
        if rule and rule not in known:
            raise WrongName(f'no rule "{rule}"{_instead(rule, known)}')
        return await self._order(CommandKind.RESET, args, rule)

    async def _flatten(self, args: Args) -> object:
        only(args, "by", "account", "confirmed")
        account, confirmed = text(args, "account") or "", text(args, "confirmed")
        known = self._engine.states()
        if account not in known:
            raise WrongName(f'no account "{account}"{_instead(account, known)}')
        if confirmed != account:
            raise WrongName(f'"{confirmed or ""}" does not confirm that "{account}" is to be flattened')
        return await self._order(CommandKind.FLATTEN, args, account)

    async def _order(
        self, kind: CommandKind, args: Args, subject: str = "", until_ms: int | None = None
    ) -> object:
        """Give the order, and say how things were before and are now that it is committed."""
        by = text(args, "by") or ""
        if not by.isprintable() or not 0 < len(by) <= _BY_MAX:
            raise BadQuery(f"by {by!r}, expected the name of whoever orders it")
        await self._open.wait()
        assert self._inbox is not None, "open without an inbox"
        engine, at_ms = self._engine, self._now_ms()
        was, before = dict(engine.states()), engine.carried()
        await self._inbox.put((Command(at_ms=at_ms, kind=kind, subject=subject, until_ms=until_ms, by=by),))
        await self._inbox.settled()
        after = engine.carried()
        return {
            "command": kind,
            "by": by,
            "at_ms": at_ms,
            "subject": subject,
            "until_ms": until_ms,
            "was": was,
            "states": engine.states(),
            "was_flattening": _flattening(before),
            "flattening": _flattening(after),
            "released": sorted(_latches(before) - _latches(after)),
            "held": [str(status.id) for status in engine.overview()],
            "shadow": self._shadow,
        }

    def _subject(self, args: Args, also: Iterable[str] = ()) -> str:
        """The rule or position that is meant; a position also by its symbol or coin where only one fits."""
        asked = text(args, "subject") or ""
        if not asked or asked in self._rules or asked in also:
            return asked
        if asked in RESERVED_NAMES:
            raise WrongName(f'"{asked}" is a fixed rule: no pause stops it')
        held = [status.id for status in self._engine.overview()]
        found = [id_ for id_ in held if asked.lower() in _names(id_)]
        if len(found) == 1:
            return str(found[0])
        if found:
            raise WrongName(f'"{asked}" may be {" or ".join(map(str, found))}; name one in full')
        there = [*self._rules, *map(str, held)]
        raise WrongName(f'no rule or open position "{asked}"{_instead(asked, there)}')


def _names(id_: PositionId) -> tuple[str, ...]:
    symbol = id_.symbol.lower()
    return str(id_).lower(), symbol, symbol.partition("/")[0]


def _instead(asked: str, there: Iterable[str]) -> str:
    known = list(there)
    return f"{suggestion(asked, known)}; there are {', '.join(known) or 'none'}"


def _latches(carried: Carried) -> set[tuple[str, str]]:
    """The rules that are latched, each with its position; a seatbelt that was left off counts as one."""
    found = {(rule.rule, str(each.id)) for each in carried.positions for rule in each.rules if rule.latched}
    stopless = (each for each in carried.positions if each.losses.unwanted or each.losses.failing)
    return found | {(SEATBELT, str(each.id)) for each in stopless}


def _flattening(carried: Carried) -> dict[str, str]:
    """The accounts that are being flattened, and who ordered it."""
    return {each.account: each.flattening for each in carried.accounts if each.flattening is not None}
