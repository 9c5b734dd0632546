"""The door to OKX: keys, signatures, windows of time and of requests, and who answers which path.

A signature is over time stamp, method, path with query, and body; a time stamp holds for thirty seconds (REST
authentication page). Rate limits are those of each endpoint's page, per user or, where public, per address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.types import AccountName
from bot.simulator.keys import ApiKey
from bot.simulator.okx.account import AccountDesk
from bot.simulator.okx.algos import AlgoDesk
from bot.simulator.okx.market import PublicDesk
from bot.simulator.okx.names import Names
from bot.simulator.okx.replies import UNAUTHORISED, OkxError, each, failed, fine
from bot.simulator.okx.settings import SettingsDesk
from bot.simulator.okx.streams import Streams
from bot.simulator.okx.trading import BATCH_MAX, TradingDesk
from bot.simulator.pace import Allowance, Pace
from bot.simulator.records import AccountView
from bot.simulator.spelling import Json, base64_signature, same
from bot.simulator.wire import Answer, Call, SocketWire
from bot.simulator.world import World

HOSTS = frozenset(
    f"{name}.okx.com" for name in ("www", "aws", "eea", "us", "ws", "wsaws", "wseea", "wsus", "app")
)
ROOT = "/api/v5/"
WINDOW_MS = 30_000
EXPIRING = frozenset({"trade/order", "trade/batch-orders"})
"""Where ``expTime`` counts; amending orders is not spoken here."""
TWO_SECONDS_MS = 2000
ORDINARY = 20
LIMITS = {
    "public/time": 10,
    "public/mark-price": 10,
    "public/position-tiers": 10,
    "market/candles": 40,
    "market/books": 40,
    "account/balance": 10,
    "account/positions": 10,
    "account/config": 5,
    "account/bills": 5,
    "account/set-position-mode": 5,
    "asset/currencies": 6,
    "trade/order": 60,
    "trade/batch-orders": 60,
    "trade/cancel-order": 60,
    "trade/cancel-batch-orders": 60,
    "trade/orders-pending": 60,
    "trade/orders-history": 40,
    "trade/orders-history-archive": 20,
    "trade/fills": 60,
    "trade/fills-history": 10,
}
"""Requests in two seconds; others ``ORDINARY``. Batches count orders; here they count requests."""

Public = Callable[[Mapping[str, str]], Json]
Reads = Callable[[ApiKey, Mapping[str, Any], AccountView], Json]
Writes = Callable[[ApiKey, Mapping[str, Any]], Json]


class OkxWire(SocketWire):
    """OKX over a world whose contracts follow its margin rules. ``levels``: any ``acctLv`` but futures."""

    name = "okx"
    hosts = HOSTS

    def __init__(self, world: World, levels: Mapping[AccountName, str] | None = None) -> None:
        names = Names(world.contracts.values())
        public, accounts = PublicDesk(world, names), AccountDesk(world, names, levels or {})
        trading, settings = TradingDesk(world, names, accounts), SettingsDesk(world, names, accounts)
        algos = AlgoDesk(world, names, accounts, trading)
        self._world = world
        self._pace = Pace()
        super().__init__(Streams(world, names, accounts))
        self._public: Mapping[str, Public] = {
            "public/time": public.time,
            "public/instruments": public.instruments,
            "public/position-tiers": public.tiers,
            "public/mark-price": public.marks,
            "public/funding-rate": public.funding,
            "public/open-interest": public.open_interest,
            "market/ticker": public.tickers,
            "market/tickers": public.tickers,
            "market/candles": public.candles,
            "market/history-candles": public.candles,
            "market/books": public.book,
        }
        self._reads: Mapping[str, Reads] = {
            "account/balance": accounts.balance,
            "account/positions": accounts.positions,
            "account/config": accounts.config,
            "account/leverage-info": accounts.leverage_info,
            "account/bills": accounts.bills,
            "asset/currencies": accounts.currencies,
            "trade/order": trading.order,
            "trade/orders-pending": trading.pending,
            "trade/orders-history": trading.history,
            "trade/orders-history-archive": trading.history,
            "trade/fills": trading.fills,
            "trade/fills-history": trading.fills,
            "trade/order-algo": algos.order,
            "trade/orders-algo-pending": algos.pending,
            "trade/orders-algo-history": algos.history,
        }
        self._writes: Mapping[str, Writes] = {
            "account/set-leverage": settings.set_leverage,
            "account/set-position-mode": settings.set_position_mode,
            "account/position/margin-balance": settings.move_margin,
        }
        self._orders: Mapping[str, Writes] = {
            "trade/order": trading.place,
            "trade/batch-orders": trading.place,
            "trade/cancel-order": trading.cancel,
            "trade/cancel-batch-orders": trading.cancel,
            "trade/order-algo": algos.place,
            "trade/cancel-algos": algos.cancel,
        }

    def answer(self, call: Call) -> Answer:
        """Carry a request out."""
        try:
            return self._answer(call, call.path.removeprefix(ROOT))
        except OkxError as error:
            return failed(error)
        except ValueError as error:
            return failed(OkxError("51000", f"Parameter error: {error}", status=400))

    def _answer(self, call: Call, path: str) -> Answer:
        if call.method == "GET" and path in self._public:
            self._throttle(call, path, call.peer)
            return fine(self._public[path](call.params))
        if call.method == "GET" and path in self._reads:
            key = self._authenticated(call)
            self._throttle(call, path, key.account)
            lag_ms = self._world.faults.lag_ms(call.target, key.key)
            return fine(self._reads[path](key, call.params, self._world.view(key.account, lag_ms)))
        if call.method == "POST" and path in (*self._writes, *self._orders):
            key = self._authenticated(call)
            if not key.trade:
                raise OkxError("50120")
            self._throttle(call, path, key.account)
            return self._written(call, path, key)
        raise OkxError("404", "Not Found", status=404)

    def _written(self, call: Call, path: str, key: ApiKey) -> Answer:
        given = call.data
        if path in self._writes:
            if not isinstance(given, dict):
                raise OkxError("50002", "JSON syntax error", status=400)
            return fine(self._writes[path](key, given))
        until = call.headers.get("exptime", "") if path in EXPIRING else ""
        if until and (not until.isdecimal() or int(until) < self._world.clock.now_ms()):
            raise OkxError("50036")
        asked = given if isinstance(given, list) else [given]
        if not asked or len(asked) > BATCH_MAX or not all(isinstance(one, dict) for one in asked):
            raise OkxError("50002", "JSON syntax error", status=400)
        return each([self._orders[path](key, one) for one in asked])

    def _authenticated(self, call: Call) -> ApiKey:
        """Time, then key, then passphrase, then signature; that order is assumed."""
        if not self.api_key(call):
            raise OkxError("50103", status=UNAUTHORISED)
        stamp = call.headers.get("ok-access-timestamp", "")
        try:
            at_ms = datetime.fromisoformat(stamp).timestamp() * 1000
        except ValueError:
            raise OkxError("50112", status=UNAUTHORISED) from None
        if abs(at_ms - self._world.clock.now_ms()) > WINDOW_MS:
            raise OkxError("50102", status=UNAUTHORISED)
        key = self._world.keys.find(self.api_key(call))
        if key is None:
            raise OkxError("50111", status=UNAUTHORISED)
        if key.revoked:
            raise OkxError("50119", status=UNAUTHORISED)
        if call.headers.get("ok-access-passphrase") != key.passphrase:
            raise OkxError("50105", status=UNAUTHORISED)
        path = f"{call.path}?{call.query}" if call.query else call.path
        signed = base64_signature(key.secret, f"{stamp}{call.method}{path}{call.body}")
        if not same(signed, call.headers.get("ok-access-sign", "")):
            raise OkxError("50113", status=UNAUTHORISED)
        return key

    def _throttle(self, call: Call, path: str, who: str) -> None:
        allowance = Allowance(LIMITS.get(path, ORDINARY), TWO_SECONDS_MS)
        counted = (call.method, path, who)
        if not self._pace.spend(counted, allowance, self._world.clock.now_ms()).passes:
            raise OkxError("50011", status=429)

    def api_key(self, call: Call) -> str:
        """The key a request names."""
        return call.headers.get("ok-access-key", "")
