"""Bybit's websockets: ``/v5/public/linear``, ``/v5/public/inverse`` and ``/v5/private``.

Commands and their acknowledgements: connect page of the documentation. A ticker is told whole once and
by what changed after that. The texts of refused subscriptions are assumed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.core.types import Symbol
from bot.simulator.bybit.account import AccountDesk
from bot.simulator.bybit.feeds import PUBLIC, AccountFeed, MarketFeed, Session
from bot.simulator.bybit.names import Names
from bot.simulator.line import Line
from bot.simulator.spelling import hex_signature, same
from bot.simulator.wire import OpenLines, spelt
from bot.simulator.world import Event, World

PRIVATE = "/v5/private"
PRIVATE_TOPICS = frozenset({"position", "order", "execution", "wallet"})
CATEGORISED = frozenset({"linear", "inverse"})


class Streams(OpenLines):
    """All connections. It listens to the world and says what goes down which."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        super().__init__((*PUBLIC, PRIVATE), Session)
        self._world = world
        self._market = MarketFeed(world, names)
        self._account = AccountFeed(world, names, accounts)
        world.listen(self._on_event, self._on_price)

    def hear(self, line: Line, text: str) -> None:
        """A command."""
        try:
            said = json.loads(text)
            op, args = str(said["op"]), [str(arg) for arg in said.get("args") or []]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._say(line, {"success": False, "ret_msg": "error:invalid op", "op": ""})
            return
        match op:
            case "ping":
                line.pong(spelt(self._pong(line, said)))
            case "auth":
                self._authenticate(line, said, args)
            case "subscribe":
                self._subscribe(line, said, args)
            case "unsubscribe":
                for topic in args:
                    line.topics.pop(topic, None)
                self._acknowledge(line, said, "unsubscribe")
            case _:
                self._acknowledge(line, said, op, failure="error:invalid op")

    # --- commands --------------------------------------------------------------------------------

    def _pong(self, line: Line, said: Mapping[str, Any]) -> Mapping[str, Any]:
        if line.call.path == PRIVATE:
            answer = {
                "op": "pong",
                "args": [str(self._world.clock.now_ms())],
                "conn_id": line.session.conn_id,
            }
            return answer | ({"req_id": said["req_id"]} if "req_id" in said else {})
        answer = {"success": True, "ret_msg": "pong", "conn_id": line.session.conn_id, "op": "ping"}
        return answer | {"req_id": said.get("req_id", "")}

    def _authenticate(self, line: Line, said: Mapping[str, Any], args: list[Any]) -> None:
        name, expires, signature = ([str(arg) for arg in args] + ["", "", ""])[:3]
        key = self._world.keys.find(name)
        late = not expires.isdecimal() or int(expires) <= self._world.clock.now_ms()
        good = (
            line.call.path == PRIVATE
            and key is not None
            and not key.revoked
            and not late
            and same(hex_signature(key.secret, f"GET/realtime{expires}"), signature)
        )
        if not good or key is None:
            text = "Request has expired" if key is not None and late else "error:USVC1111"
            self._acknowledge(line, said, "auth", failure=text)
            return
        line.session.account, line.key = key.account, key.key
        self._acknowledge(line, said, "auth")

    def _subscribe(self, line: Line, said: Mapping[str, Any], topics: list[Any]) -> None:
        wrong = [str(topic) for topic in topics if not self._exists(line, str(topic))]
        if line.call.path == PRIVATE and line.session.account is None:
            self._acknowledge(line, said, "subscribe", failure="Request not authorized")
        elif wrong or not topics:
            self._acknowledge(line, said, "subscribe", failure=f"Invalid symbol :[{','.join(wrong)}]")
        else:
            self._acknowledge(line, said, "subscribe")
            for topic in topics:
                line.topics[topic] = True
                if line.call.path != PRIVATE:
                    self._market.tell(line, topic)

    def _exists(self, line: Line, topic: str) -> bool:
        if line.call.path == PRIVATE:
            name, _, category = topic.partition(".")
            return name in PRIVATE_TOPICS and (not category or category in CATEGORISED)
        return self._market.symbol(line, topic) is not None

    def _acknowledge(self, line: Line, said: Mapping[str, Any], op: str, failure: str = "") -> None:
        told = {"success": not failure, "ret_msg": failure, "conn_id": line.session.conn_id}
        if "req_id" in said or line.call.path != PRIVATE:
            told["req_id"] = said.get("req_id", "")
        if failure:
            told["request"] = {"op": op, "args": said.get("args")}
        self._say(line, told | {"op": op})

    # --- what happens ----------------------------------------------------------------------------

    def _on_price(self, symbol: Symbol) -> None:
        for line in self._public():
            for topic in list(line.topics):
                if self._market.symbol(line, topic) == symbol:
                    self._market.tell(line, topic)

    def tick(self) -> None:
        """A second has passed. A live market never stands still: the prices are told again (assumed)."""
        for line in self._public():
            for topic in list(line.topics):
                self._market.tell(line, topic, again=True)

    def _public(self) -> list[Line]:
        return [line for line in self._lines if line.call.path != PRIVATE]

    def _on_event(self, event: Event) -> None:
        for line in list(self._lines):
            account = line.session.account
            if account is not None and account in event.accounts:
                self._account.tell(line, event, account)

    @staticmethod
    def _say(line: Line, told: Mapping[str, Any]) -> None:
        line.send(spelt(told), str(told.get("op", "")))
