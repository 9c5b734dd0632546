"""What a look at the account says before anything is sent, each in one line.

Pure: who reads the exchange is ``bot.runtime.starting.connecting``. A start is refused where to act would be
wrong or the key could do harm; everything else is said and the guard goes on, because a bot that does not
start protects nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.config.accounts import AccountTable
from bot.config.at_venues import AtVenue, lacking
from bot.config.currencies import unclear_money
from bot.config.errors import Key, listed, suggestion
from bot.config.fields import format_exact
from bot.config.levers import judged
from bot.config.model import Config
from bot.core.capabilities import Capabilities, Capability
from bot.core.intents import Intent
from bot.core.settings import RuleEntry
from bot.core.types import (
    OUR_PREFIX,
    AccountName,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionMode,
    Symbol,
)
from bot.venues.capabilities import HEDGES, NOT_LISTED, NOTHING_LISTED, beside_dated
from bot.venues.live.starting import is_suspended
from bot.venues.live.terms import AccountState, Instrument, KeyRights, Listing, Setup, Traits

SKEW_WARN_MS = 500
SKEW_REFUSE_MS = 5_000
"""A clock this wrong makes every price look old, or new for ever."""
_SHOWN_FLAWS = 5

Market = Mapping[str, Any]
"""A market as ccxt describes it, with the exchange's own row under ``info``."""


class Level(StrEnum):
    """How grave a finding is."""

    REFUSE = "refuse"
    DANGER = "danger"
    """A position that nothing at the exchange protects."""
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line about an account; ``key`` is the place in the file that it is about.

    ``mistaken``: the file says something else than the exchange, and one of them has to be changed.
    ``only_to_act``: it is in nobody's way where nothing is sent.
    """

    level: Level
    text: str
    key: Key | None = None
    mistaken: bool = False
    only_to_act: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of an account and its exchange at the start.

    ``rights`` is ``None`` where the exchange does not tell them. ``markets`` are all it has, by symbol, spot
    included; ``listing`` are the contracts with tiers. ``able`` is what can be done there. ``skew_ms`` is the
    exchange's clock less ours.
    """

    account: AccountName
    traits: Traits
    setup: Setup
    rights: KeyRights | None
    state: AccountState
    listing: Listing
    markets: Mapping[str, Market]
    able: Capabilities
    skew_ms: int


def findings(read: Read, config: Config, rules: Sequence[RuleEntry]) -> Iterator[Finding]:
    """Everything to be said of one account and the rules at work, what refuses the start first."""
    account = config.accounts[read.account]
    found = [
        *_rights(read, account),
        *_clock(read),
        *_setup(read, account),
        *_symbols(read, config),
        *_money(read, config),
        *_positions(read),
        *_levers(read, rules),
        *_hopeless(read, rules),
        *(Finding(level=Level.WARN, text=f"not understood: {flaw}") for flaw in _few(read.state.flaws)),
        *_belt(config),
    ]
    yield from sorted(found, key=lambda each: list(Level).index(each.level))


def _rights(read: Read, account: AccountTable) -> Iterator[Finding]:
    rights, at = read.rights, ("accounts", read.account, "keys")
    if rights is None:
        text = f"{read.traits.name} does not tell what a key may do; see to it that this one cannot withdraw"
        yield Finding(level=Level.WARN, text=text)
        return
    for right, word in (("withdraw", "withdraw money"), ("transfer", "transfer money to other accounts")):
        has = getattr(rights, right)
        if has is None:
            text = f"{read.traits.name} does not tell whether the key may {word}; see to it that it cannot"
            yield Finding(level=Level.WARN, text=text)
        elif has and right in account.accept_key_rights:
            yield Finding(level=Level.WARN, text=f"the key may {word}, which accept_key_rights accepts")
        elif has:
            remedy = f'make a key without that right, or accept it with accept_key_rights = ["{right}"]'
            yield Finding(level=Level.REFUSE, text=f"the key may {word}; {remedy}", key=at)
    if rights.portfolio_margin:
        text = (
            "the key may trade in portfolio margin; if the account is in it, its positions are not seen here"
        )
        yield Finding(level=Level.WARN, text=text)
    if rights.trade is False:
        text = "the key may not trade: no margin could be added and no stop placed; give it that right"
        yield Finding(level=Level.REFUSE, text=text, key=at, only_to_act=True)
    if not rights.ip_restricted:
        found = "may be used from any address" if rights.ip_restricted is False else "may or may not be"
        found += "" if rights.ip_restricted is False else " bound to an address: the exchange does not tell"
        text = f"the key {found}; bind it to that of this machine at the exchange"
        yield Finding(level=Level.WARN, text=text)
    if told := list(_told_of_key(rights)):
        yield Finding(level=Level.NOTE, text=f"the key {', '.join(told)}")


def _told_of_key(rights: KeyRights) -> Iterator[str]:
    """What the exchange says of a key, good or bad, so that it can be held against what was meant."""
    for has, word in (
        (rights.trade, "trade"),
        (rights.withdraw, "withdraw"),
        (rights.transfer, "transfer to other accounts"),
    ):
        if has is not None:
            yield f"may {word}" if has else f"may not {word}"
    if rights.ip_restricted:
        yield "works from the addresses it is bound to"


def _clock(read: Read) -> Iterator[Finding]:
    late = abs(read.skew_ms)
    if late <= SKEW_WARN_MS:
        yield Finding(level=Level.NOTE, text=f"clock {late} ms off that of the exchange")
        return
    word = "behind" if read.skew_ms > 0 else "ahead of"
    text = f"this machine's clock is {late} ms {word} that of the exchange; set it by NTP"
    yield Finding(level=Level.REFUSE if late > SKEW_REFUSE_MS else Level.WARN, text=text)


def _setup(read: Read, account: AccountTable) -> Iterator[Finding]:
    for why in read.setup.refuse:
        yield Finding(level=Level.REFUSE, text=why)
    key: Key = ("accounts", read.account, "position_mode")
    wanted, found = account.position_mode, read.setup.position_mode
    if wanted not in read.traits.position_modes:
        possible = listed(sorted(read.traits.position_modes))
        yield Finding(
            level=Level.REFUSE, text=f"{read.traits.name} knows {possible} only", key=key, mistaken=True
        )
    elif wanted is not found:
        text = (
            f'the account is in {_MODES[found]} mode and the file says "{wanted}";'
            f' write position_mode = "{found}", or change it at the exchange'
        )
        yield Finding(level=Level.REFUSE, text=text, key=key, mistaken=True)
    else:
        yield Finding(level=Level.NOTE, text=f"the account is in {_MODES[found]} mode")


_MODES = {PositionMode.ONE_WAY: "one-way", PositionMode.HEDGE: "hedge"}


def _symbols(read: Read, config: Config) -> Iterator[Finding]:
    """Symbols that rules name: those the exchange does not trade, or not now, and the terms of the others."""
    for index, rule in enumerate(config.rules):
        for at, symbol in enumerate(rule.symbols or ()):
            text = untradable(symbol, read)
            if text:
                key: Key = ("rules", index, "symbols", at)
                maintained = is_suspended(read.markets.get(symbol, {}))
                yield Finding(level=Level.REFUSE, text=text, key=key, mistaken=not maintained)
    named = {symbol for rule in config.rules for symbol in rule.symbols or ()}
    for symbol in sorted(named - {position.id.symbol for position in read.state.positions}):
        if not untradable(symbol, read):
            terms = ", ".join(_terms(read.listing.by_symbol[symbol]))
            yield Finding(level=Level.NOTE, text=f"{symbol}: {terms}")


def untradable(symbol: Symbol, read: Read) -> str:
    """Why nothing can be guarded in ``symbol`` at this exchange now; empty if it can."""
    market, venue = read.markets.get(symbol), read.traits.name
    if market is None:
        return f"{venue} does not list {symbol}{suggestion(symbol, read.listing.by_symbol)}"
    if market.get("spot"):
        return f"{symbol} is a spot market, which has no liquidation to be guarded against"
    if is_suspended(market):
        return f"{symbol} is not traded now: {venue} has it in maintenance, or takes it off its list"
    if symbol not in read.listing.by_symbol:
        return f"{venue} tells no maintenance tiers of {symbol}: its liquidation cannot be computed"
    return ""


def _money(read: Read, config: Config) -> Iterator[Finding]:
    """Budgets that might be in several currencies, by the positions that are there."""
    listing = read.listing.by_symbol
    settled = [
        listing[p.id.symbol].contract.settlement for p in read.state.positions if p.id.symbol in listing
    ]
    for key, text in unclear_money(config, settled):
        yield Finding(level=Level.REFUSE, text=text, key=key, mistaken=True)
    for balance in read.state.balances:
        text = f"wallet {_number(balance.wallet)} {balance.currency}, {_number(balance.free)} free"
        yield Finding(level=Level.NOTE, text=text)


def _positions(read: Read) -> Iterator[Finding]:
    if not read.state.positions:
        yield Finding(level=Level.NOTE, text="no open position; one that is opened later is guarded as well")
    for position in read.state.positions:
        why = untradable(position.id.symbol, read)
        if why:
            yield Finding(level=Level.WARN, text=f"{_name(position)}: {why}")
        else:
            yield Finding(level=Level.NOTE, text=_described(position, read))
            yield from _beyond_tiers(position, read)
        yield _stops(position, read.state)


def _described(position: Position, read: Read) -> str:
    theirs = read.state.venue_liquidation.get(position.id)
    liquidation = f", liquidation at {_number(theirs)} by the exchange" if theirs else ""
    terms = ", ".join(_terms(read.listing.by_symbol[position.id.symbol]))
    return (
        f"{_name(position)} {_number(position.quantity)} {position.mode} {_number(position.leverage)}x"
        f"{liquidation}; {terms}"
    )


def _terms(instrument: Instrument) -> Iterator[str]:
    """The tiers and filters of a contract, as far as the exchange has them."""
    contract = instrument.contract
    first, last = contract.tiers[0], contract.tiers[-1]
    rates = f"{_percent(first.rate)}" + (f" to {_percent(last.rate)}" if last is not first else "")
    yield f"maintenance {rates} in {len(contract.tiers)} tier" + ("s" if last is not first else "")
    yield f"steps {_number(contract.tick)} in price and {_number(contract.lot)} in size"
    if contract.min_quantity > contract.lot:
        yield f"{_number(contract.min_quantity)} at least"
    if contract.min_notional:
        yield f"worth {_number(contract.min_notional)} {contract.settlement} at least"
    if instrument.max_quantity is not None:
        yield f"{_number(instrument.max_quantity)} at most in one order"
    if instrument.max_notional is not None:
        yield f"worth {_number(instrument.max_notional)} {contract.settlement} at most in one order"


def _beyond_tiers(position: Position, read: Read) -> Iterator[Finding]:
    """A position that no tier speaks of, or that is smaller than what can be traded."""
    contract = read.listing.by_symbol[position.id.symbol].contract
    if position.quantity < max(contract.lot, contract.min_quantity):
        text = "smaller than what the exchange takes in one order: only a whole close is possible"
        yield Finding(level=Level.WARN, text=f"{_name(position)}: {text}")
    most = read.listing.by_symbol[position.id.symbol].max_quantity
    if most is not None and position.quantity > most:
        text = (
            f"larger than the {_number(most)} one order may carry: exits go in slices, a stop may be refused"
        )
        yield Finding(level=Level.WARN, text=f"{_name(position)}: {text}")
    cap = contract.tiers[-1].cap
    if cap is not None and contract.notional(position.quantity, position.entry) > cap:
        text = f"larger than the last tier the exchange tells, which ends at {_number(cap)}"
        yield Finding(level=Level.WARN, text=f"{_name(position)}: {text}")


def _stops(position: Position, state: AccountState) -> Finding:
    """What rests on the position already, whose it is, and whether it would close the position in time."""
    stops = [
        o
        for o in state.orders
        if o.id == position.id and o.kind is OrderKind.STOP_MARKET and o.reduces and o.trigger
    ]
    name, theirs = _name(position), state.venue_liquidation.get(position.id)
    if not stops:
        return Finding(level=Level.DANGER, text=f"{name}: no stop rests at the exchange")
    said = ", ".join(_said_of(stop, position) for stop in stops)
    whole = [stop for stop in stops if stop.closes_position or stop.quantity >= position.quantity]
    if not whole:
        return Finding(level=Level.DANGER, text=f"{name}: no stop that rests closes all of it: {said}")
    sign = position.id.side.sign
    if theirs and all(stop.trigger and sign * (stop.trigger - theirs) <= 0 for stop in whole):
        text = f"{name}: no stop that rests comes before liquidation at {_number(theirs)}: {said}"
        return Finding(level=Level.DANGER, text=text)
    return Finding(level=Level.NOTE, text=f"{name}: a stop rests at the exchange: {said}")


def _said_of(stop: Order, position: Position) -> str:
    whose = "ours" if stop.client_id.startswith(OUR_PREFIX) else "not ours"
    part = not stop.closes_position and stop.quantity < position.quantity
    of = f" for {_number(stop.quantity)} of {_number(position.quantity)}" if part else ""
    return f"{whose} at {_number(stop.trigger)}{of}"


def _levers(read: Read, rules: Sequence[RuleEntry]) -> Iterator[Finding]:
    """Rules that can do nothing on a position that is held, because the exchange has no such lever there."""
    listed = (instrument.contract for instrument in read.listing.by_symbol.values())
    dated = {contract.symbol for contract in beside_dated(listed)}
    for position in read.state.positions:
        id_, mode = position.id, position.mode
        for entry in rules:
            if entry.symbols is not None and id_.symbol not in entry.symbols:
                continue
            answers = [read.able.of(kind.__name__, mode, id_.symbol) for kind in entry.rule.proposes]
            if not entry.needs.beside and id_.symbol not in dated:
                # What a rule does not look at it cannot hedge with, whatever is listed.
                named = zip(entry.rule.proposes, answers, strict=True)
                answers = [NOT_LISTED if _is_hedge(kind, able) else able for kind, able in named]
            if not answers or any(answer.works for answer in answers):
                continue
            instead = f", use {answers[0].substitute} there" if answers[0].substitute else ""
            text = f"{_name(position)} {mode}: rule {entry.name} cannot work: {answers[0].because}{instead}"
            yield Finding(level=Level.WARN, text=text)


def _is_hedge(kind: type[Intent], able: Capability) -> bool:
    """A hedge that depends on what is listed: an exchange that hedges nothing has its own words."""
    return kind.__name__ in HEDGES and (able.works or able == NOTHING_LISTED)


def _hopeless(read: Read, rules: Sequence[RuleEntry]) -> Iterator[Finding]:
    """Rules that could do nothing at this exchange on any position there may ever be."""
    for key, text in lacking(rules, read.traits):
        yield Finding(level=Level.REFUSE, text=text, key=key, mistaken=True)
    everywhere = [AtVenue(read.traits, mode, read.setup.position_mode) for mode in MarginMode]
    for index, entry in enumerate(rules):
        for symbol in sorted(entry.needs.beside):
            if why := untradable(symbol, read):
                text = f"rule {entry.name} looks at {symbol}: {why}"
                yield Finding(level=Level.REFUSE, text=text, key=("rules", index, "params"), mistaken=True)
        for found in judged(entry, everywhere):
            if found.hopeless:
                text = f"rule {entry.name} can do nothing on any position: {found.text}"
                yield Finding(level=Level.REFUSE, text=text, key=("rules", index), mistaken=True)


def _belt(config: Config) -> Iterator[Finding]:
    if not config.seatbelt.enabled:
        text = "the seatbelt is off: no stop is kept between mark and liquidation"
        yield Finding(level=Level.WARN, text=text, key=("seatbelt", "enabled"))


def _few(flaws: Sequence[str]) -> Iterator[str]:
    yield from flaws[:_SHOWN_FLAWS]
    if len(flaws) > _SHOWN_FLAWS:
        yield f"and {len(flaws) - _SHOWN_FLAWS} more"


def _name(position: Position) -> str:
    return f"{position.id.symbol} {position.id.side}"


def _percent(rate: Decimal) -> str:
    return f"{_number(rate * 100)}%"


def _number(number: Decimal | None) -> str:
    return "nothing" if number is None else format_exact(number)
