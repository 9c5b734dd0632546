"""The service manager's protocol, on a real socket of each kind."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.runtime.watchdogs.supervisor import Supervisor

ABSTRACT = pytest.mark.skipif(sys.platform != "linux", reason="abstract names are Linux's own")


class Manager:
    """What systemd is to a service: a socket of datagrams."""

    def __init__(self, own: socket.socket) -> None:
        self._own = own

    def heard(self) -> list[str]:
        """All that came since the last look."""
        found = []
        while True:
            try:
                found.append(self._own.recv(4096).decode())
            except BlockingIOError:
                return found


@contextmanager
def manager(address: str) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.bind("\0" + address[1:] if address.startswith("@") else address)
        own.setblocking(False)
        yield Manager(own)


@pytest.fixture(params=["path", pytest.param("abstract", marks=ABSTRACT)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@holdfast-test-{os.getpid()}"


def test_it_hears_of_the_start_of_life_of_the_state_and_of_the_end(address: str) -> None:
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}
    with manager(address) as systemd:
        supervisor = Supervisor.named_by(environ)
        supervisor.status("main\nrecovering")
        supervisor.ready()
        supervisor.ready()
        supervisor.alive()
        supervisor.alive()
        supervisor.status("main armed")
        supervisor.status("main armed")
        supervisor.stopping()
        assert systemd.heard() == [
            "STATUS=main recovering",
            "READY=1",
            "WATCHDOG=1",
            "WATCHDOG=1",
            "STATUS=main armed",
            "STOPPING=1",
        ]
    assert supervisor.unheard == 0
    assert environ == {}, "a child would speak for us"


@pytest.mark.parametrize(
    ("usec", "pid", "watchdog_ms", "pace_ms"),
    [
        ("", "", None, 1_000),
        ("20000000", "", 20_000, 1_000),
        ("1000000", "ours", 1_000, 500),
        ("20000000", "1", None, 1_000),
        ("0", "", None, 1_000),
        ("soon", "", None, 1_000),
    ],
)
def test_signs_of_life_are_given_where_they_are_wanted_of_us(
    usec: str, pid: str, watchdog_ms: int | None, pace_ms: int, tmp_path: Path
) -> None:
    address = str(tmp_path / "notify")
    pid = str(os.getpid()) if pid == "ours" else pid
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": usec, "WATCHDOG_PID": pid}
    with manager(address) as systemd:
        supervisor = Supervisor.named_by(environ)
        supervisor.alive()
        assert (supervisor.watchdog_ms, supervisor.pace_ms) == (watchdog_ms, pace_ms)
        assert systemd.heard() == (["WATCHDOG=1"] if watchdog_ms else [])


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_without_a_manager_nothing_is_told(address: str) -> None:
    supervisor = Supervisor.named_by({"NOTIFY_SOCKET": address})
    supervisor.ready()
    assert supervisor.unheard == 0


def test_a_manager_that_is_gone_or_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with manager(address):
        supervisor = Supervisor(address, 1_000)
        for _ in range(10_000):  # More than any socket keeps for somebody who does not read.
            supervisor.alive()
        full = supervisor.unheard
        assert full > 0
    Path(address).unlink()
    supervisor.alive()
    assert supervisor.unheard == full + 1
