"""XT's websockets: ``/ws/market``, and ``/ws/user`` with a listen key.

Subscriptions and their answers: the websocket pages of the documentation; the shapes of tickers, funding,
books and refusals are those of frames that were captured in public.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.types import AccountName, Symbol
from bot.simulator.line import Line
from bot.simulator.spelling import Json
from bot.simulator.wire import OpenLines, spelt
from bot.simulator.world import Event, World
from bot.simulator.xt.account import AccountDesk
from bot.simulator.xt.feeds import AccountFeed, ListenKeys, MarketFeed
from bot.simulator.xt.names import Names
from bot.simulator.xt.rows import ACCOUNT_ID

MARKET, USER = "/ws/market", "/ws/user"
ACCOUNT_TOPICS = ("order", "trade", "balance", "position")
FUNDING_S = 60


@dataclass(slots=True)
class Session:
    """What a connection has done so far. ``accounts`` are those of the listen keys it subscribed with."""

    number: int
    accounts: dict[str, AccountName] = field(default_factory=dict)
    seconds: int = 0

    @property
    def name(self) -> str:
        """The exchange's name of the connection."""
        return f"5e1597fffeb08f50-{self.number:08x}"


class Streams(OpenLines):
    """All connections. It listens to the world and says what goes down which."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        super().__init__((MARKET, USER), Session)
        self.keys = ListenKeys(world)
        self._world = world
        self._market = MarketFeed(world, names)
        self._account = AccountFeed(world, names, accounts)
        world.listen(self._on_event, self._on_price)

    def expire(self, account: str) -> int:
        """End the listen keys of an account: its connections are told, and hear nothing more (assumed)."""
        self.keys.end(account)
        mine = [line for line in self._lines if account in line.session.accounts.values()]
        for line in mine:
            line.topics.clear()
            line.session.accounts.clear()
            self._say(line, {"id": "", "code": 401, "msg": "token expire"})
        return len(mine)

    def hear(self, line: Line, text: str) -> None:
        """A command."""
        if text == "ping":
            line.pong("pong")
            return
        try:
            said = json.loads(text)
            method, topics = str(said["method"]).upper(), [str(topic) for topic in said["params"]]
        except (ValueError, KeyError, TypeError):
            line.send("Invalid method", "refused")
            return
        if method == "UNSUBSCRIBE":
            for topic in topics:
                line.topics.pop(topic, None)
            self._acknowledge(line, said, 0)
        elif method == "SUBSCRIBE":
            self._subscribe(line, said, topics)
        else:
            self._acknowledge(line, said, 1)

    # --- commands --------------------------------------------------------------------------------

    def _subscribe(self, line: Line, said: Mapping[str, Any], topics: list[str]) -> None:
        """Topics are taken in order, up to one that does not exist."""
        if line.call.path == USER:
            self._subscribe_account(line, said, topics)
            return
        taken = []
        for topic in topics:
            if self._market.symbol(topic) is None:
                line.send("Invalid method", "refused")
                break
            taken.append(topic)
        if taken or not topics:
            self._acknowledge(line, said, 0)
        for topic in taken:
            line.topics[topic] = True
            self._tell_market(line, topic)

    def _subscribe_account(self, line: Line, said: Mapping[str, Any], topics: list[str]) -> None:
        for topic in topics:
            name, _, key = topic.partition("@")
            holder = self.keys.holder(key)
            if holder is None:
                self._say(line, {"id": said.get("id"), "code": 2, "msg": "invalid_listen_key"})
                return
            if name not in ACCOUNT_TOPICS:
                line.send("Invalid method", "refused")
                return
            line.topics[topic] = True
            line.session.accounts[key] = holder.account
            line.key = holder.key
        self._acknowledge(line, said, 0)

    def _acknowledge(self, line: Line, said: Mapping[str, Any], code: int) -> None:
        told = {"code": code, "msg": "success" if code == 0 else "failure", "id": said.get("id")}
        self._say(line, told | {"sessionId": line.session.name})

    @staticmethod
    def _say(line: Line, told: Mapping[str, Any]) -> None:
        line.send(spelt(told), "answer")

    # --- what happens ----------------------------------------------------------------------------

    def _tell_market(self, line: Line, topic: str) -> None:
        symbol = self._market.symbol(topic)
        if symbol is not None and self._world.market[symbol].known:
            self._publish(line, topic.partition("@")[0], topic, self._market.row(topic, symbol))

    def _on_price(self, symbol: Symbol) -> None:
        for line in self._lines:
            for topic in list(line.topics):
                if (
                    line.call.path == MARKET
                    and self._market.symbol(topic) == symbol
                    and "fund_rate" not in topic
                ):
                    self._tell_market(line, topic)

    def tick(self) -> None:
        """A second has passed: prices are told again, funding once a minute."""
        for line in self._lines:
            line.session.seconds += 1
            for topic in list(line.topics) if line.call.path == MARKET else ():
                if not topic.startswith("fund_rate") or line.session.seconds % FUNDING_S == 0:
                    self._tell_market(line, topic)

    def _on_event(self, event: Event) -> None:
        for line in list(self._lines):
            for topic in list(line.topics) if line.call.path == USER else ():
                name, _, key = topic.partition("@")
                holder = self.keys.holder(key)
                if holder is None or holder.account not in event.accounts:
                    continue
                push = "position" if name == "position" else f"{name}@{ACCOUNT_ID}"
                for row in self._account.rows(event, name, holder.account):
                    self._publish(line, name, push, row)

    @staticmethod
    def _publish(line: Line, topic: str, event: str, data: Json) -> None:
        line.send(spelt({"topic": topic, "event": event, "data": data}), event)
