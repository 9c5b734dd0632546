"""Makes records of what the paper exchange tells: which order became what, who traded, what moved money.

The paper exchange tells the state after each event; exchanges tell the steps, and keep them for queries. The
steps follow from the facts: a fill from an outcome, an end from an order that no longer rests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from bot.core.contracts import Contract
from bot.core.facts import (
    MET,
    BalanceChanged,
    Deleveraged,
    Delivered,
    Fact,
    Fill,
    FundingPaid,
    Liquidated,
    OrdersChanged,
    Outcome,
    OutcomeKind,
    PositionChanged,
)
from bot.core.margin.arithmetic import profit
from bot.core.types import (
    ZERO,
    AccountName,
    ClientId,
    Order,
    OrderKind,
    Position,
    PositionId,
    Side,
    Symbol,
)
from bot.simulator.records import (
    AccountView,
    Change,
    Income,
    IncomeKind,
    MarginMove,
    OrderRecord,
    OrderStatus,
    Origin,
    Trade,
    Update,
)
from bot.simulator.timeline import Timeline

REMEMBERED_MAX = 2000
"""Orders, trades and movements of money kept per account."""
FIRST_ORDER_ID = 8_000_000_001
FIRST_TRADE_ID = 500_000_001
FIRST_MOVE_ID = 100_001


class Drawer:
    """What is kept of one account."""

    def __init__(self) -> None:
        self.positions: dict[PositionId, Timeline[Position | None]] = {}
        self.wallets: dict[str, Timeline[Decimal]] = {}
        self.orders: dict[int, Timeline[OrderRecord]] = {}
        self.trades: deque[Trade] = deque(maxlen=REMEMBERED_MAX)
        self.income: deque[Income] = deque(maxlen=REMEMBERED_MAX)
        self.margin_moves: deque[MarginMove] = deque(maxlen=REMEMBERED_MAX)
        self.resting: dict[PositionId, tuple[Order, ...]] = {}

    def keep(self, record: OrderRecord) -> None:
        """A new order, or what has become of one."""
        self.orders.setdefault(record.order_id, Timeline()).put(record.updated_ms, record)

    def held(self, id_: PositionId) -> Position | None:
        """The open position of that id, as it is known."""
        kept = self.positions.get(id_)
        return kept.now if kept else None

    def view(self, account: AccountName, at_ms: int, as_of_ms: int | None = None) -> AccountView:
        """All of it at ``at_ms``, as it was at ``as_of_ms`` or as it is now."""
        positions = ((id_, kept.at(as_of_ms)) for id_, kept in self.positions.items())
        found = ((id_, kept.at(as_of_ms)) for id_, kept in self.orders.items())
        orders = {id_: order for id_, order in found if order is not None}
        return AccountView(
            account=account,
            at_ms=at_ms,
            positions={id_: position for id_, position in positions if position is not None},
            wallets={currency: kept.at(as_of_ms) or ZERO for currency, kept in self.wallets.items()},
            orders=orders,
            open_orders=tuple([order for order in orders.values() if order.status.open]),
            trades=tuple(t for t in self.trades if as_of_ms is None or t.at_ms <= as_of_ms),
            income=tuple(i for i in self.income if as_of_ms is None or i.at_ms <= as_of_ms),
            margin_moves=tuple(m for m in self.margin_moves if as_of_ms is None or m.at_ms <= as_of_ms),
        )

    def forget(self) -> None:
        """Drop the oldest orders that are over."""
        if len(self.orders) <= REMEMBERED_MAX:
            return
        for order_id, kept in list(self.orders.items())[: len(self.orders) // 2]:
            if kept.now is None or not kept.now.status.open:
                del self.orders[order_id]


class Archive:
    """The records of all accounts. It is told what happens and never decides anything."""

    def __init__(self, accounts: Iterable[AccountName], contracts: Mapping[Symbol, Contract]) -> None:
        self._drawers = {account: Drawer() for account in accounts}
        self._contracts = contracts
        self._order_ids = count(FIRST_ORDER_ID + 1)
        self._trade_ids = count(FIRST_TRADE_ID + 1)
        self._move_ids = count(FIRST_MOVE_ID + 1)
        self._paper: dict[ClientId, tuple[AccountName, int]] = {}
        """Which record an order of the paper exchange is, by its name there."""
        self._views: dict[AccountName, AccountView] = {}
        """Each account as it is since the last change: prices and queries look at it far more often."""

    def begin(self, record: OrderRecord, at_ms: int) -> tuple[OrderRecord, ClientId]:
        """A record for an order that is about to be placed, and its name on the paper exchange."""
        self._views.clear()
        record = replace(record, order_id=next(self._order_ids), created_ms=at_ms, updated_ms=at_ms)
        name = ClientId(str(record.order_id))
        self._paper[name] = (record.id.account, record.order_id)
        self._drawers[record.id.account].keep(record)
        return record, name

    def amend(
        self, record: OrderRecord, name: ClientId, quantity: Decimal, limit: Decimal, at_ms: int
    ) -> OrderRecord:
        """An open order is another one by now, ``name`` on the paper exchange, and the same in every list."""
        self._views.clear()
        before = self.paper_name(record.order_id)
        if before is not None:
            del self._paper[before]
        record = replace(
            record, quantity=quantity, limit=limit, amendments=record.amendments + 1, updated_ms=at_ms
        )
        self._paper[name] = (record.id.account, record.order_id)
        self._drawers[record.id.account].keep(record)
        return record

    def withdraw(self, record: OrderRecord) -> None:
        """Forget an order that the exchange refused: it never was."""
        self._views.clear()
        del self._drawers[record.id.account].orders[record.order_id]
        self._paper = {k: v for k, v in self._paper.items() if v[1] != record.order_id}

    def paper_name(self, order_id: int) -> ClientId | None:
        """What the paper exchange calls a resting order."""
        return next((name for name, (_, known) in self._paper.items() if known == order_id), None)

    def order(self, account: AccountName, order_id: int) -> OrderRecord | None:
        """An order as it is now."""
        kept = self._drawers[account].orders.get(order_id)
        return kept.now if kept else None

    def view(self, account: AccountName, at_ms: int, as_of_ms: int | None = None) -> AccountView:
        """The account now, or as it was at ``as_of_ms``."""
        drawer = self._drawers[account]
        if as_of_ms is not None:
            return drawer.view(account, as_of_ms, as_of_ms)
        known = self._views.get(account)
        if known is None or known.at_ms != at_ms:
            known = drawer.view(account, at_ms) if known is None else known.at(at_ms)
            self._views[account] = known
        return known

    def note_margin(self, at_ms: int, id_: PositionId, amount: Decimal) -> MarginMove:
        """Isolated margin was moved."""
        self._views.clear()
        move = MarginMove(
            move_id=next(self._move_ids), id=id_, at_ms=at_ms, amount=amount, currency=self._currency(id_)
        )
        self._drawers[id_.account].margin_moves.append(move)
        return move

    def absorb(self, at_ms: int, facts: Iterable[Fact], cancelled: ClientId | None = None) -> list[Update]:
        """The steps of orders in one batch; positions, wallets and income are kept on the way.

        ``cancelled`` is what the holder cancelled: any other order that no longer rests, the exchange ended.
        """
        self._views.clear()
        updates: list[Update] = []
        touched: dict[tuple[AccountName, int], None] = {}
        for fact in facts:
            match fact:
                case Outcome(kind=OutcomeKind.VERIFIED) if fact.client_id in self._paper:
                    key = self._paper[fact.client_id]
                    touched[key] = None
                    if fact.client_id != cancelled:  # That it is carried out is told by its end.
                        updates += self._filled(at_ms, key, fact)
                case Liquidated() | Deleveraged() | Delivered():
                    updates += self._taken(at_ms, fact)
                case FundingPaid(id=id_, amount=amount):
                    self._earn(at_ms, id_, IncomeKind.FUNDING, amount)
                case PositionChanged(id=id_, position=position):
                    kept = self._drawers[id_.account].positions.setdefault(id_, Timeline())
                    kept.put(at_ms, position)
                case BalanceChanged(account=account, currency=currency, wallet=wallet):
                    self._drawers[account].wallets.setdefault(currency, Timeline()).put(at_ms, wallet)
                case OrdersChanged(id=id_, orders=orders):
                    self._drawers[id_.account].resting[id_] = orders
                    touched |= self._open_on(id_)
                    updates += self._met_without_trade(at_ms, orders)
                case _:
                    pass
        for key in touched:
            updates += self._ended(at_ms, key, cancelled)
        return updates

    # --- steps -----------------------------------------------------------------------------------

    def _filled(self, at_ms: int, key: tuple[AccountName, int], outcome: Outcome) -> list[Update]:
        record = self._get(key)
        if outcome.proof != MET:
            change = Change.AMENDED if record.amendments else Change.NEW
            updates = [Update(change=change, order=record)]
        elif record.conditional:
            updates, record = self._trigger(at_ms, record)
        else:
            updates = []
        maker = outcome.proof == MET and record.origin is Origin.CLIENT and not record.conditional
        for fill in outcome.fills:
            record, trade = self._trade(at_ms, record, fill, maker=maker)
            updates.append(Update(change=Change.TRADE, order=record, trade=trade))
        return updates

    def _trigger(self, at_ms: int, record: OrderRecord) -> tuple[list[Update], OrderRecord]:
        """A conditional order is met: it lives on as a child with an id of its own."""
        name = self.paper_name(record.order_id)
        kind = OrderKind.LIMIT if record.kind.is_limited else OrderKind.MARKET
        held = self._drawers[record.id.account].held(record.id)
        quantity = held.quantity if record.closes_position and held is not None else record.quantity
        child = replace(
            record,
            order_id=next(self._order_ids),
            kind=kind,
            quantity=quantity,
            trigger=None,
            origin=Origin.TRIGGERED,
            parent=record.order_id,
            created_ms=at_ms,
            updated_ms=at_ms,
        )
        record = replace(record, status=OrderStatus.TRIGGERED, child=child.order_id, updated_ms=at_ms)
        if name is not None:
            self._paper[name] = (record.id.account, child.order_id)
        self._drawers[child.id.account].keep(record)
        self._drawers[child.id.account].keep(child)
        updates = [Update(change=Change.TRIGGERED, order=record), Update(change=Change.NEW, order=child)]
        return updates, child

    def _met_without_trade(self, at_ms: int, orders: Iterable[Order]) -> list[Update]:
        """A stop-limit order that was met where nobody traded at its limit rests as a plain one."""
        updates: list[Update] = []
        for order in orders:
            key = self._paper.get(order.client_id)
            if key is None or order.kind.is_conditional:
                continue
            record = self._get(key)
            if record.conditional and record.status.open:
                updates += self._trigger(at_ms, record)[0]
        return updates

    def _ended(
        self, at_ms: int, key: tuple[AccountName, int], cancelled: ClientId | None
    ) -> Iterable[Update]:
        record = self._get(key)
        if record.status is OrderStatus.TRIGGERED and record.child is not None:
            key = (key[0], record.child)
            record = self._get(key)
        name = self.paper_name(record.order_id)
        rests = any(order.client_id == name for order in self._drawers[key[0]].resting.get(record.id, ()))
        if record.status.open and not rests:
            by_hand = cancelled is not None and name == cancelled
            status = OrderStatus.CANCELLED if by_hand else OrderStatus.EXPIRED
            record = replace(record, status=status, updated_ms=at_ms)
            self._drawers[record.id.account].keep(record)
            yield Update(change=Change.CANCELLED if by_hand else Change.EXPIRED, order=record)
        if not record.status.open and name is not None:
            self._paper.pop(name, None)
            if record.parent is not None:
                parent = self.order(key[0], record.parent)
                assert parent is not None, f"order {record.order_id} without its conditional order"
                yield Update(change=Change.FINISHED, order=parent)
        self._drawers[key[0]].forget()

    def _taken(self, at_ms: int, fact: Liquidated | Deleveraged | Delivered) -> list[Update]:
        """The exchange closed a position or a part of it by an order of its own."""
        held = self._drawers[fact.id.account].held(fact.id)
        if held is None:
            return []
        origin, fee = Origin.DELIVERY, ZERO
        quantity = held.quantity
        if isinstance(fact, Liquidated):
            origin, fee, quantity = Origin.LIQUIDATION, fact.fee, fact.quantity
        elif isinstance(fact, Deleveraged):
            origin, quantity = Origin.DELEVERAGING, fact.quantity
        record = OrderRecord(
            order_id=next(self._order_ids),
            client_id="",
            id=fact.id,
            kind=OrderKind.IOC if origin is Origin.LIQUIDATION else OrderKind.MARKET,
            buy=fact.id.side is Side.SHORT,
            reduces=True,
            quantity=quantity,
            limit=fact.price if origin is Origin.LIQUIDATION else None,
            origin=origin,
            created_ms=at_ms,
            updated_ms=at_ms,
        )
        self._drawers[fact.id.account].keep(record)
        pnl = profit(held, self._contracts[fact.id.symbol], quantity, fact.price)
        fill = Fill(quantity=quantity, price=fact.price, fee=fee, pnl=pnl, slippage=ZERO)
        done, trade = self._trade(at_ms, record, fill, maker=False)
        return [
            Update(change=Change.NEW, order=record),
            Update(change=Change.TRADE, order=done, trade=trade),
        ]

    def _trade(
        self, at_ms: int, record: OrderRecord, fill: Fill, *, maker: bool
    ) -> tuple[OrderRecord, Trade]:
        trade = Trade(
            trade_id=next(self._trade_ids),
            order_id=record.order_id,
            id=record.id,
            at_ms=at_ms,
            buy=record.buy,
            quantity=fill.quantity,
            price=fill.price,
            fee=fill.fee,
            pnl=fill.pnl,
            maker=maker,
            currency=self._currency(record.id),
        )
        filled = record.filled + fill.quantity
        full = filled >= record.quantity
        record = replace(
            record,
            filled=filled,
            value=record.value + fill.quantity * fill.price,
            status=OrderStatus.FILLED if full else OrderStatus.PARTIALLY_FILLED,
            updated_ms=at_ms,
        )
        self._drawers[record.id.account].keep(record)
        self._drawers[record.id.account].trades.append(trade)
        fee_kind = IncomeKind.LIQUIDATION_FEE if record.origin is Origin.LIQUIDATION else IncomeKind.FEE
        self._earn(at_ms, record.id, IncomeKind.REALISED, fill.pnl, trade.trade_id)
        self._earn(at_ms, record.id, fee_kind, -fill.fee, trade.trade_id)
        return record, trade

    def _earn(
        self, at_ms: int, id_: PositionId, kind: IncomeKind, amount: Decimal, trade_id: int | None = None
    ) -> None:
        if not amount:
            return
        earned: dict[str, Any] = {"id": id_, "trade_id": trade_id, "currency": self._currency(id_)}
        income = Income(
            income_id=next(self._move_ids),
            kind=kind,
            account=id_.account,
            at_ms=at_ms,
            amount=amount,
            **earned,
        )
        self._drawers[id_.account].income.append(income)

    # --- drawers ---------------------------------------------------------------------------------

    def _open_on(self, id_: PositionId) -> dict[tuple[AccountName, int], None]:
        return {
            key: None for key in self._paper.values() if key[0] == id_.account and self._get(key).id == id_
        }

    def _get(self, key: tuple[AccountName, int]) -> OrderRecord:
        record = self.order(*key)
        assert record is not None, f"{key[0]}: no order {key[1]}"
        return record

    def _currency(self, id_: PositionId) -> str:
        return self._contracts[id_.symbol].settlement
