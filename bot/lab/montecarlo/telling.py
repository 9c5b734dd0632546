"""A tally as one object: shares, and amounts of money in a few digits. Statistics, hence floats."""

from __future__ import annotations

from typing import Any

from bot.lab.montecarlo.tally import Share, Spread, Tally, wilson

_DIGITS = 8


def tally_json(tally: Tally) -> dict[str, Any]:
    """Everything about one set of rules."""
    died_undefended = tally.died + tally.saved - tally.lost
    return {
        "survival": share_json(tally.survival),
        "liquidated": tally.died,
        "saved": {"paths": tally.saved, **share_json(wilson(tally.saved, died_undefended))},
        "lost": tally.lost,
        "loss": {
            **spread_json(tally.loss),
            "expected_shortfall_95": round(tally.loss.shortfall(0.95), _DIGITS),
            "expected_shortfall_99": round(tally.loss.shortfall(0.99), _DIGITS),
        },
        "margin_added": spread_json(tally.added),
        "budget_ran_out": round(tally.blocked["budget"] / tally.paths, _DIGITS),
        "cost": spread_json(tally.cost),
        "cost_of_safety": {"paths": tally.premium.count, **spread_json(tally.premium)},
        "active": round(tally.active / tally.paths, _DIGITS),
        "actions": dict(sorted(tally.actions.items())),
        "blocked": {
            reason: round(count / tally.paths, _DIGITS) for reason, count in sorted(tally.blocked.items())
        },
    }


def share_json(share: Share) -> dict[str, float]:
    """A share and its interval."""
    return {name: round(value, _DIGITS) for name, value in share._asdict().items()}


def spread_json(spread: Spread) -> dict[str, float]:
    """Where most of the amounts are, and the largest."""
    return {
        "mean": round(spread.mean, _DIGITS),
        "least": round(spread.least, _DIGITS),
        "median": round(spread.quantile(0.5), _DIGITS),
        "q95": round(spread.quantile(0.95), _DIGITS),
        "q99": round(spread.quantile(0.99), _DIGITS),
        "most": round(spread.most, _DIGITS),
    }
