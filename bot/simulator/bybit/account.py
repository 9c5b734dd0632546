"""An account on Bybit: what it holds, how it is set up, and the settings a key may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side, Symbol
from bot.simulator.bybit import rows
from bot.simulator.bybit.funding import funding_row
from bot.simulator.bybit.names import INVERSE, LINEAR, Names
from bot.simulator.bybit.replies import BybitError, bad, page
from bot.simulator.keys import ApiKey
from bot.simulator.records import AccountView, OrderRecord, Trade
from bot.simulator.spelling import Json
from bot.simulator.standing import standing
from bot.simulator.symbols import parts_of
from bot.simulator.world import World

MODES = {
    MarginMode.ISOLATED: "ISOLATED_MARGIN",
    MarginMode.CROSS: "REGULAR_MARGIN",
}
PORTFOLIO = "PORTFOLIO_MARGIN"
Given = Mapping[str, Any]


class AccountDesk:
    """Answers what an account holds. Margin mode is one for the whole account (UTA 2.0)."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names
        self._modes: dict[AccountName, MarginMode] = {}
        self._since: dict[tuple[AccountName, Symbol], int] = {}
        """When a symbol was held first: ``createdTime`` never changes after that."""

    # --- what others here want to know -----------------------------------------------------------

    def hedge(self, account: AccountName) -> bool:
        """Whether it keeps two sides of a symbol."""
        return self._world.exchange.desk.position_mode(account) is PositionMode.HEDGE

    def margin_mode(self, account: AccountName) -> MarginMode:
        """The account's margin mode: the one that was set, else that of what it holds, else isolated."""
        if account in self._modes:
            return self._modes[account]
        held = self._world.view(account).positions.values()
        return next((position.mode for position in held), MarginMode.ISOLATED)

    def position_rows(self, view: AccountView, ids: Iterable[PositionId]) -> list[rows.Row]:
        """Rows of these positions, flat or not."""
        hedge = self.hedge(view.account)
        return [self._row(view, id_, hedge=hedge) for id_ in ids]

    def _row(self, view: AccountView, id_: PositionId, *, hedge: bool) -> rows.Row:
        now_ms = self._world.clock.now_ms()
        position = view.positions.get(id_)
        since = self._since.setdefault((id_.account, id_.symbol), position.opened_ms if position else now_ms)
        if position is None:
            leverage = self._world.exchange.desk.terms(id_)[0]
            return rows.flat_row(self._names, id_, leverage, hedge=hedge, at_ms=since)
        stands = standing(self._world, view, position)
        return rows.position_row(self._names, stands, hedge=hedge, since_ms=since, updated_ms=view.at_ms)

    # --- reading ---------------------------------------------------------------------------------

    def positions(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/position/list``: a symbol's row even when flat, else what is open; 20 a page by default."""
        category = given.get("category")
        if category not in (LINEAR, INVERSE):
            raise bad("params error: category invalid")
        if given.get("symbol"):
            symbol = self.symbol(given)
            found = self._rows_of(view, symbol)
        elif category == LINEAR and not given.get("settleCoin"):
            raise bad("Missing some parameters that must be filled in, symbol or settleCoin is required")
        else:
            wanted = set(self._names.of(str(category)))
            coin = given.get("settleCoin")
            ids = [
                id_
                for id_ in view.positions
                if id_.symbol in wanted and (not coin or parts_of(id_.symbol).settlement == coin)
            ]
            found = self.position_rows(view, ids)
        listed, cursor = page(found, given, 20, 200)
        return {"list": listed, "nextPageCursor": cursor, "category": category}

    def _rows_of(self, view: AccountView, symbol: Symbol) -> list[rows.Row]:
        ids = [PositionId(view.account, symbol, side) for side in Side]
        if self.hedge(view.account):
            return self.position_rows(view, ids)
        held = [id_ for id_ in ids if id_ in view.positions]
        return self.position_rows(view, held or ids[:1])

    def wallet(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/account/wallet-balance`` of the unified account."""
        if given.get("accountType") != "UNIFIED":
            raise BybitError(10001, "accountType only support UNIFIED.")
        coins = [coin for coin in str(given.get("coin") or "").split(",") if coin]
        return {"list": [rows.wallet_row(self._world, view, self.margin_mode(view.account), coins)]}

    def info(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/account/info``: 6 is UTA 2.0 pro (enum page, ``unifiedMarginStatus``)."""
        return {
            "marginMode": PORTFOLIO if key.portfolio_margin else MODES[self.margin_mode(view.account)],
            "updatedTime": str(view.at_ms),
            "unifiedMarginStatus": 6,
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def key_info(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/user/query-api``: without an address bound to it a key names ``*``."""
        wallet = [*(["AccountTransfer"] if key.transfer else []), *(["Withdraw"] if key.withdraw else [])]
        trade = ["Order", "Position"] if key.trade else []
        return {
            "id": "13770661",
            "note": "simulated",
            "apiKey": key.key,
            "readOnly": int(not key.trade),
            "secret": "",
            "permissions": {
                "ContractTrade": trade,
                "Spot": ["SpotTrade"] if key.trade else [],
                "Wallet": wallet,
                "Options": ["OptionsTrade"] if key.trade else [],
                "Derivatives": ["DerivativesTrade"] if key.trade else [],
                "CopyTrading": [],
                "BlockTrade": [],
                "Exchange": [],
                "NFT": [],
                "Affiliate": [],
                "Earn": [],
            },
            "ips": ["127.0.0.1"] if key.ip_restricted else ["*"],
            "type": 1,
            "deadlineDay": 66,
            "expiredAt": "2030-01-01T00:00:00Z",
            "createdAt": "2025-01-01T00:00:00Z",
            "unified": 0,
            "uta": 1,
            "userID": 24600000,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
            "kycLevel": "LEVEL_DEFAULT",
            "kycRegion": "",
        }

    def coins(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/asset/coin/query-info``: the coins that settle here, without a chain to leave by."""
        names = sorted(view.wallets)
        return {"rows": [{"name": n, "coin": n, "remainAmount": "0", "chains": []} for n in names]}

    def executions(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``/v5/execution/list``: trades newest first; 50 a page by default, at most 100."""
        by_trade = {t.trade_id: self._known_as(view, t) for t in view.trades}
        wanted = [
            rows.execution_row(self._world, self._names, by_trade[t.trade_id], t)
            for t in reversed(view.trades)
        ]
        # Newest first, the settlements of funding among them.
        paid = [funding_row(self._world, self._names, each) for each in reversed(view.income)]
        wanted = sorted([*wanted, *filter(None, paid)], key=lambda row: int(row["execTime"]), reverse=True)
        since, until = int(given.get("startTime") or 0), int(given.get("endTime") or 2**62)
        filters = {
            "symbol": given.get("symbol"),
            "orderId": given.get("orderId"),
            "orderLinkId": given.get("orderLinkId"),
            "execType": given.get("execType"),
            "category": given.get("category"),
        }
        found = [
            row
            for row in wanted
            if since <= int(row["execTime"]) <= until
            and all(row[name] == value for name, value in filters.items() if value)
        ]
        listed, cursor = page(found, given, 50, 100)
        return {"nextPageCursor": cursor, "category": given.get("category"), "list": listed}

    @staticmethod
    def _known_as(view: AccountView, trade: Trade) -> OrderRecord:
        record = view.orders[trade.order_id]
        parent = None if record.parent is None else view.orders.get(record.parent)
        return record if parent is None else rows.one_order(parent, record)

    # --- margin mode ------------------------------------------------------------------------------

    def choose_mode(self, account: AccountName, mode: MarginMode) -> None:
        """From now on all positions of the account open in this mode."""
        self._modes[account] = mode

    def prepare(self, account: AccountName, symbol: Symbol) -> None:
        """Let the next position of a symbol open in the account's margin mode."""
        mode = self.margin_mode(account)
        id_ = PositionId(account, symbol, Side.LONG)
        if self._world.exchange.desk.terms(id_)[1] is not mode:
            self._world.set_margin_mode(account, symbol, mode)

    def symbol(self, given: Given) -> Symbol:
        """The symbol a request names."""
        symbol = self._names.find(str(given.get("category")), str(given.get("symbol")))
        if symbol is None:
            raise bad("params error: symbol invalid")
        return symbol
