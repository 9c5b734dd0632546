"""One websocket of a client, with the faults that may befall what goes down it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.simulator.faults import FRAMES, SILENCE, Fault, FaultKind, Faults

if TYPE_CHECKING:
    from bot.simulator.wire import Call

WAITING_MAX = 20_000
"""Messages waiting for a client that does not read; beyond it the connection is cut, as exchanges do."""
Outgoing = tuple[str, str]
"""A message and its topic."""


class Line:
    """A connection as a wire sees it. ``session`` and ``topics`` are the wire's to keep what it likes in."""

    def __init__(self, call: Call, faults: Faults, key: str = "") -> None:
        self.call = call
        self.key = key
        self.session: Any = None
        self.topics: dict[str, Any] = {}
        self.silence: FaultKind | None = None
        self._faults = faults
        self._waiting: deque[Outgoing] = deque()
        self._some = asyncio.Event()
        self._held: Outgoing | None = None
        self._closing = False

    def send(self, text: str, topic: str = "") -> None:
        """Queue a message; ``topic`` says to faults what it is."""
        if self._closing:
            return
        if len(self._waiting) >= WAITING_MAX:
            self.close()
            return
        self._waiting.append((text, topic))
        self._some.set()

    def pong(self, text: str) -> None:
        """Answer a ping of the exchange's own kind: what a mute stream still does."""
        if self.silence is not FaultKind.HALF_OPEN:
            self.send(text, "pong")

    def close(self) -> None:
        """Close when everything queued so far has been sent."""
        self._closing = True
        self._some.set()

    async def serve(self, socket: web.WebSocketResponse, hear: Any) -> None:  # noqa: ANN401 - a callback
        """Send and receive until one side closes."""
        sender = asyncio.create_task(self._send_all(socket))
        try:
            async for message in socket:
                self._fall_silent()
                if self.silence is FaultKind.HALF_OPEN:
                    continue
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    hear(self, message.data)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    async def _send_all(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                while self._waiting:
                    await self._send(socket, *self._waiting.popleft())
                if self._closing:
                    await socket.close()
                    return
                self._some.clear()
                await self._some.wait()

    async def _send(self, socket: web.WebSocketResponse, text: str, topic: str) -> None:
        self._fall_silent(topic)
        if self.silence is FaultKind.HALF_OPEN or (self.silence is not None and topic != "pong"):
            return
        fault = self._faults.take(FRAMES, "WS", f"{self.call.target} {topic}", self.key)
        if fault is not None:
            await self._send_amiss(socket, text, topic, fault)
            return
        await socket.send_str(text)
        if self._held is not None:
            held, self._held = self._held, None
            await socket.send_str(held[0])

    async def _send_amiss(self, socket: web.WebSocketResponse, text: str, topic: str, fault: Fault) -> None:
        match fault.kind:
            case FaultKind.CUT_FRAME:
                await socket.send_str(text[: len(text) // 2])
            case FaultKind.CLOSE:
                await socket.close()
            case FaultKind.DUPLICATE:
                await socket.send_str(text)
                await socket.send_str(text)
            case FaultKind.REORDER:
                self._held = (text, topic)
            case FaultKind.DELAY_FRAME:
                await asyncio.sleep(fault.ms / 1000)
                await socket.send_str(text)
            case FaultKind.REPLACE_FRAME:
                await socket.send_str(fault.body)
            case _:
                pass

    def _fall_silent(self, topic: str = "") -> None:
        """A fault that silences the line does so for good: it ends with the connection."""
        if self.silence is not FaultKind.HALF_OPEN:
            fault = self._faults.take(SILENCE, "WS", f"{self.call.target} {topic}".strip(), self.key)
            if fault is not None:
                self.silence = fault.kind
