"""Builders of facts, decisions and steps, with a default for everything."""

from decimal import Decimal

from bot.core.decisions import Action, Because, Decision, Refusal, StateChanged
from bot.core.facts import Fact, MarkPrice, Tick
from bot.core.intents import AddMargin, Intent
from bot.core.step import Step
from bot.core.types import AccountName, ClientId, PositionId, RuleName, Side, Symbol

BTC = Symbol("BTC/USDT:USDT")
ETH = Symbol("ETH/USDT:USDT")
T0 = 1_700_000_000_000


def an_id(symbol: Symbol = BTC, account: str = "main") -> PositionId:
    return PositionId(AccountName(account), symbol, Side.LONG)


def a_mark(at_ms: int = T0, symbol: Symbol = BTC, price: str = "64000.10") -> MarkPrice:
    return MarkPrice(at_ms=at_ms, symbol=symbol, price=Decimal(price))


def an_action(
    at_ms: int = T0,
    client_id: str = "h1-1",
    *,
    rule: str = "top_up",
    intent: Intent | None = None,
    symbol: Symbol = BTC,
    deadline_ms: int | None = None,
) -> Action:
    return Action(
        at_ms=at_ms,
        client_id=ClientId(client_id),
        rule=RuleName(rule),
        intent=intent or AddMargin(id=an_id(symbol), amount=Decimal("25.00")),
        reason="liquidation 7.9% away",
        mark=Decimal("64000.10"),
        distance_before=Decimal("0.079"),
        distance_after=Decimal("0.12"),
        deadline_ms=at_ms + 5_000 if deadline_ms is None else deadline_ms,
    )


def a_refusal(at_ms: int = T0, *, rule: str = "partial_close", symbol: Symbol = BTC) -> Refusal:
    return Refusal(
        at_ms=at_ms,
        rule=RuleName(rule),
        intent=AddMargin(id=an_id(symbol), amount=Decimal(5)),
        reason="near",
        because=Because.COOLDOWN,
        text="acted 3 s ago",
        mark=Decimal(1),
        distance=None,
    )


def a_change(
    at_ms: int = T0, subject: str = "account:main", was: str = "ARMED", now: str = "BLIND"
) -> StateChanged:
    return StateChanged(at_ms=at_ms, subject=subject, was=was, now=now, because="silence")


def a_step(
    at_ms: int = T0,
    *,
    swallowed: tuple[Fact, ...] = (),
    facts: tuple[Fact, ...] | None = None,
    decisions: tuple[Decision, ...] = (),
) -> Step:
    return Step(
        at_ms=at_ms,
        swallowed=swallowed,
        facts=(Tick(at_ms=at_ms),) if facts is None else facts,
        decisions=decisions,
    )
