"""OKX's websockets: ``/ws/v5/public``, ``/ws/v5/private`` and ``/ws/v5/business``.

Logging in, subscribing, pinging and their answers: the websocket overview of the documentation; the codes are
those of its section on websocket errors. A private channel counts the connections that have it: here one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.core.types import Symbol
from bot.simulator.keys import ApiKey
from bot.simulator.line import Line
from bot.simulator.okx.account import AccountDesk
from bot.simulator.okx.feeds import (
    ACCOUNT_CHANNELS,
    BUSINESS,
    FUNDING_S,
    INTERVAL_S,
    PRIVATE,
    PUBLIC,
    WHOLE,
    AccountFeed,
    Arg,
    MarketFeed,
    Session,
    message_of,
    topic_of,
)
from bot.simulator.okx.names import Names
from bot.simulator.spelling import base64_signature, same
from bot.simulator.wire import OpenLines, spelt
from bot.simulator.world import Event, World

WINDOW_S = 30
VERIFIED = "GET/users/self/verify"
TEXTS = {
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60011": "Please log in",
    "60024": "Wrong passphrase",
}


class Streams(OpenLines):
    """All connections. It listens to the world and says what goes down which."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        super().__init__((PUBLIC, PRIVATE, BUSINESS), Session)
        self._world = world
        self._market = MarketFeed(world, names)
        self._account = AccountFeed(world, names, accounts)
        world.listen(self._on_event, self._on_price)

    def hear(self, line: Line, text: str) -> None:
        """A command."""
        if text == "ping":
            line.pong("pong")
            return
        try:
            said = json.loads(text)
            op, args = str(said["op"]), [dict(arg) for arg in said.get("args") or []]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._refuse(line, {}, "60012", f"Invalid request: {text}")
            return
        if op == "login" and args:
            self._log_in(line, said, args[0])
        elif op == "subscribe" and args:
            for arg in args:
                self._subscribe(line, said, arg)
        elif op == "unsubscribe" and args:
            for arg in args:
                line.topics.pop(topic_of(arg), None)
                self._say(line, said, {"event": "unsubscribe", "arg": arg})
        else:
            self._refuse(line, said, "60012", f"Invalid request: {text}")

    # --- commands --------------------------------------------------------------------------------

    def _log_in(self, line: Line, said: Mapping[str, Any], arg: Arg) -> None:
        key = self._world.keys.find(str(arg.get("apiKey")))
        wrong = self._wrong_with(key, arg)
        if wrong or key is None:
            self._refuse(line, said, wrong, TEXTS[wrong])
            return
        line.session.account, line.key = key.account, key.key
        self._say(line, said, {"event": "login", "msg": "", "code": "0"})

    def _wrong_with(self, key: ApiKey | None, arg: Arg) -> str:
        """The code for what is wrong with a login, or nothing; the order of the checks is assumed."""
        stamp = str(arg.get("timestamp"))
        try:
            late_s = abs(float(stamp) - self._world.clock.now_ms() / 1000)
        except ValueError:
            return "60004"
        if key is None or key.revoked:
            return "60005"
        if late_s > WINDOW_S:
            return "60006"
        if arg.get("passphrase") != key.passphrase:
            return "60024"
        good = same(base64_signature(key.secret, stamp + VERIFIED), str(arg.get("sign")))
        return "" if good else "60007"

    def _subscribe(self, line: Line, said: Mapping[str, Any], arg: Arg) -> None:
        private = str(arg.get("channel")) in ACCOUNT_CHANNELS.get(line.call.path, ())
        symbol = None if private else self._market.symbol(line.call.path, arg)
        if private and line.session.account is None:
            self._refuse(line, said, "60011", TEXTS["60011"])
            return
        if not private and symbol is None:
            named = ",".join(f"{name}:{value}" for name, value in arg.items())
            text = f"Wrong URL or {named} doesn't exist. Please use the correct URL, channel and parameters "
            self._refuse(line, said, "60018", text + "referring to API document.")
            return
        line.topics[topic_of(arg)] = arg
        self._say(line, said, {"event": "subscribe", "arg": arg})
        if symbol is not None:
            self._push(line, arg, self._market.first(line.session, symbol, arg))
            return
        counted = {"event": "channel-conn-count", "channel": arg["channel"], "connCount": "1"}
        self._say(line, {}, counted)
        if arg["channel"] in WHOLE:
            line.send(self._account.whole(line.session.account, arg), topic_of(arg))

    def _refuse(self, line: Line, said: Mapping[str, Any], code: str, text: str) -> None:
        self._say(line, said, {"event": "error", "code": code, "msg": text})

    @staticmethod
    def _say(line: Line, said: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        again = {"id": said["id"]} if "id" in said else {}
        line.send(spelt({**again, **told, "connId": line.session.conn_id}), str(told["event"]))

    # --- what happens ----------------------------------------------------------------------------

    def _on_price(self, symbol: Symbol) -> None:
        for line, arg, named in self._market_subscriptions():
            if named == symbol and arg["channel"] != "funding-rate":
                self._push(line, arg, self._market.rows(line.session, symbol, arg))

    def tick(self) -> None:
        """A second has passed: prices are told again (assumed), the rest at its interval."""
        for line in self._lines:
            line.session.seconds += 1
        for line, arg, symbol in self._market_subscriptions():
            if arg["channel"] != "funding-rate" or line.session.seconds % FUNDING_S == 0:
                self._push(line, arg, self._market.rows(line.session, symbol, arg))
        for line in self._lines:
            for topic, arg in list(line.topics.items()):
                if arg["channel"] in WHOLE and _due(line.session, arg):
                    line.send(self._account.whole(line.session.account, arg), topic)

    def _market_subscriptions(self) -> list[tuple[Line, Arg, Symbol]]:
        return [
            (line, arg, symbol)
            for line in self._lines
            for arg in line.topics.values()
            if (symbol := self._market.symbol(line.call.path, arg)) is not None
        ]

    @staticmethod
    def _push(line: Line, arg: Arg, data: list[Any]) -> None:
        if data:
            line.send(message_of(arg, data), topic_of(arg))

    def _on_event(self, event: Event) -> None:
        for line in list(self._lines):
            account = line.session.account
            if account is not None and account in event.accounts:
                for text, topic in self._account.changed(event, account, list(line.topics.values())):
                    line.send(text, topic)


def _due(session: Session, arg: Arg) -> bool:
    try:
        every_ms = int(json.loads(arg.get("extraParams") or "{}").get("updateInterval", INTERVAL_S * 1000))
    except (ValueError, TypeError, AttributeError):
        every_ms = INTERVAL_S * 1000
    return every_ms > 0 and session.seconds % max(every_ms // 1000, 1) == 0
