"""The books of account: who owns what, and who paid whom.

Every movement of money has two ends. What an account pays goes to the fee pot, to the funding pot, to
the insurance fund or to the market it traded with, so the sum over all of them never changes. To keep
it that way to the last digit, whatever needs rounding (fees, funding, margin, average entries) is
rounded *before* it is booked, and both ends book the same figure.

Changes are noted as they are made and turned into facts at the end of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from bot.core.contracts import Contract
from bot.core.facts import BalanceChanged, Fact, OrdersChanged, PositionChanged
from bot.core.margin.arithmetic import initial_margin, unrealised
from bot.core.margin.bounds import Band
from bot.core.margin.pool import Holding, Pool
from bot.core.types import (
    ZERO,
    AccountName,
    ClientId,
    MarginMode,
    Order,
    Position,
    PositionId,
    PositionMode,
    Symbol,
)
from bot.venues.paper.collateral import CollateralMarket, CollateralTerms
from bot.venues.paper.model import MarketModel, PaperAccount, PaperError, Wires
from bot.venues.paper.outage import Outage, Outages

MONEY_STEP = Decimal("0.00000001")
"""Venues book money in eight decimals."""
ENTRY_STEPS_PER_TICK = Decimal("0.0001")
"""Average entries are kept to a ten-thousandth of a tick; the rest is realised profit."""

NEVER_LOW = Decimal("-Infinity")
NEVER_HIGH = Decimal("Infinity")

PoolKey = AccountName | PositionId
"""A cross pool is named by its account, an isolated one by its position."""


def money_up(amount: Decimal) -> Decimal:
    """Rounded up to what venues can book: for what an account owes."""
    return amount.quantize(MONEY_STEP, ROUND_CEILING)


def money_down(amount: Decimal) -> Decimal:
    """Rounded down to what venues can book: for what an account gets."""
    return amount.quantize(MONEY_STEP, ROUND_FLOOR)


def money_near(amount: Decimal) -> Decimal:
    """Rounded to what venues can book, for what may go either way."""
    return amount.quantize(MONEY_STEP, ROUND_HALF_EVEN)


@dataclass(slots=True)
class Quote:
    """The present prices of one symbol and the wires around them. Mutable: it is written at every move."""

    mark: Decimal = NEVER_LOW
    last: Decimal = NEVER_LOW
    mark_low: Decimal = NEVER_HIGH
    mark_high: Decimal = NEVER_LOW
    last_low: Decimal = NEVER_HIGH
    last_high: Decimal = NEVER_LOW

    @property
    def known(self) -> bool:
        """Whether a price has come in yet."""
        return self.mark is not NEVER_LOW


@dataclass(slots=True)
class Totals:
    """What became of one position id over all its lots. ``funding`` is received, negative is paid."""

    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    liquidations: int = 0


@dataclass(slots=True)
class Market:
    """The other side of every trade in one symbol: the cash it got, and what it holds for it."""

    cash: Decimal = ZERO
    inventory: Decimal = ZERO

    def trade(self, quantity: Decimal, price: Decimal, *, buy: bool) -> None:
        """Book the market's side of one of our trades; ``buy`` is ours."""
        self.cash += quantity * price if buy else -quantity * price
        self.inventory -= quantity if buy else -quantity


@dataclass(slots=True)
class Account:
    """One account's wallet, positions and resting orders."""

    name: AccountName
    wallet: Decimal
    hedge: bool
    collateral: dict[str, Decimal]
    """Amounts of other assets that stand for the wallet."""
    positions: dict[PositionId, Position] = field(default_factory=dict)
    orders: dict[ClientId, Order] = field(default_factory=dict)
    totals: dict[PositionId, Totals] = field(default_factory=dict)
    settings: dict[PositionId, tuple[Decimal, MarginMode]] = field(default_factory=dict)
    """Leverage and margin mode for positions that are not open."""
    told: tuple[Decimal, Decimal] | None = None
    """Backing and free balance as they were last reported."""

    def cross(self) -> tuple[Position, ...]:
        """The open positions that share the wallet."""
        return tuple(p for p in self.positions.values() if p.mode is MarginMode.CROSS)


class Books:
    """All accounts, the pots, and the facts of the event that is being booked."""

    def __init__(
        self,
        accounts: Sequence[PaperAccount],
        contracts: Mapping[Symbol, Contract],
        model: MarketModel,
        insurance_fund: Decimal,
        collateral: Mapping[str, CollateralTerms],
        outages: Iterable[Outage],
    ) -> None:
        self.accounts = {
            a.name: Account(a.name, a.balance, a.position_mode is PositionMode.HEDGE, dict(a.collateral))
            for a in accounts
        }
        self.contracts = dict(contracts)
        self.model = model
        self.insurance_fund = insurance_fund
        """Never below zero."""
        self.collateral = CollateralMarket(collateral)
        for account in accounts:
            for asset, amount in account.collateral.items():
                if asset not in collateral or amount < 0:
                    raise PaperError(f"{account.name}: {amount} {asset} as collateral, expected terms for it")
        self.funding_caps: dict[Symbol, Decimal] = {}
        self.outages = Outages(outages, self.accounts)
        self.fees = ZERO
        self.funding = ZERO
        self.markets = {symbol: Market() for symbol in contracts}
        self.quotes = {symbol: Quote() for symbol in contracts}
        self.bands: dict[PoolKey, Mapping[Symbol, Band]] = {}
        """Bands of the pools in which nobody is liquidated."""
        self.stale_pools: dict[PoolKey, None] = {}
        self.stale_wires: dict[Symbol, None] = {}
        self.laid: dict[Symbol, Wires] = {}
        self.facts: list[Fact] = []
        """Facts of the present event that are no mere change of state."""
        self._positions: dict[PositionId, None] = {}
        self._orders: dict[PositionId, None] = {}
        self._balances: dict[AccountName, None] = {}

    # --- reading ---------------------------------------------------------------------------------

    def position(self, id_: PositionId) -> Position | None:
        """The open position of that id."""
        return self.accounts[id_.account].positions.get(id_)

    def pool(self, key: PoolKey) -> Pool | None:
        """The pool of that name with what it holds now; ``None`` if it holds nothing."""
        if isinstance(key, PositionId):
            position = self.position(key)
            if position is None or position.mode is MarginMode.CROSS:
                return None
            return Pool(
                MarginMode.ISOLATED, position.margin, (Holding(position, self.contracts[key.symbol]),)
            )
        account = self.accounts[key]
        holdings = tuple(Holding(p, self.contracts[p.id.symbol]) for p in account.cross())
        return Pool(MarginMode.CROSS, self.backing(account), holdings) if holdings else None

    def backing(self, account: Account) -> Decimal:
        """What stands behind the account's cross positions: its wallet and what its collateral counts for."""
        if not account.collateral:
            return account.wallet
        return account.wallet + self.collateral.value(account.collateral)

    def free(self, account: Account) -> Decimal:
        """What the account may spend: backing less cross losses and cross initial margin at the mark."""
        profit = margin = ZERO
        for position in account.cross():
            contract = self.contracts[position.id.symbol]
            mark = self.quotes[position.id.symbol].mark
            profit += unrealised(position, contract, mark)
            margin += initial_margin(position, contract, mark)
        return money_down(max(ZERO, self.backing(account) + min(ZERO, profit) - margin))

    # --- booking ---------------------------------------------------------------------------------

    def pay(self, account: Account, amount: Decimal) -> None:
        """Change the wallet by ``amount``; the caller books the other end."""
        account.wallet += amount
        self._balances[account.name] = None
        self.stale_pools[account.name] = None

    def revalue(self, asset: str, price: Decimal) -> None:
        """Note a new price of a collateral asset; ``KeyError`` for one without terms."""
        self.collateral.price(asset, price)
        for account in self.accounts.values():
            if account.collateral.get(asset):
                self._balances[account.name] = None
                self.stale_pools[account.name] = None

    def pay_debts(self) -> None:
        """Sell collateral of accounts that owe and have no cross position left to earn it back."""
        for account in self.accounts.values():
            if account.wallet < 0 and account.collateral and not account.cross():
                self.pay(account, self.collateral.sell(account.collateral, -account.wallet))

    def put(self, position: Position) -> None:
        """Store a new or changed position."""
        self.accounts[position.id.account].positions[position.id] = position
        self._touch(position)

    def remove(self, id_: PositionId) -> None:
        """Drop a position that is closed, and with it the orders that could only reduce it."""
        account = self.accounts[id_.account]
        gone = account.positions.pop(id_)
        account.settings[id_] = (gone.leverage, gone.mode)
        self._touch(gone)
        for order in [o for o in account.orders.values() if o.id == id_ and o.reduces]:
            self.drop(order)

    def rest(self, order: Order) -> None:
        """Store a resting order, or its new state."""
        self.accounts[order.id.account].orders[order.client_id] = order
        self._orders[order.id] = None
        self.stale_wires[order.id.symbol] = None

    def drop(self, order: Order) -> None:
        """Remove a resting order."""
        del self.accounts[order.id.account].orders[order.client_id]
        self._orders[order.id] = None
        self.stale_wires[order.id.symbol] = None

    def totals(self, id_: PositionId) -> Totals:
        """The running totals of a position id."""
        return self.accounts[id_.account].totals.setdefault(id_, Totals())

    # --- facts -----------------------------------------------------------------------------------

    def collect(self, at_ms: int) -> list[Fact]:
        """All facts of the event so far, in a fixed order, each changed thing once and as it is now."""
        facts = self.facts
        self.facts = []
        facts += [PositionChanged(at_ms=at_ms, id=i, position=self.position(i)) for i in self._positions]
        facts += [OrdersChanged(at_ms=at_ms, id=i, orders=self.orders(i)) for i in self._orders]
        for name in self._balances:
            account = self.accounts[name]
            now = (self.backing(account), self.free(account))
            if now != account.told:
                account.told = now
                facts.append(BalanceChanged(at_ms=at_ms, account=name, wallet=now[0], free=now[1]))
        self._positions.clear()
        self._orders.clear()
        self._balances.clear()
        return facts

    def orders(self, id_: PositionId) -> tuple[Order, ...]:
        """The resting orders on a position id."""
        return tuple(o for o in self.accounts[id_.account].orders.values() if o.id == id_)

    def _touch(self, position: Position) -> None:
        name = position.id.account
        self._positions[position.id] = None
        self._balances[name] = None
        self.stale_pools[position.id if position.mode is MarginMode.ISOLATED else name] = None


def marks_of(books: Books, pool: Pool) -> dict[Symbol, Decimal]:
    """The marks a pool depends on."""
    return {h.position.id.symbol: books.quotes[h.position.id.symbol].mark for h in pool.holdings}


def slippage(mark: Decimal, quantity: Decimal, price: Decimal, *, buy: bool) -> Decimal:
    """Money a fill lost against the mark; negative if it was better than the mark."""
    return money_near((price - mark) * quantity if buy else (mark - price) * quantity)
