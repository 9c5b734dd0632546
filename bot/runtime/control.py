"""The control socket: how a command asks the running process, or orders something of it.

One connection carries lines of JSON: ``{"query": name, "args": {...}}``, and for each
``{"ok": true, "reply": ...}`` or ``{"ok": false, "error": text}``, with ``"wrong_name": true`` where
something was named that is not there. Only the user the bot runs as can connect,
every line has a bound, and a bad line is answered, not punished.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from bot.runtime.errors import USAGE, ShellError, one_line
from bot.runtime.plain import Json, plain
from bot.runtime.redaction import redact

SOCKET_FILE = "control.sock"
REQUEST_MAX = 64 * 1024
REPLY_MAX = 8 * 1024 * 1024
"""Bytes in a line. A page of the journal with the tiers of 200 contracts is a tenth of the second."""
CONNECTIONS_MAX = 16
IDLE_S = 10.0
_PATH_MAX = 100
"""The kernel's bound on a socket's path is 108 bytes here and 104 elsewhere, the final zero included."""

Args = Mapping[str, object]
Query = Callable[[Args], Awaitable[object]]
"""Answers a question with anything ``plain`` knows; raises ``BadQuery`` for arguments it cannot use."""


class BadQuery(Exception):  # noqa: N818  # it says what is the matter
    """The arguments of a query make no sense; the text goes to whoever asked."""


class WrongName(ShellError):  # noqa: N818  # it says what is the matter
    """Something was named that is not there; ``found`` says so in a line that needs nothing beside it."""

    exit_code = USAGE

    def __init__(self, found: str) -> None:
        """``found`` names what was asked for, and what there is."""
        super().__init__("", found, "")

    def __str__(self) -> str:
        """The line."""
        return self.found


class ControlError(ShellError):
    """The running process did not answer as it should."""


def socket_path(data_dir: Path) -> Path:
    """Where the socket of ``data_dir`` is: in it, or, if that path is too long, in a private folder."""
    path = data_dir.resolve() / SOCKET_FILE
    if len(os.fsencode(path)) <= _PATH_MAX:
        return path
    name = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"holdfast-{os.getuid()}" / f"{name}.sock"


class ControlServer:
    """Answers named queries on the socket of a data directory. Open it with ``listening``."""

    def __init__(self, data_dir: Path, queries: Mapping[str, Query], *, idle_s: float = IDLE_S) -> None:
        """``queries`` answers by name; a connection that says nothing for ``idle_s`` seconds is closed."""
        self.path = socket_path(data_dir)
        self._data_dir = data_dir
        self._queries = queries
        self._idle_s = idle_s
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve while the block runs. The caller holds the lock, so a socket that is found is a dead one."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        _refuse_shared(self.path, self._data_dir)
        server = await asyncio.start_unix_server(self._serve, sock=_bound(self.path), limit=REQUEST_MAX)
        try:
            yield
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) > CONNECTIONS_MAX:
                await _send(writer, _error("too many connections; try again"))
                return
            while (line := await self._line(reader)) is not None:
                await _send(writer, await self._answer(line))
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            # The other side went away, or we are leaving: there is nobody to tell.
            return
        finally:
            self._connections.discard(task)
            writer.close()

    async def _line(self, reader: asyncio.StreamReader) -> bytes | None:
        """The next line; empty where it was too long to be read, ``None`` at the end."""
        async with asyncio.timeout(self._idle_s):
            try:
                return await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return None
            except asyncio.LimitOverrunError:
                await _skip_line(reader)
                return b""

    async def _answer(self, line: bytes) -> bytes:
        try:
            name, args = _request(line)
            if name not in self._queries:
                return _error(f"no query {name!r}; there are {', '.join(sorted(self._queries))}")
            return _reply(plain(await self._queries[name](args)))
        except WrongName as error:
            return _error(error.found, wrong_name=True)
        except (BadQuery, ShellError) as error:
            return _error(str(error))
        except Exception as error:  # noqa: BLE001  # a question that fails must not end the guard of positions
            return _error(redact(f"the query failed: {one_line(error)}"))


def _request(line: bytes) -> tuple[str, dict[str, object]]:
    if not line:
        raise BadQuery(f"the line is longer than {REQUEST_MAX} bytes")
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadQuery(f"not JSON: {error}") from error
    match request:
        case {"query": str(name), "args": dict(args), **rest} if not rest:
            return name, args
        case {"query": str(name), **rest} if not rest:
            return name, {}
        case _:
            raise BadQuery('expected {"query": name, "args": {...}}')


def _reply(answer: Json) -> bytes:
    line = json.dumps({"ok": True, "reply": answer}, separators=(",", ":")).encode() + b"\n"
    if len(line) > REPLY_MAX:
        return _error(f"the answer has {len(line)} bytes, more than {REPLY_MAX}; ask for less at a time")
    return line


def _error(text: str, **more: bool) -> bytes:
    return json.dumps({"ok": False, "error": text, **more}).encode() + b"\n"


async def _send(writer: asyncio.StreamWriter, line: bytes) -> None:
    writer.write(line)
    await writer.drain()


async def _skip_line(reader: asyncio.StreamReader) -> None:
    """Throw away the rest of an overlong line, so that the next one is read from its beginning."""
    while True:
        try:
            await reader.readuntil(b"\n")
            return
        except asyncio.LimitOverrunError as error:
            await reader.readexactly(max(error.consumed, 1))
        except asyncio.IncompleteReadError:
            return


def _bound(path: Path) -> socket.socket:
    """A listening socket that only we can reach, in place of one that a dead process left."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The rights must be there from the first moment, and only the mask can do that.
    mask = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        server.bind(str(path))
    except OSError as error:
        server.close()
        raise ControlError(path, error.strerror or str(error), "check the path and its rights") from error
    finally:
        os.umask(mask)
    return server


def _refuse_shared(path: Path, data_dir: Path) -> None:
    """A socket outside the data directory is in a folder anybody may have made: it must be ours alone."""
    if path.parent == data_dir.resolve():
        return
    status = path.parent.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise ControlError(path.parent, "others may use this folder", "remove it and start again")


async def ask(data_dir: Path, query: str, args: Args | None = None, *, timeout_s: float = 5.0) -> Json:
    """Ask the process that runs on ``data_dir``; ``None`` if nobody does: take the lock and look yourself.

    Raises ``ControlError`` for a refused question, and for a process that does not answer in time;
    ``WrongName`` where ``args`` name what is not there.
    """
    path = socket_path(data_dir)
    request = json.dumps({"query": query, "args": dict(args or {})}).encode() + b"\n"
    try:
        _refuse_shared(path, data_dir)
        async with asyncio.timeout(timeout_s):
            reply = json.loads(await _exchange(path, request))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return None
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ControlError(path, "the running process does not answer", "look at its log") from error
    except (ValueError, RecursionError) as error:
        raise _not_ours(path) from error
    match reply:
        case {"ok": True, "reply": answer}:
            return cast("Json", answer)
        case {"ok": False, "error": str(text), "wrong_name": True}:
            raise WrongName(text)
        case {"ok": False, "error": str(text)}:
            raise ControlError(path, text, "ask differently")
        case _:
            raise _not_ours(path)


def _not_ours(path: Path) -> ControlError:
    return ControlError(path, "the answer is not one of ours", "look at what listens there")


async def _exchange(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path, limit=REPLY_MAX)
    try:
        await _send(writer, request)
        return await reader.readuntil(b"\n")
    finally:
        writer.close()
