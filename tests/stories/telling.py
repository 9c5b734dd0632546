"""Telling a story: positions, rules and a few prices in, the journal out as lines to be compared with a text.

A story is played by the parts a replay is made of, one minute between two beats. Nothing costs a fee and
nothing slips, so that every figure can be worked out by hand. A beat is one of

* ``"95"``: BTC travels to 95, and everything on its way is met; ``"ETH 95"``: another coin does
* ``"gap 95"`` or ``"gap ETH 95"``: it is there without having been in between
* ``"Q 95"``: the quarterly of BTC travels there
* ``"funding 0.005"``: funding is settled on BTC, at that rate
* ``"adl 4"``: the venue deleverages 4 of the shorts in the quarterly, at its mark
* ``"deliver 98"``: the quarterly expires and is settled at 98
* ``"days 13"``: so much time passes

The first beat of each coin only sets its price. Told are decisions, trades, liquidations, funding and how the
positions then stand; whether a position is NAKED is told only where it has to do with the story.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from inspect import cleandoc
from typing import Any

from bot.cli.journal_text import decision_text
from bot.cli.text import exact
from bot.core.contracts import Contract
from bot.core.decisions import Action, Refusal
from bot.core.engine import Engine
from bot.core.facts import (
    Deleveraged,
    Delivered,
    Fact,
    FundingPaid,
    Liquidated,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.settings import DAY_MS, EngineSettings, Limits, RuleEntry, SeatbeltSettings
from bot.core.step import Step
from bot.core.types import AccountName, MarginMode, PositionId, RuleName, Side, Symbol
from bot.lab.replay.agenda import Delivery, Funding
from bot.lab.replay.stage import Stage
from bot.runtime.journal.memory import MemoryJournal
from bot.venues.paper import MarketModel, Opening, OrderRequest, PaperAccount, PaperExchange
from bot.venues.paper.events import Deleveraging, ScheduledEvent
from strategies.quarterly_hedge import QuarterlyHedge, QuarterlyHedgeParams
from tests.building import MINUTE_MS, ONE_TIER, START_MS, a_contract

D = Decimal
MAIN = AccountName("main")
BTC, ETH = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT")
LONG, SHORT = PositionId(MAIN, BTC, Side.LONG), PositionId(MAIN, BTC, Side.SHORT)
EXPIRY_MS = START_MS + 17 * DAY_MS
QUARTERLY, NEXT = Symbol("BTC/USDT:USDT-Q1"), Symbol("BTC/USDT:USDT-Q2")
ETH_LONG = PositionId(MAIN, ETH, Side.LONG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position the story begins with: bought or sold at 100, where its coin stands."""

    id: PositionId = LONG
    quantity: str = "10"
    leverage: str = "10"
    margin: str | None = None
    cross: bool = False

    def opening(self) -> Opening:
        """As the exchange takes it."""
        return Opening(
            id=self.id,
            quantity=D(self.quantity),
            leverage=D(self.leverage),
            mode=MarginMode.CROSS if self.cross else MarginMode.ISOLATED,
            margin=None if self.margin is None else D(self.margin),
        )


def coin(symbol: Symbol = BTC, *, venue: str = "binance_usdm", **changes: object) -> Contract:
    """A contract under the rules of a venue: tick 0.1, lot 0.01, 1 % maintenance in one tier."""
    return a_contract(symbol, venue=venue, **({"tiers": ONE_TIER} | changes))


def quarterly(symbol: Symbol = QUARTERLY, expiry_ms: int = EXPIRY_MS, **changes: Any) -> Contract:
    """The dated contract beside it, delivered 17 days after the story begins unless told otherwise."""
    return coin(symbol, expiry_ms=expiry_ms, **changes)


class Journal(MemoryJournal):
    """Keeps the steps at hand."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Step] = []

    def append(self, step: Step) -> None:
        """Take one step into the record."""
        super().append(step)
        self.written.append(step)


def tell(
    *beats: str,
    rules: Sequence[RuleEntry] = (),
    held: Sequence[Held] = (Held(),),
    orders: Sequence[OrderRequest] = (),
    coins: Sequence[Contract] | None = None,
    balance: str = "1000",
    limits: Limits | None = None,
    seatbelt: bool = False,
    naked: bool = False,
) -> str:
    """Play ``beats`` and give the journal. ``naked`` tells also when a position gains or loses protection."""
    contracts = tuple(coins or (coin(),))
    account = PaperAccount(name=MAIN, balance=D(balance))
    exchange = PaperExchange([account], {c.symbol: c for c in contracts}, MarketModel())
    for contract in contracts:
        exchange.move(START_MS, contract.symbol, D(100), D(100), gap=True)
    for each in held:
        exchange.open(START_MS, each.opening())
    for order in orders:
        exchange.submit(START_MS, order)
    settings = EngineSettings(
        rules=tuple(rules),
        limits=limits or Limits(stale_after_ms=99 * MINUTE_MS),
        seatbelt=SeatbeltSettings(enabled=seatbelt),
        capabilities={MAIN: exchange.capabilities(MAIN)},
        taker_fee=D(0),
    )
    journal = Journal()
    stage = Stage(Engine(settings), exchange, journal, 0)
    stage.begin(START_MS)
    at_ms = START_MS
    for beat in beats:
        at_ms = _play(stage, at_ms, beat.split()) + MINUTE_MS
    return "\n".join(line for step in journal.written for line in _lines(step, naked=naked))


def lines(*texts: str) -> str:
    """The expected journal as it is written in a test: without its indentation, long lines made whole.

    What is indented deeper goes on from the line above; one text goes on from the one before.
    """
    return "\n".join(re.sub(r"\n +", " ", cleandoc(text)) for text in texts)


def _play(stage: Stage, at_ms: int, words: Sequence[str]) -> int:
    """Play one beat; when it was."""
    *how, figure = words
    match how:
        case ["funding"]:
            stage.play(at_ms, (Funding(BTC, D(figure)),))
        case ["adl"]:
            event = Deleveraging(symbol=QUARTERLY, side=Side.SHORT, quantity=D(figure))
            stage.play(at_ms, (ScheduledEvent(at_ms=at_ms, event=event),))
        case ["deliver"]:
            at_ms = max(at_ms, EXPIRY_MS)
            stage.play(at_ms, (Delivery(symbol=QUARTERLY, expiry_ms=EXPIRY_MS, price=D(figure)),))
        case ["days"]:
            return at_ms + int(figure) * DAY_MS
        case _:
            price = D(figure)
            names = {"ETH": ETH, "Q": QUARTERLY, "Q2": NEXT}
            symbol = next((names[word] for word in how if word in names), BTC)
            stage.mark(at_ms, symbol, price, price, gap="gap" in how)
    return at_ms


def _lines(step: Step, *, naked: bool) -> Iterator[str]:
    for fact in step.facts:
        text = _fact(fact)
        if text:
            yield f"{_minute(step)} {text}"
    for decision in step.decisions:
        if isinstance(decision, Action | Refusal):
            yield f"{_minute(step)} {_name(decision.id)} {decision.rule}: {decision_text(decision)}"
        elif naked and decision.subject.startswith("protection:"):
            yield f"{_minute(step)} {decision.subject.rpartition('/')[2]} is now {_who(decision.now)}"


def _minute(step: Step) -> int:
    return (step.at_ms - START_MS) // MINUTE_MS


def _name(id_: PositionId) -> str:
    base, dated = id_.symbol.partition("/")[0], id_.symbol.partition("-")[2]
    return f"{base}{'-' if dated else ''}{dated} {id_.side}"


def _who(now: str) -> str:
    return now if now == "NAKED" else f"protected by {now}"


def _fact(fact: Fact) -> str:
    """What happened, in words; nothing for what the story does not tell."""
    match fact:
        case Deleveraged(quantity=quantity, price=price):
            return f"{_name(fact.id)} DELEVERAGED {exact(quantity)} at {exact(price)}"
        case Delivered(price=price):
            return f"{_name(fact.id)} is delivered at {exact(price)}"
        case PositionChanged(position=None):
            return f"{_name(fact.id)} is closed"
        case PositionChanged(position=position) if position is not None:
            margin = f", margin {exact(position.margin)}" if position.mode is MarginMode.ISOLATED else ""
            return f"{_name(fact.id)} {exact(position.quantity)}, {exact(position.leverage)}x{margin}"
        case Outcome(kind=OutcomeKind.REJECTED):
            return f"{_name(fact.id)} the venue refuses {fact.client_id}: {fact.code}"
        case Outcome(fills=fills) if fills:
            traded = ", ".join(f"{exact(fill.quantity)} at {exact(fill.price)}" for fill in fills)
            return f"{_name(fact.id)} {fact.client_id} trades {traded}"
        case Liquidated(quantity=quantity, price=price, fee=fee):
            return f"{_name(fact.id)} LIQUIDATED {exact(quantity)} at {exact(price)}, fee {exact(fee)}"
        case FundingPaid(amount=amount):
            return f"{_name(fact.id)} funding {exact(amount)}"
        case _:
            return ""


def hedging(**changes: Any) -> RuleEntry:
    """The rule that hedges: below 6 %, calm above 8 %, at five times leverage, unless told otherwise."""
    params = {"below": D("0.06"), "calm": D("0.08"), "leverage": D(5)} | changes
    return RuleEntry(rule=QuarterlyHedge(RuleName("quarterly_hedge"), QuarterlyHedgeParams(**params)))
