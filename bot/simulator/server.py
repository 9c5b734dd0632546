"""The server: every exchange's hosts on one loopback port, told apart by the Host header.

Requests to loopback names are for the control endpoint. A fault is applied here, around what the wire does,
so that every wire has every fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.simulator.certificates import kept_certificate, server_context
from bot.simulator.control import Control
from bot.simulator.faults import AFTER, BEFORE, Fault, FaultKind
from bot.simulator.line import Line
from bot.simulator.wire import Answer, Call, Wire
from bot.simulator.world import World

LOOPBACK = frozenset({"127.0.0.1", "localhost", "simulator.control"})
TICK_S = 1.0
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
UNDONE = Answer.of({"code": "0", "msg": "success", "data": [{"id": "1"}]})
"""What there is to spoil where nothing was executed."""
FOREVER_S = 3600.0


class SimulatorServer:
    """Serves wires of one world over TLS. ``port`` 0 takes a free one, known after ``start``.

    ``folder`` is where the certificate is kept unless ``certificate`` names its two files.
    """

    def __init__(
        self,
        world: World,
        wires: Sequence[Wire],
        *,
        folder: Path,
        port: int = 0,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.world = world
        self.wires = tuple(wires)
        self.port = port
        self._by_host = {host: wire for wire in wires for host in wire.hosts}
        self.ca_file, self._key_file = certificate or kept_certificate(folder, self._by_host)
        self._control = Control(world, self.wires, self.refuse)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._door: asyncio.Task[None] | None = None
        self._accepts = asyncio.Event()
        self._connections: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        """Those that requests came by; a stream has its own."""

    async def start(self) -> None:
        """Bind to loopback and serve."""
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        self.port = self._runner.addresses[0][1]
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Close every connection."""
        for task in (self._ticker, self._door):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._runner is not None:
            await self._runner.cleanup()

    def refuse(self, for_ms: int) -> None:
        """Refuse every new connection for so long, and cut those that requests come by; streams go on."""
        if self._door is not None and not self._door.done():
            raise ValueError("connections are being refused already")
        self._accepts.clear()
        self._door = asyncio.create_task(self._shut(for_ms / 1000))

    def accept(self) -> None:
        """Accept connections again, before that time is over."""
        self._accepts.set()

    async def _shut(self, for_s: float) -> None:
        assert self._site is not None, "the server was started"
        await self._site.stop()
        for transport in self._connections:
            transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await self._accepts.wait()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None, "the server was started"
        context = server_context(self.ca_file, self._key_file)
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=context)
        await self._site.start()

    async def __aenter__(self) -> Self:
        """Started."""
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stopped."""
        await self.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for wire in self.wires:
                wire.tick()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0]
        call = Call(
            method=request.method,
            host=host,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            body=(await request.read()).decode("utf-8", "replace"),
            headers={name.lower(): value for name, value in request.headers.items()},
            peer=request.remote or "",
        )
        if host in LOOPBACK:
            return _response(self._control.answer(call))
        wire = self._by_host.get(host)
        if wire is None:
            names = ", ".join(each.name for each in self.wires)
            text = f"this simulator is {names}, which has no host {host}; see holdfast simulator --venue"
            return _response(Answer.of({"error": text}, status=421))
        if call.headers.get("upgrade", "").lower() == "websocket":
            return await self._attend(request, wire, call)
        return await self._answer(request, wire, call)

    async def _attend(self, request: web.Request, wire: Wire, call: Call) -> web.StreamResponse:
        if request.transport is not None:
            self._connections.discard(request.transport)
        faults = self.world.faults
        refused = faults.take(frozenset({FaultKind.REFUSE}), "WS", call.target)
        line = Line(call, faults)
        status = refused.status if refused is not None else wire.connect(line)
        if status:
            return web.Response(status=status)
        # Pings are answered by the line, because a half-open connection does not answer them.
        socket = web.WebSocketResponse(autoping=False, max_msg_size=2**20)
        await socket.prepare(request)
        try:
            await line.serve(socket, wire.hear)
        finally:
            wire.leave(line)
        return socket

    async def _answer(self, request: web.Request, wire: Wire, call: Call) -> web.StreamResponse:
        if request.transport is not None:
            self._connections.add(request.transport)
        faults, key = self.world.faults, wire.api_key(call)
        before = faults.take(BEFORE, call.method, call.target, key, call.content)
        if before is not None:
            early = await _before(request, before)
            if early is not None:
                return early
        after = faults.take(AFTER, call.method, call.target, key, call.content)
        answer = wire.answer(call) if after is None or after.executed else UNDONE
        return _response(answer) if after is None else await _after(request, answer, after)


def _response(answer: Answer) -> web.Response:
    return web.Response(
        text=answer.body, status=answer.status, headers=answer.headers, content_type="application/json"
    )


async def _before(request: web.Request, fault: Fault) -> web.StreamResponse | None:
    """What comes of it; ``None`` where the request is executed after all, late."""
    match fault.kind:
        case FaultKind.DELAY_BEFORE:
            await asyncio.sleep(fault.ms / 1000)
            return None
        case FaultKind.ERROR_BEFORE:
            return _broken(fault)
        case FaultKind.LIMITED | FaultKind.BANNED:
            status = 429 if fault.kind is FaultKind.LIMITED else 418
            retry = {"Retry-After": str(fault.retry_after_s)}
            return web.Response(
                text=fault.body, status=status, headers=retry, content_type="application/json"
            )
        case FaultKind.HANG_BEFORE:
            await asyncio.sleep(FOREVER_S)
        case _:
            pass
    return _lost(request)


async def _after(request: web.Request, answer: Answer, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case FaultKind.DELAY_AFTER:
            await asyncio.sleep(fault.ms / 1000)
            return _response(answer)
        case FaultKind.ERROR_AFTER:
            return _broken(fault)
        case FaultKind.HTML_AFTER:
            return web.Response(text=fault.body or HTML, content_type="text/html")
        case FaultKind.EMPTY_AFTER:
            return web.Response(text="")
        case FaultKind.BODY_AFTER:
            return web.Response(text=fault.body, content_type="application/json")
        case FaultKind.CUT_JSON:
            half = answer.body[: len(answer.body) // 2]
            return web.Response(text=half, content_type="application/json")
        case FaultKind.CUT_BODY:
            return await _cut(request, answer)
        case FaultKind.HANG_AFTER:
            await asyncio.sleep(FOREVER_S)
        case _:
            pass
    return _lost(request)


def _broken(fault: Fault) -> web.Response:
    kind = "application/json" if fault.body.startswith(("{", "[")) else "text/html"
    return web.Response(text=fault.body or HTML, status=fault.status, content_type=kind)


def _lost(request: web.Request) -> web.StreamResponse:
    """Cut the connection; the response that is returned has nowhere to go."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, answer: Answer) -> web.StreamResponse:
    whole = answer.body.encode()
    response = web.StreamResponse(
        headers={"Content-Length": str(len(whole)), "Content-Type": "application/json"}
    )
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
