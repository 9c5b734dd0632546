"""The books of account: who owns what, and who paid whom.

Every movement of money has two ends. What an account pays goes to the fee pot, to the funding pot, to
the insurance fund or to the market it traded with, so the sum over all of them never changes. Money of
one settlement currency never becomes money of another, so that holds for each of them. To keep it that way
to the last digit, whatever needs rounding (fees, funding, margin, average entries, the profit of inverse
contracts) is rounded *before* it is booked, and both ends book the same figure.

Changes are noted as they are made and turned into facts at the end of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from bot.core.contracts import Contract, ContractKind
from bot.core.facts import BalanceChanged, Fact, OrdersChanged, PositionChanged
from bot.core.margin.arithmetic import initial_margin, profit, unrealised
from bot.core.margin.bounds import Band
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.room import Room
from bot.core.types import (
    ZERO,
    AccountName,
    MarginMode,
    Order,
    Position,
    PositionId,
    PositionMode,
    Symbol,
)
from bot.venues.paper.collateral import CollateralMarket, CollateralTerms
from bot.venues.paper.entries import Account, Market, Pots, Quote, Totals, Wallet
from bot.venues.paper.model import MarketModel, PaperAccount, PaperError, Wires
from bot.venues.paper.outage import Outage, Outages

MONEY_STEP = Decimal("0.00000001")
"""Venues book money in eight decimals."""
ENTRY_STEPS_PER_TICK = Decimal("0.0001")
"""Average entries are kept to a ten-thousandth of a tick; the rest is realised profit."""


class CrossKey(NamedTuple):
    """The name of a cross pool: the account, and the currency its positions settle in."""

    account: AccountName
    currency: str

    def __str__(self) -> str:
        """``account/currency``."""
        return f"{self.account}/{self.currency}"


PoolKey = CrossKey | PositionId
"""An isolated pool is named by its position."""


def money_up(amount: Decimal) -> Decimal:
    """Rounded up to what venues can book: for what an account owes."""
    return amount.quantize(MONEY_STEP, ROUND_CEILING)


def money_down(amount: Decimal) -> Decimal:
    """Rounded down to what venues can book: for what an account gets."""
    return amount.quantize(MONEY_STEP, ROUND_FLOOR)


def money_near(amount: Decimal) -> Decimal:
    """Rounded to what venues can book, for what may go either way."""
    return amount.quantize(MONEY_STEP, ROUND_HALF_EVEN)


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
            a.name: Account(
                a.name,
                a.position_mode is PositionMode.HEDGE,
                _wallets(a, contracts.values()),
                a.currency,
                dict(a.collateral),
            )
            for a in accounts
        }
        self.contracts = dict(contracts)
        self.model = model
        currencies = [currency for account in self.accounts.values() for currency in account.wallets]
        settled = [contract.settlement for contract in contracts.values()]
        self.pots = {currency: Pots(insurance_fund) for currency in (*currencies, *settled)}
        """What no account has; an insurance fund is never below zero."""
        self.collateral = CollateralMarket(collateral)
        for account in accounts:
            for asset, amount in account.collateral.items():
                if asset not in collateral or amount < 0:
                    raise PaperError(f"{account.name}: {amount} {asset} as collateral, expected terms for it")
        self.funding_caps: dict[Symbol, Decimal] = {}
        self.outages = Outages(outages, self.accounts)
        self.markets = {symbol: Market() for symbol in contracts}
        self.quotes = {symbol: Quote() for symbol in contracts}
        self.bands: dict[PoolKey, Mapping[Symbol, Band]] = {}
        """Bands of the pools in which nobody is liquidated."""
        self.rooms: dict[PoolKey, Room] = {}
        """The rooms those bands are of, in cross pools."""
        self.stale_pools: dict[PoolKey, None] = {}
        self.stale_wires: dict[Symbol, None] = {}
        self.laid: dict[Symbol, Wires] = {}
        self.lays = 0
        """How often wires have been laid: while it stays the same, so do they all."""
        self._shared: dict[CrossKey, tuple[Holding, ...]] = {}
        self.facts: list[Fact] = []
        """Facts of the present event that are no mere change of state."""
        self._positions: dict[PositionId, None] = {}
        self._orders: dict[PositionId, None] = {}
        self._balances: dict[CrossKey, None] = {}

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
        shared = self.cross(key)
        return Pool(MarginMode.CROSS, self.backing(key), shared) if shared else None

    def backing(self, key: CrossKey) -> Decimal:
        """What stands behind cross positions: the wallet, and what collateral counts for in its currency."""
        amount, account = self.wallet(key).amount, self.accounts[key.account]
        if not account.collateral or key.currency != account.currency:
            return amount
        return amount + self.collateral.value(account.collateral)

    def cross(self, key: CrossKey) -> tuple[Holding, ...]:
        """The open positions that share a wallet: the same tuple while none of them changes."""
        shared = self._shared.get(key)
        if shared is None:
            positions = self.accounts[key.account].positions.values()
            held = [Holding(p, self.contracts[p.id.symbol]) for p in positions if p.mode is MarginMode.CROSS]
            shared = self._shared[key] = tuple(h for h in held if h.contract.settlement == key.currency)
        return shared

    def amend(self, contract: Contract) -> None:
        """Let a contract be what the venue changed it to."""
        self.contracts[contract.symbol] = contract
        self._shared.clear()

    def purse(self, id_: PositionId) -> CrossKey:
        """The account and currency that a position is paid from, whether it is cross or not."""
        return CrossKey(id_.account, self.contracts[id_.symbol].settlement)

    def wallet(self, key: CrossKey) -> Wallet:
        """The wallet of an account in one settlement currency."""
        return self.accounts[key.account].wallets[key.currency]

    def free(self, key: CrossKey) -> Decimal:
        """What may be spent: the backing less cross losses and cross initial margin at the mark."""
        gain = margin = ZERO
        for holding in self.cross(key):
            position, contract = holding.position, holding.contract
            mark = self.quotes[position.id.symbol].mark
            gain += unrealised(position, contract, mark)
            margin += initial_margin(position, contract, mark)
        return money_down(max(ZERO, self.backing(key) + min(ZERO, gain) - margin))

    # --- booking ---------------------------------------------------------------------------------

    def pay(self, key: CrossKey, amount: Decimal) -> None:
        """Change the wallet by ``amount``; the caller books the other end."""
        self.wallet(key).amount += amount
        self._balances[key] = None
        self.stale_pools[key] = None

    def revalue(self, asset: str, price: Decimal) -> None:
        """Note a new price of a collateral asset; ``KeyError`` for one without terms."""
        self.collateral.price(asset, price)
        for account in self.accounts.values():
            if account.collateral.get(asset):
                key = CrossKey(account.name, account.currency)
                self._balances[key] = None
                self.stale_pools[key] = None

    def pay_debts(self) -> None:
        """Sell collateral of accounts that owe and have no cross position left to earn it back."""
        for account in [each for each in self.accounts.values() if each.collateral]:
            key = CrossKey(account.name, account.currency)
            owed = -self.wallet(key).amount
            if owed > 0 and not self.cross(key):
                self.pay(key, self.collateral.sell(account.collateral, owed))

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
        account = self.accounts[order.id.account]
        del account.orders[order.client_id]
        account.trails.pop(order.client_id, None)
        account.expiries.pop(order.client_id, None)
        account.in_force.pop(order.client_id, None)
        self._orders[order.id] = None
        self.stale_wires[order.id.symbol] = None

    def totals(self, id_: PositionId) -> Totals:
        """The running totals of a position id."""
        known = self.accounts[id_.account].totals
        if id_ not in known:
            known[id_] = Totals()
        return known[id_]

    # --- facts -----------------------------------------------------------------------------------

    def collect(self, at_ms: int) -> list[Fact]:
        """All facts of the event so far, in a fixed order, each changed thing once and as it is now."""
        facts = self.facts
        self.facts = []
        facts += [PositionChanged(at_ms=at_ms, id=i, position=self.position(i)) for i in self._positions]
        facts += [OrdersChanged(at_ms=at_ms, id=i, orders=self.orders(i)) for i in self._orders]
        for key in self._balances:
            wallet = self.wallet(key)
            now = (self.backing(key), self.free(key))
            if now != wallet.told:
                wallet.told = now
                facts.append(balance_fact(at_ms, key, *now))
        self._positions.clear()
        self._orders.clear()
        self._balances.clear()
        return facts

    def orders(self, id_: PositionId) -> tuple[Order, ...]:
        """The resting orders on a position id."""
        return tuple(o for o in self.accounts[id_.account].orders.values() if o.id == id_)

    def _touch(self, position: Position) -> None:
        purse = self.purse(position.id)
        self._shared.pop(purse, None)
        self._positions[position.id] = None
        self._balances[purse] = None
        self.stale_pools[position.id if position.mode is MarginMode.ISOLATED else purse] = None


def balance_fact(at_ms: int, key: CrossKey, wallet: Decimal, free: Decimal) -> BalanceChanged:
    """What an account is told about one of its wallets."""
    return BalanceChanged(at_ms=at_ms, account=key.account, wallet=wallet, free=free, currency=key.currency)


def _wallets(account: PaperAccount, contracts: Iterable[Contract]) -> dict[str, Wallet]:
    """The wallets an account begins with: what it was given, and an empty one for whatever else settles."""
    given = account.balances
    settled = (contract.settlement for contract in contracts)
    return {currency: Wallet(given.get(currency, ZERO)) for currency in (*given, *settled)}


def marks_of(books: Books, pool: Pool) -> dict[Symbol, Decimal]:
    """The marks a pool depends on."""
    return {h.position.id.symbol: books.quotes[h.position.id.symbol].mark for h in pool.holdings}


def gain_of(position: Position, contract: Contract, quantity: Decimal, price: Decimal) -> Decimal:
    """The profit of closing ``quantity`` at ``price`` as it is booked.

    A difference of prices times a quantity has few digits and is booked as it is; a difference of quotients
    has no end, and both sides book it rounded.
    """
    gain = profit(position, contract, quantity, price)
    return gain if contract.kind is ContractKind.LINEAR else money_near(gain)


def slippage(contract: Contract, mark: Decimal, quantity: Decimal, price: Decimal, *, buy: bool) -> Decimal:
    """Money a fill lost against the mark; negative if it was better than the mark."""
    lost = contract.notional(quantity, price) - contract.notional(quantity, mark)
    # An inverse buy at a higher price is worth fewer coins: the loss is the other way round.
    return money_near(lost if buy is (contract.kind is ContractKind.LINEAR) else -lost)
