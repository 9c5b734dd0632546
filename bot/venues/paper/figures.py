"""The final figures of a run: every position there ever was, and every pool there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.margin.arithmetic import unrealised
from bot.core.margin.assess import assess
from bot.core.margin.liquidation import distance, liquidation_price
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, AccountName, MarginMode, PositionId
from bot.venues.paper.books import Books, CrossKey, PoolKey, marks_of
from bot.venues.paper.entries import Account, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFigures:
    """One position id over all its lots; what describes an open position is ``None`` when it is closed.

    ``equity`` and ``margin_ratio`` are those of the pool it is in. ``realised`` is profit before fees,
    ``funding`` what was received (negative: paid); both in settlement currency, as are all amounts.
    """

    id: PositionId
    open: bool
    quantity: Decimal
    entry: Decimal | None
    mark: Decimal
    unrealised: Decimal
    equity: Decimal | None
    maintenance: Decimal | None
    margin_ratio: Decimal | None
    liquidation_price: Decimal | None
    distance: Decimal | None
    realised: Decimal
    fees: Decimal
    funding: Decimal
    liquidations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFigures:
    """One margin pool. ``distance`` is the smallest of its positions; sums are over those it holds.

    The cross pool of each settlement currency of an account is listed even when it holds nothing: it is
    the account's wallet, and the sums are then those of all its closed positions that settled in it. What
    collateral counts for is in its wallet.
    """

    account: AccountName
    currency: str
    mode: MarginMode
    ids: tuple[PositionId, ...]
    wallet: Decimal
    equity: Decimal
    maintenance: Decimal
    margin_ratio: Decimal | None
    distance: Decimal | None
    realised: Decimal
    fees: Decimal
    funding: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PotFigures:
    """What no account has of one settlement currency: the fund, and what the pots got over all accounts."""

    insurance_fund: Decimal
    fees: Decimal
    funding: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything at the end. ``pots`` are by settlement currency."""

    positions: tuple[PositionFigures, ...]
    pools: tuple[PoolFigures, ...]
    pots: Mapping[str, PotFigures]


def figures(books: Books) -> Figures:
    """The books as they stand at the present prices."""
    positions: list[PositionFigures] = []
    pools: list[PoolFigures] = []
    for account in books.accounts.values():
        mine = [_position(books, account, id_) for id_ in _ids(account)]
        positions += mine
        keys: list[PoolKey] = [CrossKey(account.name, currency) for currency in account.wallets]
        keys += [p.id for p in account.positions.values() if p.mode is MarginMode.ISOLATED]
        pools += [_pool(books, account, key, mine) for key in keys]
    return Figures(
        positions=tuple(positions),
        pools=tuple(pools),
        pots={
            currency: PotFigures(insurance_fund=p.insurance_fund, fees=p.fees, funding=p.funding)
            for currency, p in books.pots.items()
        },
    )


def _ids(account: Account) -> tuple[PositionId, ...]:
    """Every position id the account has or had, in the order they appeared."""
    return tuple(account.totals | dict.fromkeys(account.positions, Totals()))


def _position(books: Books, account: Account, id_: PositionId) -> PositionFigures:
    totals = account.totals.get(id_, Totals())
    mark = books.quotes[id_.symbol].mark
    held = account.positions.get(id_)
    pool = None
    if held is not None:
        pool = books.pool(id_ if held.mode is MarginMode.ISOLATED else books.purse(id_))
    if held is None or pool is None:
        return PositionFigures(
            id=id_,
            open=False,
            quantity=ZERO,
            entry=None,
            mark=mark,
            unrealised=ZERO,
            equity=None,
            maintenance=None,
            margin_ratio=None,
            liquidation_price=None,
            distance=None,
            realised=totals.realised,
            fees=totals.fees,
            funding=totals.funding,
            liquidations=totals.liquidations,
        )
    contract = books.contracts[id_.symbol]
    marks = marks_of(books, pool)
    stands = assess(pool, marks)
    price = liquidation_price(pool, id_, marks)
    return PositionFigures(
        id=id_,
        open=True,
        quantity=held.quantity,
        entry=held.entry,
        mark=mark,
        unrealised=unrealised(held, contract, mark),
        equity=stands.equity,
        maintenance=maintenance(held, contract, mark),
        margin_ratio=stands.margin_ratio,
        liquidation_price=price,
        distance=None if price is None else distance(mark, price),
        realised=totals.realised,
        fees=totals.fees,
        funding=totals.funding,
        liquidations=totals.liquidations,
    )


def _pool(books: Books, account: Account, key: PoolKey, mine: list[PositionFigures]) -> PoolFigures:
    pool = books.pool(key)
    held = [h.position.id for h in pool.holdings] if pool else []
    isolated = isinstance(key, PositionId)
    purse = books.purse(key) if isinstance(key, PositionId) else key
    wallet = pool.wallet if pool else books.backing(purse)
    open_isolated = {p.id for p in account.positions.values() if p.mode is MarginMode.ISOLATED}
    # What closed positions earned went to the wallet, so their sums belong to the account's pool.
    counted = [f for f in mine if f.id == key] if isolated else []
    counted += [f for f in mine if f.id not in open_isolated and books.purse(f.id) == key]
    stands = assess(pool, marks_of(books, pool)) if pool else None
    distances = [f.distance for f in mine if f.id in held and f.distance is not None]
    return PoolFigures(
        account=account.name,
        currency=purse.currency,
        mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        ids=tuple(held),
        wallet=wallet,
        equity=stands.equity if stands else wallet,
        maintenance=stands.maintenance if stands else ZERO,
        margin_ratio=stands.margin_ratio if stands else None,
        distance=min(distances, default=None),
        realised=sum((f.realised for f in counted), ZERO),
        fees=sum((f.fees for f in counted), ZERO),
        funding=sum((f.funding for f in counted), ZERO),
    )
