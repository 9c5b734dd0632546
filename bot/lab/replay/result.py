"""What a replay answers: one object. Money, prices and quantities in it are decimal strings.

Whatever is about a symbol with modelled prices says ``"synthetic": true``, in every list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.core.amounts import contract_of, counted_in
from bot.core.decisions import Refusal, StateChanged
from bot.core.facts import Deleveraged, Delivered, Fill, Liquidated, OutcomeKind
from bot.core.intents import Intent
from bot.core.types import ZERO, PositionId, Symbol
from bot.lab.replay.record import Done, Record, Triggered
from bot.venues.paper.figures import Figures, PoolFigures, PositionFigures

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a comparison: with the configured rules, or without any defence."""

    record: Record
    figures: Figures

    @property
    def survived(self) -> bool:
        """No position was liquidated; stopped out counts as survived."""
        return not self.record.liquidations


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """Both runs over the same prices, and what had to be assumed. Seconds are wall-clock time.

    ``synthetic`` are the symbols whose prices are modelled, not recorded; ``bars`` counts recorded ones.
    """

    defended: Run
    undefended: Run
    bars: int
    load_seconds: float
    run_seconds: float
    assumptions: tuple[str, ...]
    digest: str
    synthetic: frozenset[Symbol] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """The object ``holdfast replay --json`` prints."""
        record = self.defended.record
        done = [d for d in record.done if d.outcome is None or d.outcome.kind is OutcomeKind.VERIFIED]
        answer = {
            "schema_version": SCHEMA_VERSION,
            **_judged(self.defended),
            "bars": self.bars,
            "seconds": {"load": round(self.load_seconds, 6), "run": round(self.run_seconds, 6)},
            "actions": [action_json(d) for d in done],
            "refusals": [refusal_json(refusal) for refusal in record.refusals],
            "triggered": [triggered_json(triggered) for triggered in record.triggered],
            "deliveries": [delivery_json(fact) for fact in record.deliveries],
            "changes": [change_json(change) for change in record.changes],
            "undefended": _judged(self.undefended),
            "assumptions": list(self.assumptions),
            "synthetic": sorted(self.synthetic),
            "digest": self.digest,
        }
        _flag(answer, self.synthetic)
        return answer


def decisions_digest(record: Record) -> str:
    """A hash of every action with its outcome, of every refusal and of every change of state, in order."""
    lines = [
        *({**action_json(d), "outcome": _outcome(d)} for d in record.done),
        *(refusal_json(r) for r in record.refusals),
        *(change_json(c) for c in record.changes),
    ]
    return hashlib.sha256(json.dumps(lines, sort_keys=True).encode()).hexdigest()


def digest_of(tapes: Iterable[str], config: str, side: Run) -> str:
    """A hash of the tapes' uncompressed bytes (by their own hashes, sorted), config, decisions and books."""
    books = json.dumps(_judged(side), sort_keys=True)
    parts = [*sorted(tapes), config, decisions_digest(side.record), books]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def action_json(done: Done) -> dict[str, Any]:
    """One action and its cost: fees, slippage and loss realised, in the settlement currency.

    ``contract`` is where it is carried out: another than ``symbol`` where that is hedged.
    """
    action = done.action
    fills = done.outcome.fills if done.outcome is not None else ()
    return {
        **_about(action.at_ms, action.rule, action.intent),
        "reason": action.reason,
        "distance_before": _absolute(action.distance_before),
        "distance_after": _absolute(done.distance_after),
        "cost": text(cost_of(fills)),
    }


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    """One refusal, in the shape of an action, with why."""
    return {
        **_about(refusal.at_ms, refusal.rule, refusal.intent),
        "reason": refusal.reason,
        "distance_before": _absolute(refusal.distance),
        "distance_after": None,
        "cost": "0",
        "because": f"{refusal.because}: {refusal.text}",
    }


def change_json(change: StateChanged) -> dict[str, Any]:
    """A change of state: of an account, a rule, a position's protection, a symbol's marks."""
    return {
        "at_ms": change.at_ms,
        "subject": change.subject,
        "was": change.was,
        "now": change.now,
        "because": change.because,
        "level": change.level.value,
    }


def _outcome(done: Done) -> str:
    return f"{done.outcome.kind} {done.outcome.code}" if done.outcome is not None else ""


def triggered_json(triggered: Triggered) -> dict[str, Any]:
    """A resting order that was met: whose it was, what it traded, what that cost."""
    outcome = triggered.outcome
    quantity = sum((fill.quantity for fill in outcome.fills), ZERO)
    value = sum((fill.quantity * fill.price for fill in outcome.fills), ZERO)
    return {
        "at_ms": outcome.at_ms,
        "rule": triggered.rule,
        **_identity(outcome.id),
        "quantity": text(quantity),
        "price": text(value / quantity) if quantity else None,
        "cost": text(cost_of(outcome.fills)),
    }


def delivery_json(fact: Delivered) -> dict[str, Any]:
    """The settlement of a position at expiry."""
    return {"at_ms": fact.at_ms, **_identity(fact.id), "price": text(fact.price)}


def text(number: Decimal | None) -> str | None:
    """A decimal as people write it, without exponent and trailing zeros."""
    if number is None:
        return None
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def cost_of(fills: Iterable[Fill]) -> Decimal:
    """Fees, slippage and loss realised."""
    return sum((f.fee + f.slippage + max(ZERO, -f.pnl) for f in fills), ZERO)


def _about(at_ms: int, rule: str, intent: Intent) -> dict[str, Any]:
    counted = counted_in(intent)
    return {
        "at_ms": at_ms,
        "rule": rule,
        "intent": type(intent).__name__,
        "account": intent.id.account,
        "symbol": intent.id.symbol,
        "side": intent.id.side.value,
        "contract": contract_of(intent),
        "amount": None if counted is None else text(counted.amount),
        "unit": None if counted is None else counted.unit.value,
    }


def _judged(side: Run) -> dict[str, Any]:
    return {
        "survived": side.survived,
        "liquidations": [_liquidation(fact) for fact in side.record.liquidations],
        "deleveraged": [_deleveraged(fact) for fact in side.record.deleveraged],
        "final": {
            "positions": [_position(figures) for figures in side.figures.positions],
            "pools": [_pool(figures) for figures in side.figures.pools],
            "insurance_fund": {
                currency: text(pot.insurance_fund) for currency, pot in side.figures.pots.items()
            },
        },
    }


def _liquidation(fact: Liquidated) -> dict[str, Any]:
    return {
        "at_ms": fact.at_ms,
        **_identity(fact.id),
        "quantity": text(fact.quantity),
        "price": text(fact.price),
        "fee": text(fact.fee),
    }


def _deleveraged(fact: Deleveraged) -> dict[str, Any]:
    return {
        "at_ms": fact.at_ms,
        **_identity(fact.id),
        "quantity": text(fact.quantity),
        "price": text(fact.price),
    }


def _position(figures: PositionFigures) -> dict[str, Any]:
    names = (
        "quantity",
        "entry",
        "mark",
        "unrealised",
        "equity",
        "maintenance",
        "margin_ratio",
        "liquidation_price",
        "distance",
        "realised",
        "fees",
        "funding",
    )
    return {
        **_identity(figures.id),
        "open": figures.open,
        **_texts(figures, names),
        "liquidations": figures.liquidations,
    }


def _pool(figures: PoolFigures) -> dict[str, Any]:
    names = ("wallet", "equity", "maintenance", "margin_ratio", "distance", "realised", "fees", "funding")
    return {
        "account": figures.account,
        "currency": figures.currency,
        "mode": figures.mode.value,
        "symbols": sorted(id_.symbol for id_ in figures.ids),
        **_texts(figures, names),
    }


def _texts(figures: object, names: Sequence[str]) -> dict[str, str | None]:
    return {name: text(getattr(figures, name)) for name in names}


def _flag(value: object, synthetic: frozenset[Symbol]) -> None:
    """Say of everything about one symbol, of every pool and of every change, whether prices are modelled."""
    if isinstance(value, list):
        for item in value:
            _flag(item, synthetic)
    elif isinstance(value, dict):
        for item in value.values():
            _flag(item, synthetic)
        if "symbol" in value:
            value["synthetic"] = not synthetic.isdisjoint((value["symbol"], value.get("contract")))
        elif "symbols" in value:
            value["synthetic"] = not synthetic.isdisjoint(value["symbols"])
        elif "subject" in value:
            told = f"{value['subject']} {value['was']} {value['now']} {value['because']}"
            value["synthetic"] = any(symbol in told for symbol in synthetic)


def _identity(id_: PositionId) -> dict[str, str]:
    return {"account": id_.account, "symbol": id_.symbol, "side": id_.side.value}


def _absolute(distance: Decimal | None) -> str | None:
    return None if distance is None else text(abs(distance))
