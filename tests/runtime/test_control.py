"""The control socket: questions to the running process, and what it does with nonsense."""

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.facts import Tick
from bot.runtime.control import (
    CONNECTIONS_MAX,
    REPLY_MAX,
    REQUEST_MAX,
    BadQuery,
    ControlError,
    ControlServer,
    ask,
    socket_path,
)
from bot.runtime.errors import ShellError
from bot.runtime.journal import Part
from bot.runtime.plain import plain


async def echo(args: Mapping[str, object]) -> object:
    return dict(args)


async def facts(_: Mapping[str, object]) -> object:
    return (Tick(at_ms=5), Decimal("1.50"), Part.NOTE, {Decimal(1): None}, frozenset({"b", "a"}))


async def picky(_: Mapping[str, object]) -> object:
    raise BadQuery("symbol 7, expected a string")


async def broken(_: Mapping[str, object]) -> object:
    raise ShellError("journal.db", "damaged", "move it aside")


async def defective(_: Mapping[str, object]) -> object:
    raise ZeroDivisionError("division\nby zero")


async def float_(_: Mapping[str, object]) -> object:
    return 0.1


async def endless(_: Mapping[str, object]) -> object:
    return "x" * REPLY_MAX


QUERIES = {
    "echo": echo,
    "facts": facts,
    "picky": picky,
    "broken": broken,
    "defective": defective,
    "float": float_,
    "endless": endless,
}


def serving(folder: Path, use: Callable[[], Awaitable[None]], idle_s: float = 10.0) -> None:
    async def main() -> None:
        async with ControlServer(folder, QUERIES, idle_s=idle_s).listening():
            await use()

    asyncio.run(main())


async def say(folder: Path, *lines: bytes) -> list[dict[str, object]]:
    """Send raw lines on one connection and give the answers until it is closed."""
    reader, writer = await asyncio.open_unix_connection(socket_path(folder), limit=REPLY_MAX)
    writer.writelines(lines)
    writer.write_eof()
    answers = [json.loads(line) for line in (await reader.read()).splitlines()]
    writer.close()
    return answers


def test_a_question_gets_its_answer_in_plain_values(tmp_path: Path) -> None:
    async def use() -> None:
        assert await ask(tmp_path, "echo", {"symbol": "BTC/USDT:USDT"}) == {"symbol": "BTC/USDT:USDT"}
        assert await ask(tmp_path, "facts") == [
            {"type": "Tick", "at_ms": 5},
            "1.50",
            "note",
            {"1": None},
            ["a", "b"],
        ]

    serving(tmp_path, use)


def test_nobody_running_is_none_with_and_without_a_dead_socket(tmp_path: Path) -> None:
    assert asyncio.run(ask(tmp_path, "echo")) is None
    assert asyncio.run(ask(tmp_path / "none", "echo")) is None
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(socket_path(tmp_path)))
    dead.close()
    assert socket_path(tmp_path).exists()
    assert asyncio.run(ask(tmp_path, "echo")) is None


def test_a_dead_socket_is_replaced_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(socket_path(tmp_path)))
    dead.close()

    async def use() -> None:
        assert await ask(tmp_path, "echo") == {}

    serving(tmp_path, use)
    assert list(tmp_path.iterdir()) == []


def test_only_we_can_connect(tmp_path: Path) -> None:
    async def use() -> None:
        assert socket_path(tmp_path).stat().st_mode & 0o777 == 0o600

    serving(tmp_path, use)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose name is short enough for a socket; that of `tmp_path` is too long under xdist."""
    with tempfile.TemporaryDirectory(prefix="hf", dir="/tmp") as folder:
        yield Path(folder)


def test_a_data_directory_too_deep_for_a_socket_has_it_in_a_private_folder(
    tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)

    async def use() -> None:
        assert await ask(deep, "echo", {"a": 1}) == {"a": 1}
        assert await ask(deep.parent, "echo") is None
        assert socket_path(deep).parent.stat().st_mode & 0o777 == 0o700

    serving(deep, use)
    assert list(deep.iterdir()) == []
    socket_path(deep).parent.chmod(0o755)
    with pytest.raises(ControlError, match="others may use this folder"):
        serving(deep, use)
    with pytest.raises(ControlError, match="others may use this folder"):
        asyncio.run(ask(deep, "echo"))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("picky", "symbol 7, expected a string"),
        ("broken", "journal.db: damaged; move it aside"),
        ("defective", "the query failed: ZeroDivisionError: division by zero"),
        ("float", "the query failed: TypeError: float has no plain form"),
        ("endless", "more than 8388608; ask for less at a time"),
        ("none", "no query 'none'; there are broken, defective, echo"),
    ],
)
def test_a_question_that_cannot_be_answered_gets_the_reason(tmp_path: Path, query: str, error: str) -> None:
    async def use() -> None:
        with pytest.raises(ControlError) as refused:
            await ask(tmp_path, query)
        assert error in str(refused.value)
        assert await ask(tmp_path, "echo") == {}

    serving(tmp_path, use)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"hello\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[" * 50_000 + b"\n", "not JSON"),
        (b"[]\n", "expected"),
        (b'{"query": 7}\n', "expected"),
        (b'{"query": "echo", "args": []}\n', "expected"),
        (b'{"query": "echo", "more": 1}\n', "expected"),
        (b"x" * (REQUEST_MAX * 3) + b"\n", f"longer than {REQUEST_MAX} bytes"),
    ],
)
def test_nonsense_is_answered_and_the_connection_goes_on(tmp_path: Path, line: bytes, error: str) -> None:
    async def use() -> None:
        first, second = await say(tmp_path, line, b'{"query": "echo", "args": {"n": 1}}\n')
        assert first["ok"] is False
        assert error in str(first["error"])
        assert second == {"ok": True, "reply": {"n": 1}}

    serving(tmp_path, use)


def test_a_half_line_is_no_question(tmp_path: Path) -> None:
    async def use() -> None:
        assert await say(tmp_path, b'{"query": "echo"}') == []
        assert await say(tmp_path, b"x" * (REQUEST_MAX * 3)) == [
            {"ok": False, "error": f"the line is longer than {REQUEST_MAX} bytes"}
        ]

    serving(tmp_path, use)


def test_one_connection_too_many_is_turned_away_and_room_comes_back(tmp_path: Path) -> None:
    async def use() -> None:
        open_ = [await asyncio.open_unix_connection(socket_path(tmp_path)) for _ in range(CONNECTIONS_MAX)]
        for reader, writer in open_:
            writer.write(b'{"query": "echo"}\n')
            assert json.loads(await reader.readline()) == {"ok": True, "reply": {}}
        with pytest.raises(ControlError, match="too many connections; try again"):
            await ask(tmp_path, "echo")
        reader, writer = open_.pop()
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert await ask(tmp_path, "echo") == {}
        for _, writer in open_:
            writer.close()

    serving(tmp_path, use)


def test_a_silent_connection_is_closed(tmp_path: Path) -> None:
    async def use() -> None:
        reader, writer = await asyncio.open_unix_connection(socket_path(tmp_path))
        assert await reader.read() == b""
        writer.close()

    serving(tmp_path, use, idle_s=0.01)


def test_leaving_does_not_wait_for_open_connections(tmp_path: Path) -> None:
    async def use() -> None:
        reader, writer = await asyncio.open_unix_connection(socket_path(tmp_path))
        writer.write(b'{"query": "echo"}\n')
        await reader.readline()
        open_.append(writer)

    open_: list[asyncio.StreamWriter] = []

    async def main() -> None:
        async with ControlServer(tmp_path, QUERIES).listening():
            await use()
        open_[0].close()

    asyncio.run(main())


def test_a_process_that_does_not_answer_is_an_error_and_not_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(socket_path(tmp_path)))
        mute.listen()
        with pytest.raises(ControlError, match="the running process does not answer; look at its log"):
            asyncio.run(ask(tmp_path, "echo", timeout_s=0.02))


def test_a_socket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    async def use() -> None:
        raise AssertionError("it must not come this far")

    before = os.umask(0o022)
    os.umask(before)
    socket_path(tmp_path).mkdir()
    with pytest.raises(ControlError, match=r"control\.sock: Is a directory; check the path"):
        serving(tmp_path, use)
    assert os.umask(before) == before


def test_plain_refuses_what_is_not_exact() -> None:
    with pytest.raises(TypeError, match="float has no plain form"):
        plain([1.5])


@pytest.mark.parametrize(
    "reply",
    ["[]", "1", "null", '"ok"', "{}", '{"ok": true}', '{"ok": false, "error": 3}', "[" * 20_000, "no"],
)
def test_a_reply_of_another_program_is_an_error_in_words(tmp_path: Path, reply: str) -> None:
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(reply.encode() + b"\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_unix_server(stranger, socket_path(tmp_path)):
            with pytest.raises(ControlError, match="the answer is not one of ours"):
                await ask(tmp_path, "echo")

    asyncio.run(main())
