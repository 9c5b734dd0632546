"""What the configuration lets befall the market in a replay, as the paper exchange and the agenda take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from bot.config.errors import Key, shown, suggestion
from bot.config.fields import NO_CAP, VENUE_CAP, format_instant
from bot.config.model import MomentTable
from bot.config.settings import Settings
from bot.config.staging import known_haircut
from bot.core.contracts import Contract
from bot.core.durations import format_duration
from bot.core.types import Symbol
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.events import (
    CollateralPrice,
    Connection,
    Deleveraging,
    FundingTerms,
    Liquidity,
    ScheduledEvent,
    ScheduledFunding,
    VenueEvent,
)
from bot.venues.paper.funding import venue_cap
from bot.venues.paper.model import Share
from bot.venues.paper.outage import Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The time that prices are there for: from ``start_ms`` and before ``end_ms``."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Befalling:
    """Everything the configuration stages in a replay, each at its time."""

    events: tuple[ScheduledEvent, ...] = ()
    funding: tuple[ScheduledFunding, ...] = ()
    outages: tuple[Outage, ...] = ()

    def told(self) -> Iterator[str]:
        """One line for each that did not happen in the tapes, for those who read the result."""
        for outage in self.outages:
            yield f"staged: the venue is out {_span(outage.start_ms, outage.end_ms)}"
        for spell in self.funding:
            every = format_duration(spell.interval_ms)
            span = _span(spell.start_ms, spell.end_ms)
            yield f"staged: {spell.symbol} pays {spell.rate} of funding every {every} {span}"
        for each in self.events:
            yield f"staged: {_told(each.event)} {format_instant(each.at_ms)}"


NOTHING = Befalling()


def befalling(settings: Settings, contracts: Mapping[Symbol, Contract], stretch: Stretch) -> Befalling:
    """What is staged, at its times; ConfigError for a symbol or a time that the tapes do not have."""
    return Befalling(
        events=tuple(sorted(_events(settings, contracts, stretch), key=lambda each: each.at_ms)),
        funding=tuple(_funding(settings, contracts, stretch)),
        outages=_outages(settings, stretch),
    )


def collateral_terms(settings: Settings) -> Mapping[str, CollateralTerms]:
    """Price and haircut of every asset that may be held; one without a haircut was refused before."""
    terms = {}
    for asset, table in settings.config.paper.collateral.items():
        haircut = known_haircut(settings.config, asset)
        assert haircut is not None, f"{asset}: a configuration without its haircut was let through"
        terms[asset] = CollateralTerms(price=table.price, haircut=haircut)
    return terms


def funding_caps(settings: Settings, contracts: Mapping[Symbol, Contract]) -> Mapping[Symbol, Decimal]:
    """The largest rate per settlement of each symbol that has one; ConfigError where no rule is known."""
    choice = settings.config.paper.funding_cap
    if choice == NO_CAP:
        return {}
    if choice != VENUE_CAP:
        return dict.fromkeys(contracts, Decimal(choice))
    caps = {symbol: venue_cap(contract) for symbol, contract in contracts.items()}
    if None in caps.values():
        raise settings.refuse(
            ("paper", "funding_cap"), 'no rule is known for this venue; allowed here: "none" or a rate'
        )
    return {symbol: cap for symbol, cap in caps.items() if cap is not None}


def _events(
    settings: Settings, contracts: Mapping[Symbol, Contract], stretch: Stretch
) -> Iterator[ScheduledEvent]:
    tables = settings.config.replay
    for at, forced in enumerate(tables.deleveragings):
        key: Key = ("replay", "deleveragings", at)
        _require_symbol(settings, key, forced.symbol, contracts)
        quantity = Share(forced.share) if forced.share is not None else forced.quantity
        assert quantity is not None, f"{key}: of no size"
        event = Deleveraging(symbol=forced.symbol, side=forced.side, quantity=quantity, price=forced.price)
        yield ScheduledEvent(at_ms=_moment(settings, key, forced, stretch), event=event)
    for at, price in enumerate(tables.collateral_prices):
        key = ("replay", "collateral_prices", at)
        at_ms = _moment(settings, key, price, stretch)
        yield ScheduledEvent(at_ms=at_ms, event=CollateralPrice(asset=price.asset, price=price.price))
    for at, books in enumerate(tables.liquidity):
        at_ms = _moment(settings, ("replay", "liquidity", at), books, stretch)
        yield ScheduledEvent(at_ms=at_ms, event=Liquidity(spread=books.spread, depth=books.depth))
    for at, table in enumerate(tables.funding):
        key = ("replay", "funding", at)
        at_ms = _moment(settings, key, table, stretch)
        _require_symbol(settings, key, table.symbol, contracts)
        if table.interval is not None or table.cap is not None:
            terms = FundingTerms(symbol=table.symbol, interval_ms=table.interval, cap=table.cap)
            yield ScheduledEvent(at_ms=at_ms, event=terms)


def _funding(
    settings: Settings, contracts: Mapping[Symbol, Contract], stretch: Stretch
) -> Iterator[ScheduledFunding]:
    spells: list[ScheduledFunding] = []
    for at, table in enumerate(settings.config.replay.funding):
        if table.rate is None:
            continue
        key: Key = ("replay", "funding", at)
        start_ms = _moment(settings, key, table, stretch)
        end_ms = stretch.end_ms if table.lasts is None else min(stretch.end_ms, start_ms + table.lasts)
        for other in spells:
            if other.symbol == table.symbol and start_ms < other.end_ms and other.start_ms < end_ms:
                before = _span(other.start_ms, other.end_ms)
                raise settings.refuse(key, f"{table.symbol} settles another rate at that time, {before}")
        spell = ScheduledFunding(
            symbol=table.symbol,
            start_ms=start_ms,
            end_ms=end_ms,
            interval_ms=table.interval or contracts[table.symbol].funding_interval_ms,
            rate=table.rate,
        )
        spells.append(spell)
        yield spell


def _outages(settings: Settings, stretch: Stretch) -> tuple[Outage, ...]:
    dated = []
    for at, table in enumerate(settings.config.replay.outages):
        key: Key = ("replay", "outages", at)
        start_ms = _moment(settings, key, table, stretch)
        end_ms = start_ms + table.lasts
        outage = Outage(start_ms=start_ms, end_ms=end_ms, links=table.streams, answer=table.answer)
        dated.append((outage, key))
    dated.sort(key=lambda item: item[0].start_ms)
    for (one, _), (two, key) in pairwise(dated):
        if two.start_ms < one.end_ms:
            before = _span(one.start_ms, one.end_ms)
            raise settings.refuse(key, f"begins while another outage lasts, {before}")
    return tuple(outage for outage, _ in dated)


def _moment(settings: Settings, key: Key, table: MomentTable, stretch: Stretch) -> int:
    """When it happens; ConfigError if there are no prices then."""
    at_ms = table.at if table.at is not None else stretch.start_ms + (table.after or 0)
    if stretch.start_ms <= at_ms < stretch.end_ms:
        return at_ms
    raise settings.refuse(
        (*key, "at" if table.at is not None else "after"),
        f"{format_instant(at_ms)} is not in the tapes, which go {_span(stretch.start_ms, stretch.end_ms)}",
    )


def _require_symbol(settings: Settings, key: Key, symbol: Symbol, known: Iterable[Symbol]) -> None:
    among = sorted(known)
    if symbol not in among:
        raise settings.refuse(
            (*key, "symbol"),
            f"no prices for {shown(symbol)}{suggestion(symbol, among)}; there are tapes for"
            f" {', '.join(among) or 'no symbol'}",
        )


def _span(start_ms: int, end_ms: int) -> str:
    return f"from {format_instant(start_ms)} to {format_instant(end_ms)}"


def _told(event: VenueEvent) -> str:
    match event:
        case Deleveraging(symbol=symbol, side=side):
            return f"auto-deleveraging of {symbol} {side} at"
        case CollateralPrice(asset=asset, price=price):
            return f"{asset} at {price} at"
        case FundingTerms(symbol=symbol, interval_ms=interval_ms, cap=cap):
            every = "" if interval_ms is None else f" every {format_duration(interval_ms)},"
            return f"funding of {symbol}{every}{'' if cap is None else f' at most {cap} each time,'} from"
        case Liquidity(spread=spread, depth=depth):
            return f"spreads {spread} times and depths {depth} times the configured ones from"
        case Connection():
            raise AssertionError("an outage is told by its stretch")
