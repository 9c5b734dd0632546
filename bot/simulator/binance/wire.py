"""Binance futures as a wire: which path is answered by whom, at which weight, for which key.

What an exchange of one trader cannot know is in ``unserved``, with the reason, and is answered with -4084.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qs

from bot.core.facts import FundingPaid
from bot.core.types import AccountName, Symbol
from bot.simulator.binance.account import AccountData
from bot.simulator.binance.algo import AlgoOrders
from bot.simulator.binance.amending import Amendments
from bot.simulator.binance.asking import Security, admit
from bot.simulator.binance.batches import BatchOrders
from bot.simulator.binance.countdowns import Countdowns
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.history import HistoryData
from bot.simulator.binance.listen_keys import ListenKeys
from bot.simulator.binance.office import Office, Route
from bot.simulator.binance.orders import PlainOrders
from bot.simulator.binance.private import PrivateStreams
from bot.simulator.binance.public import PublicData
from bot.simulator.binance.section import USDM, Section
from bot.simulator.binance.settings import AccountSettings
from bot.simulator.binance.socket_api import ApiSession, ApiSocket
from bot.simulator.binance.statistics import ROOT as STATISTICS
from bot.simulator.binance.statistics import Statistics
from bot.simulator.binance.streams import PublicStreams
from bot.simulator.binance.trades import PublicTrades
from bot.simulator.binance.unserved import UNSERVED, unserved_routes
from bot.simulator.binance.weights import (
    APART,
    APART_MS,
    HANDSHAKE,
    ORDERS,
    ORDERS_1M_MAX,
    ORDERS_10S_MAX,
    Meter,
    OrderMeter,
    weight_of,
)
from bot.simulator.line import Line
from bot.simulator.wire import Answer, Call
from bot.simulator.world import Event, World

VERSION = re.compile(r"^v\d+/")
RIGHTS, SPOT = "/sapi/v1/account/apiRestrictions", "/api/v3/account"
STATUS = "/sapi/v1/system/status"
"""What is asked on the spot host."""


@lru_cache(maxsize=256)
def _unversioned(path: str) -> str:
    """A path without its version, as weights are listed."""
    return VERSION.sub("", path)


class BinanceWire:
    """One section of Binance over one world."""

    def __init__(self, world: World, section: Section = USDM) -> None:
        self.name = section.name
        self.hosts = section.hosts
        self.world = world
        self._office = Office(world, section)
        self._history = HistoryData(self._office)
        self._trades = PublicTrades(self._office)
        self._streams = PublicStreams(self._office)
        self._listen_keys = ListenKeys(self._office)
        self._private = PrivateStreams(self._office, self._listen_keys)
        self._countdowns = Countdowns(self._office)
        self._api = ApiSocket(self._office, self._answer)
        self._settings = AccountSettings(self._office, self._listen_keys.tell)
        account = AccountData(self._office)
        self._elsewhere = {
            RIGHTS: Route(Security.SIGNED, self._settings.rights),
            SPOT: Route(Security.SIGNED, account.spot),
            STATUS: Route(Security.NONE, lambda _: {"status": 0, "msg": "normal"}),
        }
        plain_orders = PlainOrders(self._office)
        amendments = Amendments(self._office, plain_orders)
        self._routes: dict[tuple[str, str], Route] = {} if section.inverse else dict(unserved_routes())
        for part in (
            PublicData(self._office),
            self._history,
            Statistics(self._office),
            self._trades,
            account,
            plain_orders,
            amendments,
            BatchOrders(plain_orders, amendments),
            AlgoOrders(self._office),
            self._countdowns,
            self._settings,
            self._listen_keys,
        ):
            self._routes.update(part.routes())
        self._meters: dict[tuple[str, str], Meter] = {}
        self._order_meters: dict[AccountName, OrderMeter] = {}
        world.listen(events=self._happened, prices=self._priced)

    @property
    def served(self) -> frozenset[tuple[str, str]]:
        """The endpoints of its section that it answers, by method and path as they are asked for."""
        root = self._office.section.path
        return frozenset(
            (method, path if path.startswith("/") else f"{root}/{path}")
            for method, path in self._routes.keys() - UNSERVED.keys()
        )

    def answer(self, call: Call) -> Answer:
        """Carry a request out and answer it."""
        return self._answer(call, "")

    def _answer(self, call: Call, logged_on: str) -> Answer:
        """``logged_on`` is the key of a websocket that needs to name no other."""
        now_ms = self._office.now_ms
        meter = self._meter(call.peer)
        route, path = self._route(call)
        asked = _unversioned(path)
        wait_s = meter.use(now_ms, weight_of(call.method, asked, call.content))
        if asked in APART and not wait_s:
            group, most = APART[asked]
            apart = self._meters.setdefault((call.peer, group), Meter(most, APART_MS))
            wait_s = apart.use(now_ms, 1)
        headers = {"x-mbx-used-weight-1m": str(meter.used)}
        if wait_s:
            status = 418 if wait_s < 0 else 429
            answer = BinanceError(-1003, status=status).answer
            return Answer(
                body=answer.body, status=status, headers=headers | {"Retry-After": str(abs(wait_s))}
            )
        try:
            payload, counted = self._carried_out(call, route, path, logged_on)
            return Answer.of(payload, headers=headers | counted)
        except BinanceError as error:
            answer = error.answer
            return Answer(body=answer.body, status=answer.status, headers=headers)

    def _meter(self, peer: str) -> Meter:
        meter = self._meters.get((peer, ""))
        if meter is None:
            meter = self._meters[peer, ""] = Meter()
        return meter

    def _carried_out(
        self, call: Call, route: Route | None, path: str, logged_on: str
    ) -> tuple[object, dict[str, str]]:
        """The payload and the headers that count orders; ``BinanceError`` where it is refused."""
        if route is None:
            raise BinanceError(-5000, call.path, call.method, status=404)
        now_ms = self._office.now_ms
        ask = admit(call, route.security, self.world.keys, now_ms, logged_on)
        if ask.key is not None and ask.key.portfolio_margin and call.path != RIGHTS:
            # Its keys lose futures, and are answered like bad ones (Binance FAQ "Portfolio Margin API"; seen
            # so in JKorf/Binance.Net issue 1485).
            raise BinanceError(-2015)
        orders = ORDERS.get((call.method, _unversioned(path)), 0)
        if not orders:
            return route.handler(ask), {}
        meter = self._order_meters.setdefault(ask.account, OrderMeter())
        ten_s, minute = meter.count(now_ms, orders)
        if ten_s > ORDERS_10S_MAX:
            raise BinanceError(-1015, ORDERS_10S_MAX, "10 SECOND", status=429)
        if minute > ORDERS_1M_MAX:
            raise BinanceError(-1015, ORDERS_1M_MAX, "1 MINUTE", status=429)
        counted = {"x-mbx-order-count-10s": str(ten_s), "x-mbx-order-count-1m": str(minute)}
        return route.handler(ask), counted

    def api_key(self, call: Call) -> str:
        """The key in the request's header."""
        return call.headers.get("x-mbx-apikey", "")

    def connect(self, line: Line) -> int:
        """A websocket: ``/private/ws?listenKey=`` or ``/ws/<listenKey>`` is private, all else is public.

        Since 2026-04-23 public streams are on ``/public`` and ``/market``; here each path has them all.
        """
        call = line.call
        if call.host == self._office.section.api_host:
            self._meter(call.peer).use(self._office.now_ms, HANDSHAKE)
            return self._api.open(line)
        listen_key = parse_qs(call.query).get("listenKey", [""])[0]
        last = call.path.rpartition("/")[2]
        if not listen_key and last.startswith(self._office.section.path[1:]) and "@" not in last:
            listen_key = last
        if listen_key or call.path.startswith("/private"):
            return self._listen_keys.open(line, listen_key)
        combined = "/stream" in call.path
        names = parse_qs(call.query).get("streams", [""])[0].split("/") if combined else [last]
        wanted = [name for name in names if "@" in name or name.startswith("!")]
        self._streams.open(line, wanted, combined=combined)
        return 0

    def hear(self, line: Line, text: str) -> None:
        """Requests and subscriptions; a private line has none."""
        if isinstance(line.session, ApiSession):
            self._api.hear(line, text)
        elif line.session is None or isinstance(line.session, str):
            self._streams.hear(line, text)

    def leave(self, line: Line) -> None:
        """A websocket is gone."""
        self._streams.close(line)
        self._listen_keys.close(line)

    def tick(self) -> None:
        """A second has passed."""
        self._streams.tick()
        self._listen_keys.tick()
        self._countdowns.tick()
        self.world.expire()

    def expire_sessions(self, account: str) -> int:
        """Listen keys of the account end now."""
        return self._listen_keys.expire(account)

    def _route(self, call: Call) -> tuple[Route | None, str]:
        if call.path.startswith(STATISTICS):
            return self._routes.get((call.method, call.path)), call.path
        if call.path in self._elsewhere and call.method == "GET":
            return self._elsewhere[call.path], call.path
        path = call.path.removeprefix(self._office.section.path + "/")
        return self._routes.get((call.method, path)), path

    def _priced(self, symbol: Symbol) -> None:
        if symbol in self._office.contracts:
            self._trades.priced(symbol)
            self._streams.priced(symbol)
            self._private.priced(symbol)

    def _happened(self, event: Event) -> None:
        for symbol in {fact.id.symbol for fact in event.facts if isinstance(fact, FundingPaid)}:
            if symbol in self._office.contracts:
                self._history.settled(self._office.contracts[symbol])
        self._streams.notices.happened(event)
        self._private.happened(event)
