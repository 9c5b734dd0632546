"""What goes down Bybit's connections unasked: the market by what changed, an account by what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.facts import BalanceChanged, FundingPaid, PositionChanged
from bot.core.types import AccountName, PositionId, Symbol
from bot.simulator.bybit import rows
from bot.simulator.bybit.account import AccountDesk
from bot.simulator.bybit.funding import funding_row
from bot.simulator.bybit.market import INTERVALS, book_row, ticker_row
from bot.simulator.bybit.names import Names, category_of
from bot.simulator.line import Line
from bot.simulator.market import Bar
from bot.simulator.records import Change, OrderRecord, Update
from bot.simulator.spelling import Json, shown
from bot.simulator.wire import spelt
from bot.simulator.world import Event, World

PUBLIC = {"/v5/public/linear": "linear", "/v5/public/inverse": "inverse"}
BEST = "1"
"""The only depth of books that is simulated."""
TOLD_EACH_SECOND = ("markPrice", "indexPrice", "lastPrice", "bid1Price", "ask1Price")


@dataclass(slots=True)
class Session:
    """What a connection has done so far. ``told`` is the ticker it knows, ``bars`` the last bar per topic."""

    number: int
    account: AccountName | None = None
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    bars: dict[str, int] = field(default_factory=dict)

    @property
    def conn_id(self) -> str:
        """The exchange's name of the connection."""
        return f"simulated-{self.number:06d}"


class MarketFeed:
    """Tickers, bars and best prices. A ticker is told whole once, and by what changed after that."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def symbol(self, line: Line, topic: str) -> Symbol | None:
        """The symbol of a public topic, if there is such a topic."""
        kind, _, rest = topic.partition(".")
        if kind == "kline":
            interval, _, rest = rest.partition(".")
            if interval not in INTERVALS:
                return None
        elif kind == "orderbook":
            depth, _, rest = rest.partition(".")
            if depth != BEST:
                return None
        elif kind != "tickers":
            return None
        return self._names.find(PUBLIC[line.call.path], rest)

    def tell(self, line: Line, topic: str, *, again: bool = False) -> None:
        """Tell what is to be told of a topic; ``again``: also what has not changed."""
        symbol = self.symbol(line, topic)
        if symbol is None or not self._world.market[symbol].known:
            return
        if topic.startswith("tickers."):
            self._ticker(line, topic, symbol, again=again)
        elif topic.startswith("orderbook."):
            self._book(line, topic, symbol)
        else:
            self._kline(line, topic, symbol)

    def _ticker(self, line: Line, topic: str, symbol: Symbol, *, again: bool = False) -> None:
        row = ticker_row(self._world, self._names, self._world.market[symbol])
        known = line.session.told.get(topic)
        line.session.told[topic] = row
        if known is None:
            self._publish(line, topic, "snapshot", row | {"tickDirection": "PlusTick"})
            return
        changed = {name: value for name, value in row.items() if value != known[name]}
        if again:
            changed |= {name: row[name] for name in TOLD_EACH_SECOND}
        if changed:
            self._publish(line, topic, "delta", {"symbol": row["symbol"], **changed})

    def _book(self, line: Line, topic: str, symbol: Symbol) -> None:
        """The best prices, whole every time."""
        row = book_row(self._world, self._names, symbol, 1)
        told = {name: row[name] for name in ("s", "b", "a", "u", "seq")}
        self._publish(line, topic, "snapshot", told)

    def _kline(self, line: Line, topic: str, symbol: Symbol) -> None:
        interval = topic.split(".")[1]
        length, now_ms = INTERVALS[interval], self._world.clock.now_ms()
        bars = self._world.market.bars(symbol, length)[-2:]
        seen = line.session.bars.get(topic, bars[-1].open_ms)
        for bar in bars:
            over = bar.open_ms + length <= now_ms
            if bar.open_ms < seen or (over and line.session.bars.get(f"{topic} over") == bar.open_ms):
                continue
            if over:
                line.session.bars[f"{topic} over"] = bar.open_ms
            line.session.bars[topic] = bar.open_ms
            self._publish(line, topic, "snapshot", [_bar(bar, interval, length, now_ms, over=over)])

    def _publish(self, line: Line, topic: str, kind: str, data: Json) -> None:
        now_ms = self._world.clock.now_ms()
        told = {"topic": topic, "type": kind, "data": data, "cs": now_ms, "ts": now_ms}
        line.send(spelt(told), topic)


class AccountFeed:
    """Orders, executions, positions and wallets of one account's connections."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    def tell(self, line: Line, event: Event, account: AccountName) -> None:
        """Tell a connection of the account what an event did to it."""
        updates = [update for update in event.updates if update.order.id.account == account]
        self._tell(line, event, "order", self._orders(updates))
        self._tell(line, event, "execution", [*self._executions(updates), *self._funding(event, account)])
        self._tell(line, event, "position", self._positions(event, updates, account))
        if any(isinstance(f, BalanceChanged) and f.account == account for f in event.facts):
            self._tell(line, event, "wallet", [self._wallet(account)])

    def _tell(self, line: Line, event: Event, topic: str, data: list[Any]) -> None:
        """Send what of ``data`` the connection subscribed to: all of it, or one category."""
        for name in line.topics:
            kind, _, category = name.partition(".")
            mine = [row for row in data if not category or row.get("category") == category]
            if kind == topic and mine:
                told = {
                    "id": f"{line.session.conn_id}-{event.at_ms}",
                    "topic": name,
                    "creationTime": event.at_ms,
                    "data": mine,
                }
                line.send(spelt(told), name)

    def _orders(self, updates: Iterable[Update]) -> list[Any]:
        return [self._order_row(update.order) for update in updates if update.change is not Change.FINISHED]

    def _order_row(self, record: OrderRecord) -> Json:
        """A step of an order, under the id it was placed with."""
        row = rows.order_row(self._world, self._names, self._as_known(record))
        contract = self._world.contracts[record.id.symbol]
        return {"category": category_of(contract), **row, "feeCurrency": "", "closedPnl": "0"}

    def _as_known(self, record: OrderRecord) -> OrderRecord:
        if record.parent is None:
            return record
        parent = self._world.order(record.id.account, record.parent)
        return record if parent is None else rows.one_order(parent, record)

    def _executions(self, updates: Iterable[Update]) -> list[Any]:
        return [
            rows.execution_row(self._world, self._names, self._as_known(update.order), update.trade)
            for update in updates
            if update.trade is not None
        ]

    def _funding(self, event: Event, account: AccountName) -> list[Any]:
        """What was settled in this event."""
        now = [each for each in self._world.view(account).income if each.at_ms == event.at_ms]
        paid = [funding_row(self._world, self._names, each) for each in now]
        settled = any(isinstance(fact, FundingPaid) and fact.id.account == account for fact in event.facts)
        return [row for row in paid if row is not None] if settled else []

    def _positions(self, event: Event, updates: Iterable[Update], account: AccountName) -> list[Any]:
        """Positions that changed, and those of symbols where an order was placed or cancelled."""
        changed = [f.id for f in event.facts if isinstance(f, PositionChanged) and f.id.account == account]
        told = dict.fromkeys(changed)
        view = self._world.view(account)
        symbols = {id_.symbol for id_ in told}
        for update in updates:
            if update.order.id.symbol not in symbols and update.order.id in view.positions:
                told[update.order.id] = None
        if not self._accounts.hedge(account):
            # One-way: a symbol has one row, whichever side is held.
            told = {self._held(view.positions, id_): None for id_ in told}
        data = self._accounts.position_rows(view, told)
        return [
            {"category": category_of(self._world.contracts[id_.symbol]), **row, "entryPrice": row["avgPrice"]}
            for id_, row in zip(told, data, strict=True)
        ]

    @staticmethod
    def _held(positions: Mapping[PositionId, Any], id_: PositionId) -> PositionId:
        other = PositionId(id_.account, id_.symbol, id_.side.opposite)
        return other if id_ not in positions and other in positions else id_

    def _wallet(self, account: AccountName) -> Json:
        view = self._world.view(account)
        return rows.wallet_row(self._world, view, self._accounts.margin_mode(account))


def _bar(bar: Bar, interval: str, length: int, now_ms: int, *, over: bool) -> Mapping[str, Any]:
    return {
        "start": bar.open_ms,
        "end": bar.open_ms + length - 1,
        "interval": interval,
        "open": shown(bar.open),
        "close": shown(bar.close),
        "high": shown(bar.high),
        "low": shown(bar.low),
        "volume": shown(bar.volume),
        "turnover": shown(bar.volume * bar.close),
        "confirm": over,
        "timestamp": now_ms,
    }
