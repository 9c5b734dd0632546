"""What goes down XT's connections unasked: the market, and what happened to an account."""

from __future__ import annotations

from bot.core.facts import BalanceChanged, PositionChanged
from bot.core.types import AccountName, PositionId, Symbol
from bot.simulator.keys import ApiKey
from bot.simulator.records import Change, OrderRecord
from bot.simulator.spelling import Json, shown
from bot.simulator.standing import funds
from bot.simulator.world import Event, World
from bot.simulator.xt import rows
from bot.simulator.xt.account import AccountDesk
from bot.simulator.xt.market import INTERVALS, bar_row, depth_row, ticker_row
from bot.simulator.xt.names import Names
from bot.simulator.xt.replies import XtError

KEY_MS = 8 * 3_600_000
"""A listen key holds for eight hours (its page in Chinese)."""
LEVELS = (5, 10, 20, 50)


class ListenKeys:
    """Keys of private streams. A new one leaves the others valid (assumed)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._issued = 0
        self._given: dict[str, tuple[ApiKey, int]] = {}

    def issue(self, holder: ApiKey) -> str:
        """A new key."""
        now_ms = self._world.clock.now_ms()
        self._issued += 1
        key = f"3BC1D71D6CF96DA3458FC35B05B6{self._issued:04X}{now_ms}"
        self._given[key] = (holder, now_ms + KEY_MS)
        return key

    def holder(self, key: str) -> ApiKey | None:
        """Who asked for it, while it holds."""
        holder, until_ms = self._given.get(key, (None, 0))
        return holder if until_ms > self._world.clock.now_ms() else None

    def end(self, account: str) -> None:
        """No key of the account holds any more."""
        self._given = {key: given for key, given in self._given.items() if given[0].account != account}


class MarketFeed:
    """Tickers, funding, bars and books."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    def symbol(self, topic: str) -> Symbol | None:
        """The symbol of a topic, if there is such a topic."""
        name, _, rest = topic.partition("@")
        of, _, more = rest.partition(",")
        known = {
            "agg_ticker": not more,
            "ticker": not more,
            "fund_rate": not more,
            "kline": more in INTERVALS,
            "depth": more.isdecimal() and int(more) in LEVELS,
        }
        if not known.get(name):
            return None
        try:
            return self._names.find(of).symbol
        except XtError:
            return None

    def row(self, topic: str, symbol: Symbol) -> Json:
        """What a topic tells now."""
        name, _, more = topic.partition("@")[0], *topic.partition(",")[1:]
        ticker, contract = self._world.market[symbol], self._world.contracts[symbol]
        match name:
            case "fund_rate":
                return {
                    "s": self._names[symbol],
                    "r": shown(ticker.funding_rate),
                    "t": self._world.clock.now_ms(),
                }
            case "kline":
                bar = self._world.market.bars(symbol, INTERVALS[more])[-1]
                return bar_row(contract, bar) | {"i": more}
            case "depth":
                return depth_row(self._world, contract, int(more))
            case _:
                return ticker_row(self._world, ticker)


class AccountFeed:
    """Orders, trades, balances and positions. Plans are told by no topic."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    def rows(self, event: Event, name: str, account: AccountName) -> list[Json]:
        """What a topic tells of an event."""
        view = self._world.view(account)
        updates = [update for update in event.updates if update.order.id.account == account]
        match name:
            case "order":
                steps = [
                    u.order for u in updates if not u.order.conditional and u.change is not Change.FINISHED
                ]
                return [self._order(account, record) for record in steps]
            case "trade":
                return [
                    rows.pushed_trade(self._world, self._names, u.trade, u.order) for u in updates if u.trade
                ]
            case "balance":
                moved = any(isinstance(f, BalanceChanged) and f.account == account for f in event.facts)
                found = [rows.balance_row(funds(self._world, view, name)) for name in view.wallets]
                return [row | {"underlyingType": 1} for row in found] if moved else []
            case _:
                ids = [
                    f.id for f in event.facts if isinstance(f, PositionChanged) and f.id.account == account
                ]
                return [self._position(account, id_) for id_ in dict.fromkeys(ids)]

    def _order(self, account: AccountName, record: OrderRecord) -> Json:
        view = self._world.view(account)
        return rows.pushed_order(rows.order_row(self._world, self._names, view, record))

    def _position(self, account: AccountName, id_: PositionId) -> Json:
        view = self._world.view(account)
        return rows.pushed_position(self._accounts.position_row(view, id_), view.positions.get(id_))
