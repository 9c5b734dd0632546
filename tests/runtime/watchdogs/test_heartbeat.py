"""Pings over real HTTP: sent while all is well, never in the way, and the address never shown."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from bot.core.facts import ProcessChanged
from bot.core.intents import Level
from bot.runtime.clock import SystemClock
from bot.runtime.watchdogs.heartbeat import Heartbeat

EVERY_MS = 20
PATH = "/ping/7d1f0f1e-canary-of-the-token"


@dataclass
class Listener:
    """Who notices when the pings stop."""

    status: int = 200
    pings: int = 0
    port: int = 0
    held: asyncio.Event | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        assert (request.method, request.path) == ("GET", PATH)
        self.pings += 1
        self.came.set()
        if self.held is not None:
            await self.held.wait()
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})

    async def after(self, more: int) -> None:
        """Wait until so many more pings have come."""
        wanted = self.pings + more
        async with asyncio.timeout(10):
            while self.pings < wanted:
                self.came.clear()
                await self.came.wait()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", listener.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listener.port = runner.addresses[0][1]
    try:
        yield listener
    finally:
        if listener.held is not None:
            listener.held.set()
        await runner.cleanup()


@dataclass
class Scene:
    listener: Listener
    heartbeat: Heartbeat
    told: asyncio.Queue[ProcessChanged]
    well: bool = True


@asynccontextmanager
async def beating(
    listener: Listener, special: Callable[[Listener], str] | None = None
) -> AsyncIterator[Scene]:
    url = special(listener) if special else f"http://127.0.0.1:{listener.port}{PATH}"
    told: asyncio.Queue[ProcessChanged] = asyncio.Queue()
    heartbeat = Heartbeat(url, EVERY_MS, well=lambda: scene.well, now_ms=SystemClock().now_ms)
    scene = Scene(listener, heartbeat, told)

    async def put(batch: tuple[ProcessChanged]) -> None:
        await told.put(batch[0])

    beat = asyncio.ensure_future(heartbeat.beat(put))
    try:
        yield scene
        assert not beat.done(), "a heart that stopped"
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


def test_it_pings_while_all_is_well_and_not_otherwise() -> None:
    async def scenario() -> None:
        async with listening() as listener, beating(listener) as scene:
            await listener.after(3)
            scene.well = False
            await asyncio.sleep(5 * EVERY_MS / 1000)
            before = listener.pings
            await asyncio.sleep(5 * EVERY_MS / 1000)
            assert listener.pings == before
            scene.well = True
            await listener.after(2)
            # One that takes longer than its 20 ms is the machine's; three in a row would be told.
            assert scene.told.empty()

    asyncio.run(scenario())


def test_pings_that_are_not_heard_are_counted_and_told_once_and_so_is_their_end() -> None:
    async def scenario() -> None:
        async with listening() as listener, beating(listener) as scene:
            await listener.after(1)
            listener.status = 503
            async with asyncio.timeout(10):
                unheard = await scene.told.get()
            await listener.after(3)
            listener.status = 200
            async with asyncio.timeout(10):
                heard = await scene.told.get()
            assert (unheard.part, unheard.was, unheard.now) == ("heartbeat", "heard", "unheard")
            assert (unheard.level, heard.level) == (Level.WARNING, Level.INFO)
            assert unheard.because == "3 pings in a row were not heard, the last: it was answered 503"
            assert (heard.was, heard.now) == ("unheard", "heard")
            assert scene.heartbeat.failed >= 5

    asyncio.run(scenario())


def test_a_redirect_is_not_followed_and_not_heard() -> None:
    async def scenario() -> None:
        async with listening() as listener, beating(listener) as scene:
            listener.status = 302
            async with asyncio.timeout(10):
                assert "302" in (await scene.told.get()).because

    asyncio.run(scenario())


def test_an_answer_that_never_comes_holds_nobody_up() -> None:
    async def scenario() -> None:
        async with listening() as listener, beating(listener) as scene:
            listener.held = asyncio.Event()
            async with asyncio.timeout(10):
                told = await scene.told.get()
            assert told.because.endswith("TimeoutError")
            assert listener.pings >= 3

    asyncio.run(scenario())


def test_where_nobody_answers_the_address_is_not_told() -> None:
    def nowhere(listener: Listener) -> str:
        return f"http://127.0.0.1:1{PATH}"

    async def scenario() -> None:
        async with listening() as listener, beating(listener, nowhere) as scene:
            async with asyncio.timeout(10):
                told = await scene.told.get()
            assert "canary" not in told.because
            assert "127.0.0.1" not in told.because
            assert told.because.endswith("ClientConnectorError")

    asyncio.run(scenario())
