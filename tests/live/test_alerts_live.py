"""Somebody is woken: the real process, a crash at its exchange, and a webhook that listens."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.building.exchange import Exchange
from tests.live.conftest import Run
from tests.live.running_bot import Bot, guarded
from tests.live.test_ordering_live import ordered
from tests.live.test_run_live import stops

ALERTS = """
[alerts]
group_within = "200ms"
repeat_every = "10s"

[[alerts.channels]]
name = "phone"
url = "env:HOOK"
levels = ["info", "warning", "critical"]

[[alerts.channels]]
name = "dead"
url = "env:DEAD"
"""


class Phone(ThreadingHTTPServer):
    """What arrived at a webhook, as title and text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.messages: list[dict[str, Any]] = []

    def has(self, word: str) -> bool:
        return any(word in f"{message['title']}\n{message['message']}" for message in self.messages)


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Phone)
        self.server.messages.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_who_is_asleep_is_told_what_was_done_until_he_has_seen_it(
    holdfast: Run, exchange: Exchange, config: Path, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"json://127.0.0.1:{phone.server_port}/canary")
    monkeypatch.setenv("DEAD", "json://127.0.0.1:1/canary")
    config.write_text(config.read_text() + ALERTS)
    said: dict[str, str] = {}

    def crash(bot: Bot) -> None:
        exchange.until(lambda books: len(stops(books)) == 1)
        exchange.mark("94.5")
        bot.until(lambda: phone.has("added"))
        bot.until(lambda: json.loads(ordered("alerts", config, "--json"))["channels"][1]["failures"])
        said["alerts"] = ordered("alerts", config)
        said["ack"] = ordered("ack", config)
        said["after"] = ordered("alerts", config)

    answer = guarded(holdfast, config, "--live", crash)
    assert answer.exit_code == 0, answer.output + answer.stderr
    (told,) = [message for message in phone.messages if "added" in message["message"]]
    assert "BTC long: added" in told["message"]
    assert "margin (top_up)" in told["message"]
    assert "live - main" in told["message"]
    assert "failed" in said["alerts"]
    assert "canary" not in answer.output + said["alerts"]
    assert "WAITS FOR SOMEBODY" not in said["after"]
    notes = json.loads(holdfast("journal", "-c", config, "--json", "--kind", "alert").stdout)["rows"]
    told_by = {row["body"]["channel"] for row in notes if row["kind"] == "AlertTold"}
    assert told_by == {"phone", "dead"}
