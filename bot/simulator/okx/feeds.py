"""What goes down OKX's connections unasked: prices, and what happened to an account.

Positions and balances are told whole at first, by what changed after that, and whole again about every five
seconds unless the subscription asks for another interval (positions and account channel pages). That an
account without positions is told so with an empty list is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.contracts import Contract
from bot.core.facts import BalanceChanged, PositionChanged
from bot.core.types import AccountName, Position, PositionId, Symbol
from bot.simulator.okx import rows
from bot.simulator.okx.account import UID, AccountDesk
from bot.simulator.okx.market import BARS, bar_row, book_row, funding_row, mark_row, ticker_row
from bot.simulator.okx.names import Names, family_of, type_of
from bot.simulator.records import AccountView, Change, OrderRecord, Update
from bot.simulator.spelling import Json, shown
from bot.simulator.wire import spelt
from bot.simulator.world import Event, World

PUBLIC, PRIVATE, BUSINESS = "/ws/v5/public", "/ws/v5/private", "/ws/v5/business"
BEST_FIVE = "books5"
MARKET_CHANNELS = {PUBLIC: frozenset({"mark-price", "tickers", "funding-rate", BEST_FIVE})}
ACCOUNT_CHANNELS = {
    PRIVATE: frozenset({"positions", "account", "orders"}),
    BUSINESS: frozenset({"orders-algo"}),
}
OF_ACCOUNTS = frozenset().union(*ACCOUNT_CHANNELS.values())
WHOLE = ("positions", "account")
"""Channels told whole at first and again and again."""
INTERVAL_S = 5
FUNDING_S = 60
"""The funding rate is told every 30 to 90 seconds (its channel's page)."""
Arg = Mapping[str, Any]


@dataclass(slots=True)
class Session:
    """What a connection has done so far. ``bars`` are the last bars told, by topic."""

    number: int
    account: AccountName | None = None
    seconds: int = 0
    bars: dict[str, int] = field(default_factory=dict)

    @property
    def conn_id(self) -> str:
        """The exchange's name of the connection."""
        return f"{0xA4D30000 + self.number:x}"


def topic_of(arg: Arg) -> str:
    """A subscription in one line."""
    named = [str(arg[name]) for name in ("instType", "instFamily", "instId", "ccy") if arg.get(name)]
    return " ".join([str(arg.get("channel")), *named])


def message_of(arg: Arg, data: list[Json], **more: Any) -> str:  # noqa: ANN401 - whatever JSON spells
    """A push."""
    told = {name: value for name, value in arg.items() if name != "extraParams"}
    return spelt({"arg": told, **more, "data": data})


class MarketFeed:
    """Mark prices, tickers, funding rates, the best five levels and bars."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def symbol(self, path: str, arg: Arg) -> Symbol | None:
        """The symbol of a public subscription, if there is such a channel at that address."""
        channel = str(arg.get("channel"))
        if channel not in MARKET_CHANNELS.get(path, ()) and (path != BUSINESS or _bar(channel) is None):
            return None
        contract = self._names.find(str(arg.get("instId")))
        if contract is None or (channel == "funding-rate" and contract.expiry_ms is not None):
            return None
        return contract.symbol

    def first(self, session: Session, symbol: Symbol, arg: Arg) -> list[Json]:
        """What is told on subscribing."""
        length = _bar(str(arg["channel"]))
        if length is not None:
            session.bars[topic_of(arg)] = self._world.market.bars(symbol, length)[-1].open_ms
        return self.rows(session, symbol, arg)

    def rows(self, session: Session, symbol: Symbol, arg: Arg) -> list[Json]:
        """What is told now."""
        ticker = self._world.market[symbol]
        if not ticker.known:
            return []
        match arg["channel"]:
            case "mark-price":
                return [mark_row(self._world, self._names, ticker)]
            case "tickers":
                return [ticker_row(self._world, self._names, ticker)]
            case "funding-rate":
                return [funding_row(self._world, self._names, ticker)]
            case "books5":
                named = {"instId": self._names[symbol], "seqId": ticker.trades}
                return [book_row(self._world, ticker.contract, 5) | named]
            case channel:
                return self._bars(session, ticker.contract, arg, _bar(str(channel)) or 1)

    def _bars(self, session: Session, contract: Contract, arg: Arg, length: int) -> list[Json]:
        """The open bar, and before it, once, the one that just closed."""
        topic, now_ms = topic_of(arg), self._world.clock.now_ms()
        bars = self._world.market.bars(contract.symbol, length)[-2:]
        told = [bar for bar in bars if bar.open_ms >= session.bars.get(topic, bars[-1].open_ms)]
        session.bars[topic] = bars[-1].open_ms
        return [bar_row(contract, bar, over=bar.open_ms + length <= now_ms) for bar in told]


class AccountFeed:
    """Positions, balances, orders and algo orders of an account's subscriptions."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts
        self._last: dict[PositionId, Position] = {}

    def whole(self, account: AccountName, arg: Arg) -> str:
        """The push of everything."""
        view = self._world.view(account)
        if arg["channel"] == "account":
            data = [self._accounts.balance_row(view, str(arg.get("ccy") or ""))]
        else:
            data = [self._position(view, id_) for id_ in view.positions if self._fits(id_, arg)]
        more = {"eventType": "snapshot", "curPage": 1, "lastPage": True}
        return message_of({**arg, "uid": UID}, data, **more)

    def changed(self, event: Event, account: AccountName, args: Iterable[Arg]) -> list[tuple[str, str]]:
        """The pushes, with their topics, that tell subscriptions what an event did to an account."""
        updates = [update for update in event.updates if update.order.id.account == account]
        view = self._world.view(account)
        moved = any(isinstance(fact, BalanceChanged) and fact.account == account for fact in event.facts)
        touched = self._touched(event, updates, view, account)
        told: list[tuple[str, str]] = []
        for arg in args:
            if arg["channel"] not in OF_ACCOUNTS:  # Bars share a connection with conditional orders.
                continue
            named, topic = {**arg, "uid": UID}, topic_of(arg)
            match arg["channel"]:
                case "positions":
                    data = [self._position(view, id_) for id_ in touched if self._fits(id_, arg)]
                    told += [(message_of(named, data, eventType="event_update"), topic)] * bool(data)
                case "account":
                    data = [self._accounts.balance_row(view, str(arg.get("ccy") or ""))] * moved
                    told += [(message_of(named, data, eventType="event_update"), topic)] * bool(data)
                case _:
                    mine = [u for u in updates if self._fits(u.order.id, arg) and _belongs(u, arg)]
                    told += [(message_of(named, [self._order(view, update)]), topic) for update in mine]
        self._last.update(view.positions)
        return told

    def _touched(
        self, event: Event, updates: Iterable[Update], view: AccountView, account: AccountName
    ) -> list[PositionId]:
        """Positions that changed, and those of symbols where an order was placed or cancelled."""
        ids = [f.id for f in event.facts if isinstance(f, PositionChanged) and f.id.account == account]
        ids += [update.order.id for update in updates if update.order.id in view.positions]
        return list(dict.fromkeys(ids))

    def _position(self, view: AccountView, id_: PositionId) -> Json:
        if id_ in view.positions:
            return self._accounts.position_row(view, id_) | {"pTime": str(self._world.clock.now_ms())}
        last = self._last.get(id_)
        number = self._accounts.number(id_, last.mode) if last else 0
        return rows.closed_row(self._world, self._names, id_, last, number, view.at_ms)

    def _fits(self, id_: PositionId, arg: Arg) -> bool:
        contract = self._world.contracts[id_.symbol]
        return (
            arg.get("instType", "ANY") in ("ANY", type_of(contract))
            and (arg.get("instFamily") or family_of(contract)) == family_of(contract)
            and (arg.get("instId") or self._names[id_.symbol]) == self._names[id_.symbol]
        )

    def _order(self, view: AccountView, update: Update) -> Json:
        record, trade = update.order, update.trade
        plain = {"amendResult": "", "reqId": "", "notionalUsd": shown(self._dollars(record))}
        if record.conditional:
            return rows.algo_row(self._world, self._names, view, record) | plain
        row = rows.order_row(self._world, self._names, view, record) | plain
        row |= {"code": "0", "msg": "", "amendSource": "", "execType": "", "fillFee": "0", "fillFeeCcy": ""}
        row |= {"lastPx": shown(self._world.market[record.id.symbol].last), "fillPnl": "0"}
        if trade is None:
            return row | dict.fromkeys(("fillPx", "tradeId", "fillTime"), "") | {"fillSz": "0"}
        return row | {
            "execType": "M" if trade.maker else "T",
            "fillFee": shown(-trade.fee),
            "fillFeeCcy": trade.currency,
            "fillPnl": shown(trade.pnl),
        }

    def _dollars(self, record: OrderRecord) -> Any:  # noqa: ANN401 - a number
        contract, ticker = self._world.contracts[record.id.symbol], self._world.market[record.id.symbol]
        return record.quantity * ticker.mark if contract.kind.value == "linear" else record.quantity


def _bar(channel: str) -> int | None:
    return BARS.get(channel.removeprefix("candle")) if channel.startswith("candle") else None


def _belongs(update: Update, arg: Arg) -> bool:
    if update.change is Change.FINISHED:
        return False
    return update.order.conditional is (arg["channel"] == "orders-algo")
