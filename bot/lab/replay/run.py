"""Composing a replay: from a configuration and tapes to two runs, with the rules and with no defence."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from time import perf_counter

from bot.config.befalling import NOTHING, Befalling, Stretch, befalling, collateral_terms, funding_caps
from bot.config.compose import (
    PlannedPosition,
    contract,
    engine_settings,
    market_model,
    opening,
    paper_accounts,
    planned_positions,
)
from bot.config.errors import Key
from bot.config.levers import findings
from bot.config.settings import Settings
from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract
from bot.core.engine import Engine
from bot.core.held.spot import pricing
from bot.core.settings import EngineSettings
from bot.core.types import AccountName, PositionId, Symbol
from bot.lab.replay.agenda import Agenda, Delivery, Schedule, ScheduledOpening, agenda
from bot.lab.replay.effects import OpeningError
from bot.lab.replay.quarterlies import Quarterly, find_quarterlies, synthetic_sentences
from bot.lab.replay.record import Record
from bot.lab.replay.result import ReplayResult, Run, digest_of
from bot.lab.replay.stage import Stage, Witness
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.lab.tapes import PathOrder, PlayedPath, PricePath, SymbolTapes, Tape, group, price_path, to_price
from bot.runtime.journal.memory import MemoryJournal
from bot.runtime.journal.port import Journal
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.model import MarketModel, PaperAccount

WALKERS: Mapping[str, type[Walker]] = {"jump": Jumper, "step": Stepper}

ASSUMED = (
    "orders fill at the last delivered price plus half the spread and the slippage of the configured depth",
    "actions take effect after the configured latency; no request fails or is lost but in a staged outage",
    "rules see every mark of the tape, none in between: freshness is counted in intervals of the tape",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one run is made of. ``engine`` builds the engine once the venue's abilities are known.

    Of ``paths`` only those with ``tapes`` give closing bars and silence; a quarterly that nobody holds at the
    start has none, because nobody asks for its bars.
    """

    paths: tuple[PlayedPath, ...]
    tapes: tuple[SymbolTapes, ...]
    accounts: tuple[PaperAccount, ...]
    contracts: Mapping[Symbol, Contract]
    model: MarketModel
    openings: tuple[ScheduledOpening, ...]
    settings: Callable[[Mapping[AccountName, Capabilities]], EngineSettings]
    latency_ms: int = 0
    insurance_fund: Decimal = Decimal(0)
    deliveries: tuple[Delivery, ...] = ()
    staged: Befalling = NOTHING
    collateral: Mapping[str, CollateralTerms] = field(default_factory=dict)
    funding_caps: Mapping[Symbol, Decimal] = field(default_factory=dict)

    def exchange(self) -> PaperExchange:
        """The exchange as it is before the first price."""
        return PaperExchange(
            self.accounts,
            self.contracts,
            self.model,
            insurance_fund=self.insurance_fund,
            collateral=self.collateral,
            funding_caps=self.funding_caps,
            outages=self.staged.outages,
        )

    def schedule(self, watched: frozenset[Symbol]) -> Schedule:
        """What happens at given times, whatever the prices do, to the symbols that somebody may see."""
        return Schedule(
            openings=self.openings,
            deliveries=tuple(each for each in self.deliveries if each.symbol in watched),
            befalling=self.staged,
        )

    def watched(self, engine: Engine) -> frozenset[Symbol]:
        """The symbols whose prices somebody may see: the others need not be played.

        Only a rule that asks for quarterlies looks at a dated contract in which no position is opened.
        """
        if engine.needs.quarterlies:
            return frozenset(self.contracts)
        opened = {each.opening.id.symbol for each in self.openings}
        return frozenset(s for s, c in self.contracts.items() if c.expiry_ms is None or s in opened)

    def played(self, engine: Engine) -> tuple[PlayedPath, ...]:
        """The paths that somebody may see, dated contracts first.

        What follows an index moves before it, so that whoever is woken by the index sees both at one moment.
        """
        watched = self.watched(engine)
        seen = [path for path in self.paths if path.symbol in watched]
        return tuple(sorted(seen, key=lambda path: self.contracts[Symbol(path.symbol)].expiry_ms is None))

    @property
    def interest(self) -> tuple[Tape, ...]:
        """The recorded open interest."""
        return tuple(each.interest for each in self.tapes if each.interest is not None)

    @property
    def synthetic(self) -> frozenset[Symbol]:
        """The symbols whose prices are modelled."""
        return frozenset(c.symbol for c in self.contracts.values() if c.synthetic_prices)


@dataclass(frozen=True, slots=True)
class Performance:
    """A run that is ready to be played: the walker to drive, the stage to read afterwards."""

    walker: Walker
    stage: Stage


def prepare(
    plan: Plan,
    journal: Witness,
    *,
    walker: type[Walker] = Jumper,
    engine: type[Engine] = Engine,
) -> Performance:
    """Set the stage. ``engine`` may be the oracle."""
    exchange = plan.exchange()
    capabilities = {account.name: exchange.capabilities(account.name) for account in plan.accounts}
    settings = plan.settings(capabilities)
    stage = Stage(engine(settings), exchange, journal, plan.latency_ms)
    return Performance(walker(stage, plan.played(stage.engine), write_agenda(plan, stage.engine)), stage)


def write_agenda(plan: Plan, engine: Engine) -> Agenda:
    """Closing bars of the timeframes the rules need, funding, gaps and what is scheduled."""
    watched = plan.watched(engine)
    tapes = [(each.traded, each.funding) for each in plan.tapes]
    with _uncollected():
        needs = engine.needs
        return agenda(
            tapes,
            needs.timeframes_ms,
            plan.schedule(watched),
            announced=needs.funding,
            volumes=needs.volumes,
            interest=plan.interest if needs.open_interest else (),
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: a replay keeps much and leaves none, and looking costs a tenth."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            # Frozen and thawed, everything is of the oldest generation: it is not searched at once after all.
            gc.freeze()
            gc.unfreeze()
            gc.enable()


async def perform(performance: Performance, journal: Journal) -> Run:
    """Play a run to its end; the journal commits in batches."""
    with _uncollected():
        for _ in performance.walker.walk():
            await journal.commit()
        await journal.commit()
    stage = performance.stage
    return Run(record=stage.record, figures=stage.exchange.figures())


async def replay(
    tapes: Sequence[Tape],
    settings: Settings,
    *,
    mode: str = "jump",
    path: PathOrder = PathOrder.NEAREST,
    latency_ms: int | None = None,
    journal: AbstractAsyncContextManager[Journal] | None = None,
    load_seconds: float = 0,
) -> ReplayResult:
    """Play ``tapes`` with no rules, and once more with the configured ones.

    The second run is kept in ``journal``, opened only once the first has shown that the positions can be.
    ``TapeError`` for tapes that do not belong together, ``ConfigError`` for positions that cannot be.
    """
    began = perf_counter()
    played = settings.played(path, latency_ms)
    grouped = group(tapes)
    paths = tuple(price_path(each, order=path) for each in grouped)
    quarterlies = find_quarterlies(settings, grouped, path)
    loaded = perf_counter()
    plans = {
        defended: make_plan(settings, grouped, paths, latency_ms, defended=defended, quarterlies=quarterlies)
        for defended in (True, False)
    }
    try:
        unread = MemoryJournal()
        undefended = await perform(prepare(plans[False], unread), unread)
        async with journal or nullcontext(MemoryJournal()) as written:
            run_began = perf_counter()
            defended = await perform(prepare(plans[True], written, walker=WALKERS[mode]), written)
            run_seconds = perf_counter() - run_began
    except OpeningError as error:
        raise settings.refuse(key_of_position(settings, paths, quarterlies, error.id), str(error)) from error
    return ReplayResult(
        defended=defended,
        undefended=undefended,
        bars=sum(len(each) for each in paths),
        load_seconds=load_seconds + loaded - began,
        run_seconds=run_seconds,
        assumptions=(
            *assumptions(settings, paths, plans[True]),
            *synthetic_sentences(settings, quarterlies),
            *_parked(defended.record),
        ),
        synthetic=plans[True].synthetic,
        digest=digest_of((tape.sha256 for tape in tapes), played.canonical(), defended),
    )


def make_plan(
    settings: Settings,
    tapes: Sequence[SymbolTapes],
    paths: Sequence[PricePath],
    latency_ms: int | None,
    *,
    defended: bool,
    quarterlies: Sequence[Quarterly] = (),
) -> Plan:
    """The configuration's contracts, accounts and positions over these paths."""
    recorded = [Symbol(each.symbol) for each in paths]
    modelled = [each.symbol for each in quarterlies]
    by_symbol = {Symbol(each.symbol): each for each in (*paths, *(each.path for each in quarterlies))}
    contracts = {
        symbol: contract(
            settings,
            symbol,
            tick=Decimal(1).scaleb(-path.exponent),
            synthetic_prices=symbol in modelled,
        )
        for symbol, path in by_symbol.items()
    }
    openings = tuple(
        _scheduled(settings, planned, contracts[planned.id.symbol], by_symbol[planned.id.symbol])
        for planned in planned_positions(settings, recorded, modelled)
    )
    held = {each.opening.id.symbol for each in openings}
    config = settings.config
    start_ms = min(int(each.times[0]) for each in paths)
    end_ms = max(int(each.times[-1]) + each.interval_ms for each in paths)
    staged = befalling(settings, contracts, Stretch(start_ms=start_ms, end_ms=end_ms))
    stale = {
        symbol: config.replay.stale_after_intervals * path.interval_ms for symbol, path in by_symbol.items()
    }
    return Plan(
        paths=tuple(by_symbol.values()),
        tapes=(*tapes, *(each.tapes for each in quarterlies if each.symbol in held)),
        accounts=paper_accounts(settings, contracts.values()),
        contracts=contracts,
        model=market_model(settings, by_symbol),
        openings=openings,
        settings=lambda capabilities: engine_settings(
            settings, capabilities=capabilities, stale_after_ms=stale, defended=defended
        ),
        latency_ms=config.paper.latency_ms if latency_ms is None else latency_ms,
        insurance_fund=config.paper.insurance_fund,
        deliveries=tuple(each.delivery for each in quarterlies if each.delivery is not None),
        staged=staged,
        collateral=collateral_terms(settings),
        funding_caps=funding_caps(settings, contracts),
    )


def key_of_position(
    settings: Settings, paths: Sequence[PlayedPath], quarterlies: Sequence[Quarterly], id_: PositionId
) -> Key:
    """Where the configuration names a position that was opened by it."""
    planned = planned_positions(
        settings, [Symbol(each.symbol) for each in paths], [each.symbol for each in quarterlies]
    )
    return next(each.key for each in planned if each.id == id_)


def _scheduled(
    settings: Settings, planned: PlannedPosition, contract: Contract, path: PricePath
) -> ScheduledOpening:
    at_ms, last, _ = path.bar(0)[0]
    first = to_price(last, path.exponent)
    return ScheduledOpening(at_ms=at_ms, opening=opening(settings, planned, contract, first))


def _uncounted(plan: Plan) -> Iterator[str]:
    """Coins held outright whose price nobody plays."""
    settled = sorted({contract.settlement for contract in plan.contracts.values()})
    for account in plan.accounts:
        for asset in account.spot or ():
            wanted = [pricing(asset, currency) for currency in settled if currency != asset]
            if not any(symbol in plan.contracts for symbol in wanted):
                yield f"the {asset} that {account.name} holds outright counts nothing: no tape of {wanted[0]}"


def _parked(record: Record) -> Iterator[str]:
    """Rules that raised: what the run shows is what the others did."""
    for change in record.changes:
        if change.now == "parked":
            yield f"WARNING: {change.subject} raised at {change.at_ms} and did nothing more: {change.because}"


def assumptions(settings: Settings, paths: Sequence[PlayedPath], plan: Plan) -> tuple[str, ...]:
    """What is assumed of the market, and what the configuration wants in vain, in sentences."""
    invented = sorted(c.symbol for c in plan.contracts.values() if c.synthetic_tiers)
    said = list(ASSUMED)
    said += plan.staged.told()
    hopeless = [finding for finding in findings(settings) if finding.hopeless]
    said += _uncounted(plan)
    said += [f"rule {each.rule} can do nothing on any position: {each.text}" for each in hopeless]
    said += [
        f"no tape for {', '.join(sorted(absent))}, which rule {entry.name} names"
        for entry in settings.rules
        if (absent := (entry.symbols or frozenset()) - plan.contracts.keys())
    ]
    said += [
        f"no tape for {', '.join(sorted(absent))}, which rule {entry.name} looks at"
        for entry in settings.rules
        if (absent := entry.needs.beside - plan.contracts.keys())
    ]
    said += [f"the tiers of {', '.join(invented)} are invented"] if invented else []
    said += _capped(plan.funding_caps)
    if any(entry.needs.open_interest for entry in settings.rules):
        untold = [each.symbol for each in plan.tapes if each.interest is None and "-" not in each.symbol]
        said += [f"{symbol} has no tape of open interest: nobody is told any" for symbol in untold]
    for path in paths:
        said.extend(path.assumptions)
    said.extend(settings.warnings)
    return tuple(dict.fromkeys(said))


def _capped(caps: Mapping[Symbol, Decimal]) -> Iterator[str]:
    if len({*caps.values()}) == 1:
        yield f"no more than {next(iter(caps.values()))} of funding is charged each time"
    else:
        yield from (f"no more than {caps[each]} of funding of {each} is charged each time" for each in caps)
