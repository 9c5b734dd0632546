"""Capabilities as text and back: what the journal notes of a run, so that its engine can be built again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.capabilities import Capabilities, Capability
from bot.core.types import AccountName, MarginMode, PositionMode, Symbol


def written(accounts: Mapping[AccountName, Capabilities]) -> str:
    """The capabilities of all accounts, the same text for equal ones."""
    return json.dumps({name: _plain(able) for name, able in sorted(accounts.items())}, separators=(",", ":"))


def read(text: str) -> dict[AccountName, Capabilities]:
    """What ``written`` wrote."""
    return {AccountName(name): _able(plain) for name, plain in json.loads(text).items()}


def _plain(able: Capabilities) -> dict[str, Any]:
    return {
        "venue": able.venue,
        "position_modes": sorted(able.position_modes),
        "levers": _rows(able.levers.items()),
        "by_contract": _rows(able.by_contract.items()),
    }


def _rows(levers: Iterable[tuple[tuple[str, ...], Capability]]) -> list[list[Any]]:
    return sorted([*key, each.works, each.because, each.substitute] for key, each in levers)


def _able(plain: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        venue=plain["venue"],
        position_modes=frozenset(PositionMode(mode) for mode in plain["position_modes"]),
        levers={(kind, MarginMode(mode)): _capability(rest) for kind, mode, *rest in plain["levers"]},
        by_contract={
            (kind, MarginMode(mode), Symbol(symbol)): _capability(rest)
            for kind, mode, symbol, *rest in plain["by_contract"]
        },
    )


def _capability(row: list[Any]) -> Capability:
    works, because, substitute = row
    return Capability(works=works, because=because, substitute=substitute)
