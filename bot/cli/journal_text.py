"""One row of the journal as one line for people."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from typing import Any

from bot.cli.text import exact, flagged, mentions_flagged, moment, percent
from bot.core.amounts import Unit, contract_of, counted_in
from bot.core.codec import decode_decision, decode_fact
from bot.core.decisions import Action, Decision, Refusal, StateChanged
from bot.core.facts import (
    Command,
    Deleveraged,
    Fact,
    FundingPaid,
    LinkChanged,
    Liquidated,
    OrderEnded,
    Outcome,
)
from bot.core.intents import Intent, ReducePosition
from bot.core.types import Symbol
from bot.runtime.redaction import redact

Line = tuple[str, str, str, str, str]


def line(row: dict[str, Any]) -> Line:
    """Time, kind, rule, symbol and what happened. A row is as ``Reading.flagged`` makes it."""
    symbol = row["symbol"]
    about = flagged(symbol, row["synthetic"] and contract_in(row) == symbol) if symbol else row["account"]
    text = mentions_flagged(_text(row), row["synthetic_contracts"])
    return moment(row["at_ms"]), row["kind"], row["rule"] or "", about or "", text


def contract_in(row: dict[str, Any]) -> Symbol | None:
    """The contract a row is about: of a hedge the one it is in, not the one it guards."""
    if row["part"] == "decision":
        decision = decode_decision(row["body"])
        if isinstance(decision, Action | Refusal):
            return contract_of(decision.intent)
    return None if row["symbol"] is None else Symbol(row["symbol"])


def _text(row: dict[str, Any]) -> str:
    if row["part"] == "decision":
        return decision_text(decode_decision(row["body"]), frozenset(row["synthetic_contracts"]))
    if row["part"] == "note":
        return ", ".join(f"{name} {value}" for name, value in json.loads(row["body"]).items())
    fact = decode_fact(row["body"])
    if "order" in row and isinstance(fact, Outcome):
        return f"{row['order']} was met: {_fills(fact)}"
    return fact_text(fact) or row["body"]


def decision_text(decision: Decision, synthetic: AbstractSet[Symbol] = frozenset()) -> str:
    """What was decided, with the numbers and the reason, without secrets that may be in the reason.

    Contracts among ``synthetic`` are said to be: their prices are modelled.
    """
    return mentions_flagged(redact(_decision_text(decision, synthetic)), synthetic)


def _decision_text(decision: Decision, synthetic: AbstractSet[Symbol]) -> str:
    match decision:
        case Action(intent=intent):
            change = f"{percent(decision.distance_before)} -> {percent(decision.distance_after)}"
            return (
                f"{intent_text(intent, synthetic)} (mark {exact(decision.mark)}, {change}): {decision.reason}"
            )
        case Refusal(intent=intent):
            return (
                f"{intent_text(intent, synthetic)} (mark {exact(decision.mark)})"
                f" refused ({decision.because}): {decision.text}"
            )
        case StateChanged():
            return f"{decision.subject}: {decision.was} -> {decision.now}, {decision.because}"


def intent_text(intent: Intent, synthetic: AbstractSet[Symbol] = frozenset()) -> str:
    """The intent's kind and its figure; where it trades another contract than the position's, which one."""
    name, counted = type(intent).__name__, counted_in(intent)
    if counted is not None:
        name += f" {_WORDS[counted.unit]}{exact(counted.amount)}"
    if isinstance(intent, ReducePosition) and intent.limit is not None:
        name += f" at {exact(intent.limit)} or better"
    symbol = contract_of(intent)
    return name if symbol == intent.id.symbol else f"{name} in {flagged(symbol, symbol in synthetic)}"


_WORDS = {Unit.MONEY: "", Unit.BASE: "", Unit.TIMES: "to ", Unit.PRICE: "at "}


def fact_text(fact: Fact) -> str:
    """What happened, for the few facts that people look for; empty for the others."""
    match fact:
        case Outcome():
            parts = (fact.kind.value, fact.code, fact.proof, _fills(fact))
            return " ".join(part for part in parts if part)
        case Liquidated():
            return f"{exact(fact.quantity)} taken over at {exact(fact.price)}, fee {exact(fact.fee)}"
        case Deleveraged():
            return f"{exact(fact.quantity)} closed at {exact(fact.price)}"
        case OrderEnded():
            return f"{fact.client_id} {fact.how} {fact.status}".rstrip()
        case LinkChanged():
            return f"{fact.link} {'up' if fact.up else 'down'}: {fact.because}"
        case FundingPaid():
            at = "" if fact.rate is None else f" at a rate of {exact(fact.rate)}"
            return f"{exact(fact.amount)}{at}"
        case Command():
            about = f" {fact.subject}" if fact.subject else ""
            until = "" if fact.until_ms is None else f" until {moment(fact.until_ms)}"
            return f"{fact.by or 'somebody'} ordered: {fact.kind}{about}{until}"
        case _:
            return ""


def _fills(outcome: Outcome) -> str:
    return ", ".join(f"{exact(fill.quantity)} at {exact(fill.price)}" for fill in outcome.fills)
