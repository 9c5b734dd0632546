"""Maintenance tiers read from a file, because the venues' own tables cannot be shipped.

The layouts of several exchanges and of ccxt are understood: a table is a list of tiers, by its symbol,
under ``tiers`` or at any depth. Numbers are read as decimals, never as floats. Whatever would leave a
notional without a tier, or a requirement that falls as a position grows, is refused with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bot.core.contracts import Tier, Tiers
from bot.core.types import ZERO

FLOOR = ("floor", "minNotional", "minValue", "minSz", "notionalFloor", "startUnit", "minRiskLimit")
CAP = (
    "cap",
    "maxNotional",
    "maxValue",
    "maxSz",
    "notionalCap",
    "endUnit",
    "maxRiskLimit",
    "maxNominalValue",
    "risk_limit",
)
RATE = (
    "mmr",
    "rate",
    "maintenanceMarginRate",
    "maintMarginRate",
    "maintMarginRatio",
    "keepMarginRate",
    "maintenance_rate",
    "maintainMargin",
)
DEDUCTION = ("cum", "maintAmt", "mmDeduction", "deduction", "maint_amount", "maintAmount")
MAX_LEVERAGE = ("maxLeverage", "max_leverage", "leverage_max", "initialLeverage", "leverage")
_DEPTH_MAX = 6
_SHOWN_MAX = 8

Table = Sequence[Mapping[str, Any]]


class TierFileError(Exception):
    """A file of tiers that cannot be used; the message names file, place and remedy."""


def read_tiers(path: Path, symbol: str | None = None) -> Tiers:
    """The tiers of ``symbol`` in the JSON file at ``path``; of the only table there if no symbol is given.

    A symbol matches however exchanges spell it: ``BTCUSDT``, ``BTC/USDT:USDT`` and ``BTC-USDT-SWAP`` are
    one. Errors: ``TierFileError``, for a file that cannot be read as well.
    """
    tables = _load(path)
    name, table, progressive = _chosen(path, tables, symbol)
    return _built(path, name, table, progressive=progressive)


def symbols_in(path: Path) -> tuple[str, ...]:
    """The names of all tables in the file, in order."""
    return tuple(name for name, _, _ in _load(path))


def spelling(symbol: str) -> str:
    """One spelling for what exchanges write in many ways; delivery dates stay."""
    plain = re.sub(r"-SWAP$|_PERP$|[-_/]", "", symbol.upper().split(":")[0])
    dated = re.search(r"-(\d{6})$", symbol)
    return f"{plain}-{dated[1]}" if dated and ":" in symbol else plain


def _load(path: Path) -> list[tuple[str, Table, bool]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TierFileError(
            f"{path}: {error.strerror or error}; name a JSON file of tiers that can be read"
        ) from error
    except UnicodeDecodeError as error:
        raise TierFileError(f"{path}: no text at byte {error.start}; tiers are read from JSON") from error
    try:
        content = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise TierFileError(f"{path}:{error.lineno}: no JSON: {error.msg}; correct the file") from error
    except ValueError as error:
        raise TierFileError(f"{path}: {error}; tiers need plain numbers") from error
    tables = list(_tables(content, "", progressive=True))
    if not tables:
        raise TierFileError(
            f"{path}: no table of tiers; expected a list of tiers with {FLOOR[1]}, {CAP[1]} and {RATE[0]}"
        )
    return tables


def _refuse(constant: str) -> Decimal:
    raise ValueError(f"found {constant}")


def _tables(node: Any, name: str, *, progressive: bool, depth: int = 0) -> Iterator[tuple[str, Table, bool]]:  # noqa: ANN401 - JSON
    if depth > _DEPTH_MAX:
        return
    if isinstance(node, list):
        if node and all(isinstance(tier, dict) and _has(tier, RATE) for tier in node):
            yield name, node, progressive
        return
    if not isinstance(node, dict):
        return
    progressive = bool(node.get("progressive", progressive))
    for key, inner in node.items():
        inner_name = str(node.get("symbol", name)) if key == "tiers" else key
        yield from _tables(inner, inner_name, progressive=progressive, depth=depth + 1)


def _chosen(path: Path, tables: list[tuple[str, Table, bool]], symbol: str | None) -> tuple[str, Table, bool]:
    names = ", ".join(name or "(no name)" for name, _, _ in tables[:_SHOWN_MAX])
    names += ", ..." if len(tables) > _SHOWN_MAX else ""
    if symbol is None or (len(tables) == 1 and not tables[0][0]):
        if len(tables) > 1:
            raise TierFileError(f"{path}: {len(tables)} tables ({names}); name one symbol")
        return tables[0]
    exact = [table for table in tables if table[0] == symbol]
    found = exact or [table for table in tables if spelling(symbol) in _spellings(table[0])]
    if not found:
        raise TierFileError(f"{path}: no tiers for {symbol}; add them to the file, which has {names}")
    if any(table != found[0][1] for _, table, _ in found):
        raise TierFileError(f"{path}: {len(found)} different tables for {symbol}; keep one in the file")
    return found[0]


def _spellings(name: str) -> set[str]:
    """A name as it is, without a remark in brackets, and what the remark says."""
    outside = re.sub(r"\(.*?\)", "", name).strip()
    return {spelling(part) for part in (name, outside, *re.findall(r"\((.*?)\)", name)) if part}


def _built(path: Path, name: str, table: Table, *, progressive: bool) -> Tiers:
    where = f"{path}: {name or 'tiers'}"
    derive = progressive and "minNotional" in table[0] and not any(_has(tier, DEDUCTION) for tier in table)
    tiers: list[Tier] = []
    for number, row in enumerate(table, start=1):
        tiers.append(_tier(f"{where}, tier {number}", row, tiers[-1] if tiers else None, derive=derive))
    return tuple(tiers)


def _tier(where: str, row: Mapping[str, Any], before: Tier | None, *, derive: bool) -> Tier:
    start = ZERO if before is None else before.cap
    if start is None:
        raise TierFileError(f"{where}: the tier before has no cap; only the last tier may be without one")
    floor = _number(where, row, FLOOR)
    if floor is not None and floor != start and not (_has(row, ("minSz",)) and start < floor <= start + 1):
        raise TierFileError(f"{where}: starts at {floor}, expected {start}; tiers may leave no hole")
    cap = _number(where, row, CAP)
    if cap is not None and cap <= start:
        raise TierFileError(f"{where}: ends at {cap}, which is not above its start {start}")
    rate = _number(where, row, RATE)
    if rate is None or not 0 < rate <= 1:
        raise TierFileError(f"{where}: maintenance rate {rate}, expected a fraction such as 0.004")
    if before is not None and rate < before.rate:
        raise TierFileError(
            f"{where}: rate {rate} is below {before.rate} of the tier before; rates never fall"
        )
    deduction = _number(where, row, DEDUCTION)
    if deduction is None:
        deduction = before.deduction + start * (rate - before.rate) if derive and before else ZERO
    return Tier(
        floor=start,
        cap=cap,
        rate=rate,
        deduction=deduction,
        max_leverage=_number(where, row, MAX_LEVERAGE),
    )


def _has(row: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(name in row for name in names)


def _number(where: str, row: Mapping[str, Any], names: tuple[str, ...]) -> Decimal | None:
    for name in names:
        found = row.get(name)
        if found is None:
            continue
        try:
            number = Decimal(found) if isinstance(found, str) else found
        except InvalidOperation:
            number = None
        if not isinstance(number, Decimal) or not number.is_finite() or number < 0:
            raise TierFileError(f"{where}: {name} is {found!r}, expected a number of at least 0")
        return number
    return None
