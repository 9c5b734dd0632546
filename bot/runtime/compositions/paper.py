"""Paper accounts on the live market: real prices by the public streams, no key, no order anywhere.

A paper run begins anew each time: with the balances and positions of the file, at the prices of the moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

from bot.config import ConfigError, Settings
from bot.config.at_venues import check_timeframes, check_told
from bot.config.befalling import collateral_terms, funding_caps
from bot.config.compose import contract, engine_settings, market_model, paper_accounts, planned_positions
from bot.config.coverage import contract_name
from bot.config.currencies import coins
from bot.config.errors import Key, shown
from bot.config.fields import ANY_SYMBOL
from bot.core.contracts import Contract
from bot.core.engine import Engine
from bot.core.held.spot import pricing
from bot.core.rule import Needs
from bot.core.states import BotState
from bot.core.types import AccountName, Symbol
from bot.runtime.clock import Clock
from bot.runtime.compositions.market import DistantVenue, MarketEar, PaperMarket, keep_calendar
from bot.runtime.compositions.new_quarterlies import NewQuarterlies, quarterlies
from bot.runtime.compositions.parts import Composition, wants_of
from bot.runtime.inbox import Inbox
from bot.runtime.journal import Journal
from bot.runtime.starting.connecting import Say, gate_of, listening, markets_of, public_listing
from bot.runtime.starting.findings import Market
from bot.venues.live.clients import Clients
from bot.venues.live.connection import Connection
from bot.venues.live.dialect import Dialect
from bot.venues.live.exact import positive
from bot.venues.live.feed import Feed
from bot.venues.live.registry import dialect as dialect_of
from bot.venues.live.terms import Instrument, Listing
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.venue import PaperVenue


@asynccontextmanager
async def paper(
    settings: Settings, *, journal: Journal, clock: Clock, say: Say
) -> AsyncIterator[Composition]:
    """Guard paper accounts on the live market of the exchange they are at."""
    check_priced(settings)
    account, needs = _first_account(settings), _needs(settings)
    gate = gate_of(settings, clock, say)
    async with listening(settings, account, gate=gate, clock=clock, say=say) as (dialect, clients):
        markets = markets_of(clients)
        symbols = watched(settings, markets, needs)
        listing = paper_listing(settings, await public_listing(dialect, clients, symbols), markets, symbols)
        contracts = {symbol: each.contract for symbol, each in listing.by_symbol.items()}
        exchange = paper_exchange(settings, contracts)
        core = engine_settings(
            settings,
            capabilities={
                AccountName(name): exchange.capabilities(AccountName(name))
                for name in settings.config.accounts
            },
            epoch=journal.epoch,
        )
        engine = Engine(core)
        market = PaperMarket(
            exchange, contracts, planned_positions(settings, symbols), settings, clock.now_ms
        )
        connection = Connection(
            account=account, dialect=dialect, listing=listing, wires=clients, now_ms=clock.now_ms, say=say
        )
        feed = Feed(connection, None, wants=wants_of(needs), also=symbols)

        def recovering() -> bool:
            return BotState.RECOVERING in engine.states().values()

        async def listen(inbox: Inbox) -> None:
            await feed.run(MarketEar(market, inbox))

        new = NewQuarterlies(market, connection, _Reading(settings, dialect, clients), feed.relisted)
        latency_ms = settings.config.paper.latency_ms
        yield Composition(
            engine=engine,
            settings=core,
            venue=DistantVenue(PaperVenue(exchange, clock.now_ms), clock.sleep, latency_ms),
            journal=journal,
            inherited=(),
            feeds={
                "market": listen,
                "calendar": partial(keep_calendar, market, clock, recovering),
                **({"new quarterlies": partial(new.run, clock)} if needs.quarterlies else {}),
            },
            symbols=tuple(contracts),
            findings={},
            clocks=(clients.clock,),
            gate=gate,
        )


class _Reading:
    """Reads the public part of an exchange anew."""

    def __init__(self, settings: Settings, dialect: Dialect, clients: Clients) -> None:
        self._settings = settings
        self._dialect = dialect
        self._clients = clients

    async def markets(self) -> Mapping[str, Market]:
        """What it lists now."""
        await self._clients.reload()
        return markets_of(self._clients)

    async def instruments(self, symbols: Sequence[Symbol], markets: Mapping[str, Market]) -> Listing:
        """The contracts of these."""
        public = await public_listing(self._dialect, self._clients, symbols)
        return paper_listing(self._settings, public, markets, symbols)


def check_priced(settings: Settings) -> None:
    """ConfigError unless the file says whose prices hold, and all that the exchange keeps to itself."""
    for name, account in settings.config.accounts.items():
        if account.venue is None:
            raise settings.refuse(
                ("accounts", name, "venue"),
                'missing; a paper run needs the prices of an exchange, such as venue = "binanceusdm"',
            )
    venues = {account.venue for account in settings.config.accounts.values() if account.venue is not None}
    traits = [dialect_of(venue).traits for venue in sorted(venues)]
    check_told(settings, traits)
    check_timeframes(settings, traits)


def watched(settings: Settings, markets: Mapping[str, Market], needs: Needs) -> tuple[Symbol, ...]:
    """The symbols a paper run listens to: those the file names, and the quarterlies beside them.

    ConfigError for one that the exchange does not list or does not trade now, with its line.
    """
    config = settings.config
    named: set[tuple[Key, Symbol]] = {(("contracts", symbol), symbol) for symbol in config.contracts}
    named |= {(("paper", "positions", at, "symbol"), p.symbol) for at, p in enumerate(config.paper.positions)}
    named |= {
        (("rules", index, "symbols", at), symbol)
        for index, rule in enumerate(config.rules)
        for at, symbol in enumerate(rule.symbols or ())
    }
    problems, symbols = [], dict[Symbol, None]()
    for key, symbol in sorted(named, key=str):
        if symbol == ANY_SYMBOL:
            continue
        market = markets.get(symbol)
        if market is None or market.get("spot"):
            problems.append(settings.document.problem(key, f"the exchange does not list {symbol}"))
        elif market.get("active") is False:
            problems.append(settings.document.problem(key, f"{symbol} is not traded now: maintenance"))
        else:
            symbols[symbol] = None
    if problems:
        raise ConfigError(problems)
    if not symbols:
        raise settings.refuse(
            ("paper", "positions"), "no symbol is named anywhere; name one in [[paper.positions]]"
        )
    beside = _beside(settings, markets, needs, symbols)
    return (*symbols, *beside, *(quarterlies(symbols, markets) if needs.quarterlies else ()))


def _beside(
    settings: Settings, markets: Mapping[str, Market], needs: Needs, symbols: Collection[Symbol]
) -> tuple[Symbol, ...]:
    """What a rule looks at in which nothing need be held, and what prices the coins held outright.

    ConfigError for a contract that a rule names and the exchange does not list.
    """
    unlisted = sorted(needs.beside - markets.keys())
    if unlisted:
        raise settings.refuse(
            ("rules",), f"the exchange does not list {', '.join(unlisted)}, which a rule looks at"
        )
    found = dict.fromkeys(sorted(needs.beside))
    if needs.spot_balances:
        settled = {coins(symbol)[1] for symbol in symbols}
        held = sorted({asset for account in settings.config.accounts.values() for asset in account.spot})
        priced = (pricing(asset, currency) for asset in held for currency in sorted(settled))
        found |= dict.fromkeys(each for each in priced if markets.get(each, {}).get("active"))
    return tuple(symbol for symbol in found if symbol not in symbols)


def paper_listing(
    settings: Settings, public: Listing, markets: Mapping[str, Market], symbols: Iterable[Symbol]
) -> Listing:
    """The instruments of a paper run: contracts of the file first, else those the exchange tells everybody.

    ConfigError for a symbol of which neither has tiers.
    """
    instruments = []
    for symbol in symbols:
        told = public.by_symbol.get(symbol)
        if contract_name(settings.config, symbol) is None:
            if told is None:
                text = f"no contract for {shown(symbol)}, whose tiers the exchange tells only to a key"
                remedy = f"add [contracts.{shown(symbol)}] with lot and tiers"
                raise settings.refuse(("contracts",), f"{text}; {remedy}")
            instruments.append(told)
            continue
        made = contract(settings, symbol, tick=_tick(told, markets[symbol]))
        id_ = str(markets[symbol]["id"])
        family = told.family if told is not None else ""
        instruments.append(Instrument(id=id_, contract=made, family=family))
    return Listing(instruments)


def _tick(told: Instrument | None, market: Market) -> Decimal | None:
    if told is not None:
        return told.contract.tick
    try:
        return positive(market["precision"]["price"], "price step")
    except (KeyError, TypeError, ValueError):
        return None


def paper_exchange(settings: Settings, contracts: Mapping[Symbol, Contract]) -> PaperExchange:
    """The paper exchange before the first price."""
    return PaperExchange(
        paper_accounts(settings, contracts.values()),
        contracts,
        market_model(settings, contracts),
        insurance_fund=settings.config.paper.insurance_fund,
        collateral=collateral_terms(settings),
        funding_caps=funding_caps(settings, contracts),
    )


def _needs(settings: Settings) -> Needs:
    needs = Needs()
    for entry in settings.rules:
        needs |= entry.needs
    return needs


def _first_account(settings: Settings) -> AccountName:
    return AccountName(next(iter(settings.config.accounts)))
