"""Real accounts: guarded, or only watched.

Both read the same accounts through the same streams. What differs is the venue that actions go to: the
exchange, or nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from bot.config import Settings
from bot.config.compose import engine_settings as engine_settings_of
from bot.config.errors import written
from bot.config.reaching import check_reachable, check_sendable
from bot.core.decisions import Action
from bot.core.engine import Engine
from bot.core.held.carried import Life, OpenIntent
from bot.core.provenance import SeenId
from bot.core.settings import EngineSettings, RuleEntry
from bot.core.types import OUR_PREFIX, AccountName, Symbol
from bot.runtime.checkpoint import CheckpointedJournal
from bot.runtime.clock import Clock
from bot.runtime.compositions.parts import Composition, nearness, wants_of
from bot.runtime.inbox import Inbox
from bot.runtime.journal import Journal
from bot.runtime.provenance import inherited, memory, only_reducing
from bot.runtime.secrets import keys_of
from bot.runtime.shell import Feed as ShellFeed
from bot.runtime.starting.connecting import Connected, Say, connected, gate_of
from bot.runtime.starting.deaths import died_often
from bot.runtime.starting.errors import StartRefused
from bot.runtime.starting.findings import Finding, Level, findings
from bot.venues.live.clock import ExchangeClock
from bot.venues.live.feed import Feed
from bot.venues.live.gate import Gate
from bot.venues.live.recent import recent_ids
from bot.venues.live.wire import Request
from bot.venues.router import Venues
from bot.venues.silent import SilentVenue

Accounts = Mapping[AccountName, Connected]
Findings = Mapping[AccountName, Sequence[Finding]]
REMEMBERED_MAX = 20
"""Symbols whose past orders are looked at when a run begins: those that are held come first."""


@asynccontextmanager
async def live(settings: Settings, *, journal: Journal, clock: Clock, say: Say) -> AsyncIterator[Composition]:
    """Guard real accounts, with the memory of the run before: what was spent stays spent."""
    check_sendable(settings)
    async with accounts(settings, clock, say) as found:
        looked_at = look_at(settings, found)
        refuse(settings, looked_at)
        engine_settings = _engine_settings(settings, found, journal.epoch)
        often = await died_often(journal, clock.now_ms(), settings.config.watchdogs.deaths_limit)
        composed = await guarding(found, engine_settings, looked_at, journal=journal, clock=clock)
        if often:
            say(often)
            begins = only_reducing(composed.inherited, found, journal.epoch, clock.now_ms())
            composed = replace(composed, inherited=begins)
        yield composed


async def guarding(
    found: Accounts,
    engine_settings: EngineSettings,
    looked_at: Findings,
    *,
    journal: Journal,
    clock: Clock,
) -> Composition:
    """The parts of a run that acts on accounts that are connected."""
    engine = Engine(engine_settings)
    left = await memory(journal, clock.now_ms())
    for each in found.values():
        each.venue.tell_what_leaves(partial(_note_sent, journal, clock))
    return Composition(
        engine=engine,
        settings=engine_settings,
        venue=Venues({name: each.venue for name, each in found.items()}),
        journal=CheckpointedJournal(journal, engine),
        inherited=await inherited(
            journal, left, found, await seen_ids(found, engine_settings.rules), clock.now_ms()
        ),
        feeds=_feeds(engine, found, () if left is None else left.carried.open_intents),
        symbols=_symbols(found),
        findings=looked_at,
        clocks=_clocks(found),
        gate=_gate(found),
    )


@asynccontextmanager
async def shadow(
    settings: Settings, *, journal: Journal, clock: Clock, say: Say
) -> AsyncIterator[Composition]:
    """Watch real accounts: everything is decided and recorded, and nothing is ever sent.

    It remembers nothing and leaves nothing: what a shadow did was never done.
    """
    check_reachable(settings)
    async with accounts(settings, clock, say) as found:
        looked_at = {
            name: [finding for finding in its if not finding.only_to_act]
            for name, its in look_at(settings, found).items()
        }
        refuse(settings, looked_at)
        engine_settings = replace(_engine_settings(settings, found, journal.epoch), shadow=True)
        engine = Engine(engine_settings)
        yield Composition(
            engine=engine,
            settings=engine_settings,
            venue=Venues({name: SilentVenue(each.venue, clock.now_ms) for name, each in found.items()}),
            journal=journal,
            inherited=(),
            feeds=_feeds(engine, found, ()),
            symbols=_symbols(found),
            findings=looked_at,
            clocks=_clocks(found),
            gate=_gate(found),
        )


@asynccontextmanager
async def accounts(settings: Settings, clock: Clock, say: Say) -> AsyncIterator[Accounts]:
    """All accounts of the file, connected and read. Keys are fetched, and hidden, before anything else."""
    keys = {AccountName(name): keys_of(settings, name) for name in settings.config.accounts}
    gate = gate_of(settings, clock, say)
    async with AsyncExitStack() as stack:
        found = {}
        for name, its in keys.items():
            one = connected(settings, name, its, gate=gate, clock=clock, say=say)
            found[name] = await stack.enter_async_context(one)
        yield found


def look_at(settings: Settings, found: Accounts) -> Findings:
    """What is to be said of each account."""
    return {name: list(findings(each.read, settings.config, settings.rules)) for name, each in found.items()}


def refuse(settings: Settings, looked_at: Findings) -> None:
    """``StartRefused`` where something that was found does not allow to begin."""
    lines, refusing = [], []
    for name, found in looked_at.items():
        for finding in found:
            if finding.level is Level.REFUSE:
                lines.append(line_about(settings, name, finding))
                refusing.append(finding)
    if refusing:
        raise StartRefused(lines, refusing)


def line_about(settings: Settings, account: AccountName, finding: Finding) -> str:
    """A finding with its place in the file, or else with the account it is about."""
    if finding.key is None:
        return f"{account}: {finding.text}"
    return f"{settings.origin(finding.key)}: {written(finding.key)}: {finding.text}"


async def seen_ids(found: Accounts, rules: Sequence[RuleEntry]) -> tuple[SeenId, ...]:
    """The client ids of ours that the exchange knows: of orders that rest, and of the latest that did."""
    seen: dict[SeenId, None] = {}
    for name, each in found.items():
        state, connection = each.read.state, each.connection
        listing = connection.listing.by_symbol
        resting = [order.client_id for order in state.orders if order.client_id.startswith(OUR_PREFIX)]
        named = [symbol for rule in rules for symbol in sorted(rule.symbols or ())]
        symbols = dict.fromkeys([*(position.id.symbol for position in state.positions), *named])
        instruments = [listing[symbol] for symbol in symbols if symbol in listing][:REMEMBERED_MAX]
        past = await recent_ids(connection.dialect, connection.wires.reads, instruments, connection.say)
        seen.update(dict.fromkeys(SeenId(account=name, client_id=known) for known in (*resting, *past)))
    return tuple(seen)


SENT = "Sent"
"""The kind of the note that a request of an action has left. It is committed with the next step: that it is
missing proves nothing, that it is there does."""


def _note_sent(journal: Journal, clock: Clock, action: Action, request: Request) -> None:
    words = {"client_id": action.client_id, "request": f"{request.method} {request.path}"}
    journal.note(SENT, words, clock.now_ms())


# -- inside -----------------------------------------------------------------------------------------


def _engine_settings(settings: Settings, found: Accounts, epoch: int) -> EngineSettings:
    return engine_settings_of(
        settings, capabilities={name: each.read.able for name, each in found.items()}, epoch=epoch
    )


def _feeds(engine: Engine, found: Accounts, still_open: Sequence[OpenIntent]) -> Mapping[str, ShellFeed]:
    """What each account brings; what an earlier run left open is looked for first, and never sent again."""
    wants = wants_of(engine.needs)

    def feed_of(name: AccountName, each: Connected) -> ShellFeed:
        feed = Feed(each.connection, each.venue, wants=wants, near=nearness(engine, name))
        left = [intent for intent in still_open if intent.action.id.account == name]

        async def run(inbox: Inbox) -> None:
            for intent in left:
                confirmed = intent.life is Life.APPLIED
                before = None if intent.gone else intent.before
                each.venue.resume(intent.action, before, confirmed=confirmed)
            await feed.run(inbox)

        return run

    return {f"feed of {name}": feed_of(name, each) for name, each in found.items()}


def _clocks(found: Accounts) -> tuple[ExchangeClock, ...]:
    return tuple(each.connection.wires.clock for each in found.values())


def _gate(found: Accounts) -> Gate:
    """All accounts share one."""
    return next(iter(found.values())).connection.wires.gate


def _symbols(found: Accounts) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(symbol for each in found.values() for symbol in each.read.listing.by_symbol))
