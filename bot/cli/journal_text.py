"""One row of the journal as one line for people."""

from __future__ import annotations

import json
from typing import Any

from bot.cli.text import exact, moment, percent
from bot.core.codec import decode_decision, decode_fact
from bot.core.decisions import Action, Decision, Refusal, StateChanged
from bot.core.facts import Deleveraged, Fact, FundingPaid, LinkChanged, Liquidated, Outcome
from bot.core.intents import Intent
from bot.runtime.redaction import redact

Line = tuple[str, str, str, str, str]


def line(row: dict[str, Any]) -> Line:
    """Time, kind, rule, symbol and what happened."""
    return (
        moment(row["at_ms"]),
        row["kind"],
        row["rule"] or "",
        row["symbol"] or row["account"] or "",
        _text(row),
    )


def _text(row: dict[str, Any]) -> str:
    if row["part"] == "decision":
        return decision_text(decode_decision(row["body"]))
    if row["part"] == "note":
        return ", ".join(f"{name} {value}" for name, value in json.loads(row["body"]).items())
    fact = decode_fact(row["body"])
    if "order" in row and isinstance(fact, Outcome):
        return f"{row['order']} was met: {_fills(fact)}"
    return fact_text(fact) or row["body"]


def decision_text(decision: Decision) -> str:
    """What was decided, with the numbers and the reason, without secrets that may be in the reason."""
    return redact(_decision_text(decision))


def _decision_text(decision: Decision) -> str:
    match decision:
        case Action():
            change = f"{percent(decision.distance_before)} -> {percent(decision.distance_after)}"
            return (
                f"{intent_text(decision.intent)} (mark {exact(decision.mark)}, {change}): {decision.reason}"
            )
        case Refusal():
            return (
                f"{intent_text(decision.intent)} (mark {exact(decision.mark)})"
                f" refused ({decision.because}): {decision.text}"
            )
        case StateChanged():
            return f"{decision.subject}: {decision.was} -> {decision.now}, {decision.because}"


def intent_text(intent: Intent) -> str:
    """The intent's kind and its figure."""
    for name, word in (("amount", ""), ("quantity", ""), ("leverage", "to "), ("trigger", "at ")):
        value = getattr(intent, name, None)
        if value is not None:
            return f"{type(intent).__name__} {word}{exact(value)}"
    return type(intent).__name__


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
        case LinkChanged():
            return f"{fact.link} {'up' if fact.up else 'down'}: {fact.because}"
        case FundingPaid():
            return f"{exact(fact.amount)} at a rate of {exact(fact.rate)}"
        case _:
            return ""


def _fills(outcome: Outcome) -> str:
    return ", ".join(f"{exact(fill.quantity)} at {exact(fill.price)}" for fill in outcome.fills)
