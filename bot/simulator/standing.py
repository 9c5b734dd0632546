"""What every exchange shows beside a position: profit, margins, where it is liquidated and bankrupt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import bankruptcy_price, liquidation_price
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, MarginMode, Position, PositionId, Symbol
from bot.simulator.records import AccountView
from bot.simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A position with its figures at the present mark. Money is the settlement currency.

    ``margin`` is the isolated wallet, or in cross the initial margin at the mark: what the position keeps
    from being spent elsewhere. ``ratio`` is maintenance over equity of its pool.
    """

    position: Position
    contract: Contract
    mark: Decimal
    value: Decimal
    unrealised: Decimal
    initial: Decimal
    maintenance: Decimal
    margin: Decimal
    ratio: Decimal | None
    liquidation: Decimal | None
    bankruptcy: Decimal | None

    @property
    def isolated(self) -> bool:
        """Whether it has a margin of its own."""
        return self.position.mode is MarginMode.ISOLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """One currency of an account. ``wallet`` contains the margin of isolated positions, ``free`` does not."""

    currency: str
    wallet: Decimal
    free: Decimal
    isolated: Decimal
    crossed: Decimal
    """Initial margin of the cross positions at the mark."""
    unrealised: Decimal
    unrealised_crossed: Decimal
    maintenance: Decimal

    @property
    def equity(self) -> Decimal:
        """Everything, unrealised profit included."""
        return self.wallet + self.unrealised


def free_of(world: World, view: AccountView, currency: str) -> Decimal:
    """What may be spent of a wallet: it, less cross losses and cross initial margin at the mark."""
    gain = margin = ZERO
    for position in view.positions.values():
        contract = world.contracts[position.id.symbol]
        if position.mode is MarginMode.CROSS and contract.settlement == currency:
            mark = world.market[position.id.symbol].mark
            gain += unrealised(position, contract, mark)
            margin += initial_margin(position, contract, mark)
    return max(ZERO, view.wallets.get(currency, ZERO) + min(ZERO, gain) - margin)


def pool_of(world: World, view: AccountView, id_: PositionId) -> Pool:
    """The margin pool an open position of a view is in."""
    position = view.positions[id_]
    contract = world.contracts[id_.symbol]
    if position.mode is MarginMode.ISOLATED:
        return Pool(MarginMode.ISOLATED, position.margin, (Holding(position, contract),))
    held = tuple(
        Holding(other, world.contracts[other.id.symbol])
        for other in view.positions.values()
        if other.mode is MarginMode.CROSS
        and world.contracts[other.id.symbol].settlement == contract.settlement
    )
    return Pool(MarginMode.CROSS, view.wallets.get(contract.settlement, ZERO), held)


def marks_of(world: World) -> Mapping[Symbol, Decimal]:
    """The mark of every symbol that has one."""
    return world.market.marks


def standing(world: World, view: AccountView, position: Position) -> Standing:
    """An open position of a view at the present marks."""
    contract = world.contracts[position.id.symbol]
    mark = world.market[position.id.symbol].mark
    pool, marks = pool_of(world, view, position.id), marks_of(world)
    isolated = position.mode is MarginMode.ISOLATED
    initial = initial_margin(position, contract, position.entry if isolated else mark)
    return Standing(
        position=position,
        contract=contract,
        mark=mark,
        value=contract.notional(position.quantity, mark),
        unrealised=unrealised(position, contract, mark),
        initial=initial,
        maintenance=maintenance(position, contract, mark),
        margin=position.margin if isolated else initial,
        ratio=assess(pool, marks).margin_ratio,
        liquidation=liquidation_price(pool, position.id, marks),
        bankruptcy=bankruptcy_price(pool, position.id, marks),
    )


def standings(world: World, view: AccountView) -> tuple[Standing, ...]:
    """All open positions of a view."""
    return tuple(standing(world, view, position) for position in view.positions.values())


def funds(world: World, view: AccountView, currency: str) -> Funds:
    """One currency of an account at the present marks."""
    mine = [s for s in standings(world, view) if s.contract.settlement == currency]
    isolated = sum((s.position.margin for s in mine if s.isolated), ZERO)
    return Funds(
        currency=currency,
        wallet=view.wallets.get(currency, ZERO) + isolated,
        free=free_of(world, view, currency),
        isolated=isolated,
        crossed=sum((s.initial for s in mine if not s.isolated), ZERO),
        unrealised=sum((s.unrealised for s in mine), ZERO),
        unrealised_crossed=sum((s.unrealised for s in mine if not s.isolated), ZERO),
        maintenance=sum((s.maintenance for s in mine), ZERO),
    )
