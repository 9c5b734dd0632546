"""The bot as a process of its own, and those who watch it: a service manager, somebody who is pinged."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.runtime.control import ControlError, ask

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0c7e2d6a-5b1f-4d8c-canary-of-the-token"
WITHIN_S = 40.0


class Manager:
    """What systemd is to a service. It notes when each message came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._own.bind(str(path))
        self._own.setblocking(False)
        self._heard: list[tuple[float, str]] = []

    def heard(self) -> list[tuple[float, str]]:
        """Everything so far."""
        while True:
            try:
                self._heard.append((time.monotonic(), self._own.recv(4096).decode()))
            except BlockingIOError:
                return self._heard

    def close(self) -> None:
        self._own.close()


@dataclass
class Listener:
    """Who is pinged."""

    port: int = 0
    pings: list[float] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        assert request.path == f"/{TOKEN}"
        self.pings.append(time.monotonic())
        return web.Response(text="OK")


@contextmanager
def listening() -> Iterator[Listener]:
    listener, loop, ready = Listener(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{tail:.*}", listener.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listener.port = runner.addresses[0][1]
        ready.set()
        return runner

    runner = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield listener
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Process:
    """The bot, and what it says."""

    def __init__(self, config: Path, manager: Manager, listener: Listener, mode: str) -> None:
        self._data = config.parent / "data"
        self.manager, self.listener = manager, listener
        self._err = (config.parent / "stderr").open("w+")
        self._out = (config.parent / "stdout").open("w+")
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NOTIFY_SOCKET": str(manager.path),
            "WATCHDOG_USEC": "20000000",
            "HEARTBEAT_URL": f"http://127.0.0.1:{listener.port}/{TOKEN}",
        }
        self.child = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", str(config), mode],
            cwd=config.parent,
            env=environ,
            stdout=self._out,
            stderr=self._err,
        )

    def ask(self, query: str, **args: Any) -> Any:
        """What it answers; ``None`` while it does not."""
        try:
            return asyncio.run(ask(self._data, query, args, timeout_s=1))
        except ControlError:
            return None

    def changes(self, subject: str) -> list[tuple[str, str]]:
        """What its journal says of a subject."""
        rows = self.ask("journal", kind="StateChanged", latest=True) or []
        found = [json.loads(row["body"]) for row in rows]
        return [(each["was"], each["now"]) for each in found if each["subject"] == subject]

    def until(self, holds: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
        end = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end, f"{what} did not happen within {within_s} s: {self.said()}"
            assert self.child.poll() is None, f"it ended before {what}: {self.said()}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether the manager was told so."""
        return "READY=1" in self.told()

    def told(self) -> list[str]:
        return [message for _, message in self.manager.heard()]

    def said(self) -> str:
        """All its words: both streams and its log."""
        log = self._data / "holdfast.log"
        texts = [Path(file.name).read_text() for file in (self._out, self._err)]
        return "\n".join([*texts, log.read_text() if log.exists() else ""])

    def ends(self, within_s: float = WITHIN_S) -> int:
        return self.child.wait(within_s)

    def stop(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.ends()

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.kill()
            self.child.wait(10)
        self._out.close()
        self._err.close()


@contextmanager
def watched(config: Path, mode: str = "--live") -> Iterator[Process]:
    """The bot as a process, ended with the block whatever happens."""
    with listening() as listener, closing(Manager(config.parent / "notify")) as manager:
        process = Process(config, manager, listener, mode)
        try:
            yield process
        finally:
            process.close()
            manager.path.unlink()
