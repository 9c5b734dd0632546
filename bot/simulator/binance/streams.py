"""Who has subscribed to which public stream, and when something is sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bot.core.types import Symbol
from bot.simulator.binance.history import INTERVALS
from bot.simulator.binance.notices import Notices
from bot.simulator.binance.office import Office
from bot.simulator.binance.shapes import Json
from bot.simulator.binance.topics import Frames, Topic, parse_topic
from bot.simulator.line import Line
from bot.simulator.wire import spelt

COMBINED = "combined"
"""In ``Line.session``: frames are wrapped with the name of their stream."""


class PublicStreams:
    """The public lines of one section."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._frames = Frames(office)
        self.notices = Notices(office)
        self._lines: dict[Line, dict[str, Topic]] = {}
        self._dirty: dict[Symbol, None] = {}
        self._closed: dict[tuple[Line, str], int] = {}
        """The opening time of the last bar a line was told the end of."""

    def open(self, line: Line, names: list[str], *, combined: bool) -> None:
        """A line has connected, with the streams its path names."""
        line.session = COMBINED if combined else None
        self._lines[line] = {}
        self._subscribe(line, names)

    def close(self, line: Line) -> None:
        """A line is gone."""
        self._lines.pop(line, None)
        self._closed = {key: at for key, at in self._closed.items() if key[0] is not line}

    def hear(self, line: Line, text: str) -> None:
        """SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS ("Live Subscribing/Unsubscribing to streams")."""
        try:
            message: Any = json.loads(text)
        except ValueError:
            line.send(spelt({"error": {"code": 3, "msg": "Invalid JSON: expected value"}}), "ack")
            return
        method = message.get("method") if isinstance(message, dict) else None
        names = message.get("params", []) if isinstance(message, dict) else []
        match method:
            case "SUBSCRIBE":
                self._subscribe(line, names)
                result: Any = None
            case "UNSUBSCRIBE":
                for name in names:
                    self._lines[line].pop(name, None)
                result = None
            case "LIST_SUBSCRIPTIONS":
                result = list(self._lines[line])
            case _:
                wrong = {"code": 2, "msg": "Invalid request: unknown method"}
                line.send(spelt({"error": wrong, "id": None}), "ack")
                return
        line.send(spelt({"result": result, "id": message.get("id")}), "ack")

    def priced(self, symbol: Symbol) -> None:
        """A new price: everybody is told as soon as the loop turns, once for all that moved by then."""
        if symbol not in self._office.contracts or not self._lines:
            return
        if not self._dirty:
            try:
                asyncio.get_running_loop().call_soon(self._flush)
            except RuntimeError:
                return  # Nobody serves: a world that is moved by hand before the server starts.
        self._dirty[symbol] = None

    def tick(self) -> None:
        """What is sent every second, and bars that have ended."""
        everything, news = dict.fromkeys(self._office.contracts), self.notices.take()
        for line, topics in self._lines.items():
            for topic in topics.values():
                if topic.kind in ("markPrice", "ticker", "miniTicker"):
                    self._send(line, topic, everything)
                elif topic.kind == "kline":
                    self._end_bars(line, topic)
                for symbol, frame in news.get(topic.kind, {}).items():
                    if topic.contract is None or topic.contract.symbol == symbol:
                        self._tell(line, topic, frame)

    def _flush(self) -> None:
        moved, self._dirty = self._dirty, {}
        for line, topics in list(self._lines.items()):
            for topic in topics.values():
                if topic.kind == "kline":
                    self._end_bars(line, topic)
                self._send(line, topic, moved)

    def _send(self, line: Line, topic: Topic, moved: dict[Symbol, None]) -> None:
        if topic.contract is not None:
            if topic.contract.symbol in moved:
                self._tell(line, topic, self._frames.of(topic, topic.contract))
            return
        frames = [self._frames.of(topic, self._office.contracts[symbol]) for symbol in moved]
        told = [frame for frame in frames if frame is not None]
        if topic.kind == "bookTicker":
            for frame in told:
                self._tell(line, topic, frame)
        elif told:
            self._tell(line, topic, told)

    def _end_bars(self, line: Line, topic: Topic) -> None:
        """A bar is told as closed once, when its time is over."""
        contract = topic.contract
        assert contract is not None, f"{topic.name}: bars of nothing"
        length, now_ms = INTERVALS[topic.detail], self._office.now_ms
        bars = self._office.world.market.bars(contract.symbol, length, 2)
        over = [bar for bar in bars if bar.open_ms + length <= now_ms]
        told = self._closed.get((line, topic.name))
        if not over or (told is not None and over[-1].open_ms <= told):
            return
        self._closed[line, topic.name] = over[-1].open_ms
        self._tell(line, topic, self._frames.kline(topic, contract, over[-1], closed=True))

    def _subscribe(self, line: Line, names: list[str]) -> None:
        for name in names:
            topic = parse_topic(name, self._office.by_id)
            if topic is None:
                continue
            self._lines[line][name] = topic
            if topic.kind == "kline" and topic.contract is not None:
                # What ended before somebody listened is not told.
                bars = self._office.world.market.bars(topic.contract.symbol, INTERVALS[topic.detail], 2)
                past = [b for b in bars if b.open_ms + INTERVALS[topic.detail] <= self._office.now_ms]
                if past:
                    self._closed[line, name] = past[-1].open_ms

    def _tell(self, line: Line, topic: Topic, frame: Json | list[Json] | None) -> None:
        if frame is None:
            return
        if isinstance(frame, dict) and frame.get("e") == "depthUpdate":
            # Each update names the one this line was told before it.
            before = line.topics.get(topic.name)
            if before is not None:
                if before >= frame["u"]:
                    return
                frame |= {"U": before + 1, "pu": before}
            line.topics[topic.name] = frame["u"]
        payload = {"stream": topic.name, "data": frame} if line.session == COMBINED else frame
        line.send(spelt(payload), topic.name)
