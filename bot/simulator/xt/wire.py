"""The door to XT: keys, signatures, windows of time and of requests, and who answers which path.

A signature is over key, time stamp, path, and query or body. Requests are refused more than five seconds
after their time stamp, and beyond a thousand a minute from one address for ten minutes (public parameters
page). That the gateway's codes are those for keys and time also here is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.core.types import PositionMode
from bot.simulator.keys import ApiKey
from bot.simulator.pace import Allowance, Pace
from bot.simulator.records import AccountView
from bot.simulator.spelling import Json, hex_signature, same
from bot.simulator.wire import Answer, Call, SocketWire
from bot.simulator.world import World
from bot.simulator.xt.account import AccountDesk
from bot.simulator.xt.lists import ListDesk
from bot.simulator.xt.market import PublicDesk
from bot.simulator.xt.names import Names
from bot.simulator.xt.replies import XtError, failed, fine, fine_spot
from bot.simulator.xt.streams import Streams
from bot.simulator.xt.trading import TradingDesk

HOSTS = frozenset(
    {"fapi.xt.com", "dapi.xt.com", "sapi.xt.com", "api.xt.com", "fstream.xt.com", "stream.xt.com"}
)
COIN_HOST = "dapi.xt.com"
WINDOW_MS = 5000
PER_ADDRESS = Allowance(1000, 60_000)
LOCKED_MS = 600_000
MARKET, USER, TRADE = "/future/market/v1/public/", "/future/user/v1/", "/future/trade/v1/"

Public = Callable[[Mapping[str, str]], Json]
Reads = Callable[[ApiKey, Mapping[str, Any], AccountView], Json]
Writes = Callable[[ApiKey, Mapping[str, Any]], Json]


class XtWire(SocketWire):
    """XT over a world whose contracts follow its margin rules. All accounts hold long and short apart."""

    name = "xt"
    hosts = HOSTS

    def __init__(self, world: World) -> None:
        for account in world.accounts:
            one_way = world.exchange.desk.position_mode(account) is not PositionMode.HEDGE
            if one_way and world.set_position_mode(account, PositionMode.HEDGE) is not None:
                raise ValueError(f"XT keeps both sides apart; {account} has positions and does not")
        names = Names(world.contracts.values())
        public, accounts = PublicDesk(world, names), AccountDesk(world, names)
        trading, lists = TradingDesk(world, names, accounts), ListDesk(world, names)
        self._world = world
        self._pace = Pace()
        self._locked: dict[str, int] = {}
        streams = Streams(world, names, accounts)
        super().__init__(streams)
        self._listen_keys = streams.keys
        self._public: Mapping[str, Public] = {
            f"{MARKET}symbol/list": public.contracts,
            f"{MARKET}symbol/detail": public.contract,
            f"{MARKET}leverage/bracket/list": public.brackets,
            f"{MARKET}leverage/bracket/detail": public.bracket,
            f"{MARKET}q/mark-price": public.marks,
            f"{MARKET}q/symbol-mark-price": public.mark,
            f"{MARKET}q/index-price": public.indexes,
            f"{MARKET}q/funding-rate": public.funding,
            f"{MARKET}q/agg-ticker": public.ticker,
            f"{MARKET}q/agg-tickers": public.tickers,
            f"{MARKET}q/ticker": public.ticker,
            f"{MARKET}q/tickers": public.tickers,
            f"{MARKET}q/kline": public.klines,
            f"{MARKET}q/depth": public.depth,
            f"{MARKET}contract/open-interest": public.open_interest,
        }
        self._reads: Mapping[str, Reads] = {
            f"{USER}position/list": accounts.positions,
            f"{USER}position/break-list": accounts.breaks,
            f"{USER}balance/list": accounts.balances,
            f"{USER}balance/detail": accounts.balance,
            f"{USER}account/info": accounts.info,
            f"{USER}user/listen-key": self._listen_key,
            f"{USER}balance/funding-rate-list": lists.payments,
            f"{TRADE}order/detail": lists.order,
            f"{TRADE}order/list": lists.orders,
            f"{TRADE}order/list-history": lists.history,
            f"{TRADE}order/trade-list": lists.trades,
            f"{TRADE}entrust/plan-detail": lists.plan,
            f"{TRADE}entrust/plan-list": lists.plans,
            f"{TRADE}entrust/plan-list-history": lists.plan_history,
            f"{TRADE}entrust/profit-list": lists.by_hand,
            f"{TRADE}entrust/track-list": lists.by_hand,
        }
        self._writes: Mapping[str, Writes] = {
            f"{USER}position/margin": accounts.move_margin,
            f"{USER}position/adjust-leverage": accounts.set_leverage,
            f"{USER}position/change-type": accounts.set_margin_mode,
            f"{TRADE}order/create": trading.create,
            f"{TRADE}order/cancel": trading.cancel,
            f"{TRADE}order/cancel-all": trading.cancel_all,
            f"{TRADE}entrust/create-plan": trading.create_plan,
            f"{TRADE}entrust/cancel-plan": trading.cancel_plan,
            f"{TRADE}entrust/cancel-all-plan": trading.cancel_all_plans,
        }

    def answer(self, call: Call) -> Answer:
        """Carry a request out."""
        try:
            self._throttle(call)
            spot = self._spot(call)
            return fine(self._result(call)) if spot is None else fine_spot(spot)
        except XtError as error:
            return failed(error)
        except ValueError as error:
            return failed(XtError("invalid_params", f"invalid params: {error}"))

    def _spot(self, call: Call) -> Json:
        """The clock, which only the spot interface has, what is held there, and that nothing is traded."""
        match call.path:
            case "/v4/balances":
                return self._spot_balances(self._authenticated(call, call.query))
            case "/v4/public/time":
                return {"serverTime": self._world.clock.now_ms()}
            case "/v4/public/symbol":
                return {"time": self._world.clock.now_ms(), "version": "simulated", "symbols": []}
            case "/v4/public/currencies" | "/v4/public/wallet/support/currency":
                return []
        return None

    def _spot_balances(self, key: ApiKey) -> Json:
        """Coins held outright, by names in small letters (spot, "Get a user's asset list")."""
        coins = self._world.exchange.spot(key.account)
        rows = [
            {
                "currency": asset.lower(),
                "availableAmount": str(held),
                "frozenAmount": "0",
                "totalAmount": str(held),
            }
            for asset, held in coins.items()
        ]
        return {"totalUsdtAmount": "0", "totalBtcAmount": "0", "assets": rows}

    def _result(self, call: Call) -> Json:
        if call.host.partition(":")[0] == COIN_HOST:
            if call.path == f"{MARKET}symbol/list":
                return []
            raise XtError("invalid_symbol")
        if call.method == "GET" and call.path in self._public:
            return self._public[call.path](call.params)
        if call.method == "GET" and call.path in self._reads:
            key = self._authenticated(call, call.query)
            lag_ms = self._world.faults.lag_ms(call.target, key.key)
            return self._reads[call.path](key, call.params, self._world.view(key.account, lag_ms))
        if call.method == "POST" and call.path in self._writes:
            key = self._authenticated(call, call.body)
            if not key.trade:
                raise XtError("AUTH_106")
            if not isinstance(call.data, dict):
                raise XtError("invalid_params")
            return self._writes[call.path](key, call.data)
        raise XtError("404", "interface does not exist", status=404)

    def _authenticated(self, call: Call, signed: str) -> ApiKey:
        """Headers, then key, then time, then signature; that order is assumed."""
        stamp, signature = (call.headers.get(f"xt-validate-{n}", "") for n in ("timestamp", "signature"))
        for value, code in ((self.api_key(call), "001"), (stamp, "002"), (signature, "007")):
            if not value:
                raise XtError(f"AUTH_{code}")
        key = self._world.keys.find(self.api_key(call))
        if key is None:
            raise XtError("AUTH_101")
        if key.revoked:
            raise XtError("AUTH_102")
        if not stamp.isdecimal() or abs(self._world.clock.now_ms() - int(stamp)) > WINDOW_MS:
            raise XtError("AUTH_105")
        text = f"xt-validate-appkey={key.key}&xt-validate-timestamp={stamp}#{call.path}"
        if call.path.startswith("/v4/"):
            names = ("algorithms", "appkey", "recvwindow", "timestamp")
            told = [f"xt-validate-{name}={call.headers.get(f'xt-validate-{name}', '')}" for name in names]
            text = f"{'&'.join(told)}#{call.method}#{call.path}"
        if not same(hex_signature(key.secret, f"{text}#{signed}" if signed else text), signature):
            raise XtError("403")
        return key

    def _listen_key(self, key: ApiKey, _: Mapping[str, Any], __: AccountView) -> Json:
        return self._listen_keys.issue(key)

    def _throttle(self, call: Call) -> None:
        now_ms = self._world.clock.now_ms()
        if now_ms < self._locked.get(call.peer, 0):
            raise XtError("429", status=429)
        if not self._pace.spend(("address", call.peer), PER_ADDRESS, now_ms).passes:
            self._locked[call.peer] = now_ms + LOCKED_MS
            raise XtError("429", status=429)

    def api_key(self, call: Call) -> str:
        """The key a request names."""
        return call.headers.get("xt-validate-appkey", "")
