"""Builders and hypothesis strategies for positions, contracts and pools."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.rules import FeeAt, MaintenanceAt, MarginRules, TierUnit
from bot.core.types import AccountName, MarginMode, Position, PositionId, Side, Symbol

D = Decimal
ONE_TIER: Tiers = (Tier(floor=D(0), cap=None, rate=D("0.01")),)


def some_rules(**changes: Any) -> MarginRules:
    return MarginRules(**({"name": "some", "version": "1"} | changes))


def a_contract(**changes: Any) -> Contract:
    defaults: dict[str, Any] = {
        "symbol": Symbol("BTCUSDT"),
        "tick": D("0.1"),
        "lot": D("0.001"),
        "tiers": ONE_TIER,
        "rules": some_rules(),
    }
    return Contract(**(defaults | changes))


def a_position(
    side: Side = Side.LONG, symbol: str = "BTCUSDT", mode: MarginMode = MarginMode.ISOLATED, **changes: Any
) -> Position:
    defaults: dict[str, Any] = {"quantity": D(1), "entry": D(100), "leverage": D(10)}
    id_ = PositionId(AccountName("main"), Symbol(symbol), side)
    return Position(id=id_, mode=mode, **(defaults | changes))


def isolated(position: Position, contract: Contract, margin: Decimal) -> Pool:
    position = replace(position, margin=margin, mode=MarginMode.ISOLATED)
    return Pool(MarginMode.ISOLATED, margin, (Holding(position, contract),))


def cross(wallet: Decimal, *held: tuple[Position, Contract]) -> Pool:
    holdings = tuple(Holding(replace(p, mode=MarginMode.CROSS), c) for p, c in held)
    return Pool(MarginMode.CROSS, wallet, holdings)


def progressive(edges: list[Decimal], rates: list[Decimal]) -> Tiers:
    """A continuous table: each deduction makes the requirement equal on both sides of its floor."""
    tiers = []
    deduction = D(0)
    floors = [D(0), *edges]
    for i, (floor, rate) in enumerate(zip(floors, rates, strict=True)):
        if i:
            deduction += floor * (rate - rates[i - 1])
        cap = floors[i + 1] if i + 1 < len(floors) else None
        tiers.append(Tier(floor=floor, cap=cap, rate=rate, deduction=deduction))
    return tuple(tiers)


def flat(edges: list[Decimal], rates: list[Decimal]) -> Tiers:
    return tuple(replace(tier, deduction=D(0)) for tier in progressive(edges, rates))


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places, allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn, *, top: str = "4000", most: int = 4) -> Tiers:
    count = draw(st.integers(1, most))
    edges = sorted(draw(st.sets(decimals("20", top, 0), min_size=count - 1, max_size=count - 1)))
    rates = sorted(draw(st.sets(decimals("0.002", "0.4", 3), min_size=count, max_size=count)))
    return progressive(edges, rates)


@st.composite
def contracts(
    draw: st.DrawFn,
    *,
    symbol: str = "BTCUSDT",
    kinds: Sequence[ContractKind] = tuple(ContractKind),
    points: Sequence[MaintenanceAt] = tuple(MaintenanceAt),
    flats: bool = True,
) -> Contract:
    kind = draw(st.sampled_from(kinds))
    tiers = draw(tables(top="4000" if kind is ContractKind.LINEAR else "40"))
    deduct = draw(st.booleans()) if flats else True
    unit = draw(st.sampled_from(TierUnit)) if flats else TierUnit.NOTIONAL
    # A deduction belongs to a progressive table counted in notional; elsewhere it makes no sense.
    deducts = deduct and unit is TierUnit.NOTIONAL
    rules = some_rules(
        maintenance_at=draw(st.sampled_from(points)),
        closing_fee=draw(st.sampled_from([D(0), D("0.0006")])),
        fee_at=draw(st.sampled_from(FeeAt)),
        tier_unit=unit,
        tier_deduction=deducts,
        scaled_by_leverage=not deducts and draw(st.booleans()),
    )
    tick = draw(st.sampled_from([D("0.1"), D("0.01"), D("0.5")]))
    return a_contract(symbol=Symbol(symbol), kind=kind, tiers=tiers, rules=rules, tick=tick)


@st.composite
def positions(draw: st.DrawFn, contract: Contract, mode: MarginMode, side: Side | None = None) -> Position:
    linear = contract.kind is ContractKind.LINEAR
    return a_position(
        side or draw(st.sampled_from(Side)),
        contract.symbol,
        mode,
        quantity=draw(decimals("0.5", "20", 1) if linear else decimals("50", "2000", 0)),
        entry=draw(decimals("50", "200", 1)),
        leverage=draw(st.sampled_from([D(1), D(2), D(5), D(10), D(50)])),
    )


@st.composite
def isolated_pools(draw: st.DrawFn, /, **options: Any) -> Pool:
    contract = draw(contracts(**options))
    position = draw(positions(contract, MarginMode.ISOLATED))
    initial = contract.notional(position.quantity, position.entry) / position.leverage
    margin = (initial * draw(decimals("0.3", "2", 2))).quantize(D("0.00000001")) + D("0.00000001")
    return isolated(position, contract, margin)


@st.composite
def cross_pools(draw: st.DrawFn, /, *, hedged: bool = False, **options: Any) -> Pool:
    count = draw(st.integers(1, 3))
    held = []
    kind = draw(st.sampled_from(options.pop("kinds", tuple(ContractKind))))
    for i in range(count):
        contract = draw(contracts(symbol=f"S{i}", kinds=(kind,), **options))
        position = draw(positions(contract, MarginMode.CROSS))
        held.append((position, contract))
        if hedged and i == 0:
            held.append((draw(positions(contract, MarginMode.CROSS, position.id.side.opposite)), contract))
    worth = sum((c.notional(p.quantity, p.entry) for p, c in held), D(0))
    wallet = (worth * draw(decimals("0.05", "0.8", 2))).quantize(D("0.00000001"))
    return cross(wallet, *held)


@st.composite
def marks_near(draw: st.DrawFn, pool: Pool, *, apart: str = "0.3") -> dict[Symbol, Decimal]:
    marks: dict[Symbol, Decimal] = {}
    for holding in pool.holdings:
        symbol = holding.position.id.symbol
        if symbol not in marks:
            shift = draw(decimals("-" + apart, apart, 3))
            marks[symbol] = holding.contract.price_up(holding.position.entry * (1 + shift))
    return marks
