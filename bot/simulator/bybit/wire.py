"""The door to Bybit: keys, signatures, windows of time and of requests, and who answers which path.

A signature is over time stamp, key, window and query or body. A time stamp holds while it is no more than the
window behind the exchange's clock and less than a second ahead (integration guidance page).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.simulator.bybit.account import AccountDesk
from bot.simulator.bybit.market import PublicDesk
from bot.simulator.bybit.names import Names
from bot.simulator.bybit.replies import BybitError, bad, envelope, failed
from bot.simulator.bybit.settings import SettingsDesk
from bot.simulator.bybit.streams import Streams
from bot.simulator.bybit.trading import TradingDesk
from bot.simulator.keys import ApiKey
from bot.simulator.pace import Allowance, Pace
from bot.simulator.records import AccountView
from bot.simulator.spelling import Json, hex_signature, same
from bot.simulator.wire import Answer, Call, SocketWire
from bot.simulator.world import World

HOSTS = frozenset({"api.bybit.com", "stream.bybit.com", "api.bytick.com", "stream.bytick.com"})
AHEAD_MS = 1000
WINDOW_MS = 5000
SECOND_MS = 1000
PER_ADDRESS = Allowance(600, 5000)
"""Per address, whatever is asked; beyond it the exchange answers 403 (rate limit page)."""
ORDINARY = Allowance(50, SECOND_MS)
PER_PATH = {
    "/v5/order/create": Allowance(10, SECOND_MS),
    "/v5/order/cancel": Allowance(10, SECOND_MS),
    "/v5/order/cancel-all": Allowance(10, SECOND_MS),
    "/v5/position/set-leverage": Allowance(10, SECOND_MS),
    "/v5/position/add-margin": Allowance(10, SECOND_MS),
    "/v5/user/query-api": Allowance(10, SECOND_MS),
}
"""Per account and path, for whom no larger limit was agreed; that of ``add-margin`` is assumed."""
TOO_MUCH = {"retCode": 10018, "retMsg": "Access too frequent, IP rate limit exceeded"}

Public = Callable[[Mapping[str, str]], Json]
Reads = Callable[[ApiKey, Mapping[str, Any], AccountView], Json]
Writes = Callable[[ApiKey, Mapping[str, Any]], Json]


class BybitWire(SocketWire):
    """Bybit over a world whose contracts follow its margin rules."""

    name = "bybit"
    hosts = HOSTS

    def __init__(self, world: World) -> None:
        names = Names(world.contracts.values())
        public, accounts = PublicDesk(world, names), AccountDesk(world, names)
        trading, settings = TradingDesk(world, names, accounts), SettingsDesk(world, accounts)
        self._world = world
        self._pace = Pace()
        super().__init__(Streams(world, names, accounts))
        self._public: Mapping[str, Public] = {
            "/v5/market/time": public.time,
            "/v5/market/instruments-info": public.instruments,
            "/v5/market/tickers": public.tickers,
            "/v5/market/risk-limit": public.risk_limits,
            "/v5/market/kline": public.klines,
            "/v5/market/mark-price-kline": public.klines,
            "/v5/market/funding/history": public.funding_history,
            "/v5/market/orderbook": public.book,
        }
        self._reads: Mapping[str, Reads] = {
            "/v5/account/wallet-balance": accounts.wallet,
            "/v5/account/info": accounts.info,
            "/v5/user/query-api": accounts.key_info,
            "/v5/asset/coin/query-info": accounts.coins,
            "/v5/position/list": accounts.positions,
            "/v5/execution/list": accounts.executions,
            "/v5/order/realtime": trading.realtime,
            "/v5/order/history": trading.history,
        }
        self._writes: Mapping[str, Writes] = {
            "/v5/order/create": trading.create,
            "/v5/order/cancel": trading.cancel,
            "/v5/order/cancel-all": trading.cancel_all,
            "/v5/position/set-leverage": settings.set_leverage,
            "/v5/position/add-margin": settings.add_margin,
            "/v5/position/switch-mode": settings.switch_mode,
            "/v5/account/set-margin-mode": settings.set_margin_mode,
        }

    def answer(self, call: Call) -> Answer:
        """Carry a request out."""
        now_ms = self._world.clock.now_ms()
        headers: dict[str, str] = {}
        if not self._pace.spend(("address", call.peer), PER_ADDRESS, now_ms).passes:
            return Answer.of(TOO_MUCH, status=403)
        try:
            return Answer.of(envelope(self._result(call, headers), now_ms), headers=headers)
        except BybitError as error:
            return failed(error, now_ms, headers)
        except ValueError as error:
            return failed(bad(f"params error: {error}"), now_ms, headers)

    def _result(self, call: Call, headers: dict[str, str]) -> Json:
        if call.method == "GET" and call.path in self._public:
            return self._public[call.path](call.params)
        if call.method == "GET" and call.path in self._reads:
            key = self._authenticated(call, call.query)
            self._throttle(key, call, headers)
            lag_ms = self._world.faults.lag_ms(call.target, key.key)
            return self._reads[call.path](key, call.params, self._world.view(key.account, lag_ms))
        if call.method == "POST" and call.path in self._writes:
            key = self._authenticated(call, call.body)
            if not key.trade:
                raise BybitError(10005)
            self._throttle(key, call, headers)
            if not isinstance(call.data, dict):
                raise bad("params error: the body is no JSON object")
            return self._writes[call.path](key, call.data)
        raise BybitError(10017, status=404)

    def _authenticated(self, call: Call, signed: str) -> ApiKey:
        """Key, then time, then signature; that order is assumed."""
        stamp = call.headers.get("x-bapi-timestamp", "")
        window = call.headers.get("x-bapi-recv-window", "") or str(WINDOW_MS)
        key = self._world.keys.find(self.api_key(call))
        if key is None or key.revoked:
            raise BybitError(10003)
        now_ms = self._world.clock.now_ms()
        if not stamp.isdecimal() or not window.isdecimal():
            raise bad("params error: timestamp or recv_window invalid")
        if not now_ms - int(window) <= int(stamp) < now_ms + AHEAD_MS:
            text = "invalid request, please check your server timestamp or recv_window param. "
            text += f"req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{window}]"
            raise BybitError(10002, text)
        origin = f"{stamp}{key.key}{window}{signed}"
        if not same(hex_signature(key.secret, origin), call.headers.get("x-bapi-sign", "")):
            raise BybitError(
                10004,
                f"Error sign, please check your signature generation algorithm. origin_string[{origin}]",
            )
        return key

    def _throttle(self, key: ApiKey, call: Call, headers: dict[str, str]) -> None:
        allowance = PER_PATH.get(call.path, ORDINARY)
        spent = self._pace.spend(("account", key.account, call.path), allowance, self._world.clock.now_ms())
        headers["X-Bapi-Limit"] = str(allowance.requests)
        headers["X-Bapi-Limit-Status"] = str(spent.left)
        headers["X-Bapi-Limit-Reset-Timestamp"] = str(spent.free_ms)
        if not spent.passes:
            raise BybitError(10006)

    def api_key(self, call: Call) -> str:
        """The key a request names."""
        return call.headers.get("x-bapi-api-key", "")
