"""Who watches the bot, as the file says it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.runtime.redaction import redact
from bot.runtime.secrets import heartbeat_url

BASE = """\
[accounts.main]
balance = 1000
"""
TOKEN = "7d1f0f1e-9c55-4e3e-canary"
URL = f"https://hc.example/{TOKEN}"


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Settings]:
    def made(text: str) -> Settings:
        path = tmp_path / "bot.toml"
        path.write_text(BASE + text)
        return load(path, {})

    return made


def refused(settings: Callable[[str], Settings], text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        heartbeat_url(settings(text), environ=environ or {})
    return str(caught.value)


def test_without_an_address_nobody_is_pinged(settings: Callable[[str], Settings]) -> None:
    assert heartbeat_url(settings("")) is None


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8000/x", "http://localhost/x", "http://[::1]:80/x"])
def test_an_address_is_https_or_on_this_machine(settings: Callable[[str], Settings], url: str) -> None:
    found = settings(f'[heartbeat]\nurl = "{url}"\nevery = "5s"')
    assert heartbeat_url(found) == url
    assert found.config.heartbeat.every == 5_000


def test_an_address_may_be_kept_elsewhere_and_is_hidden_either_way(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    kept = tmp_path / "url"
    kept.write_text(f"{URL}-in-a-file\n")
    kept.chmod(0o600)
    assert heartbeat_url(settings('[heartbeat]\nurl = "env:HB"'), environ={"HB": URL}) == URL
    assert heartbeat_url(settings('[heartbeat]\nurl = "file:url"')) == f"{URL}-in-a-file"
    for text in (URL, f"GET /{TOKEN} failed", f"{URL}-in-a-file"):
        assert "canary" not in redact(text)


@pytest.mark.parametrize(
    "url",
    [
        f"http://hc.example/{TOKEN}",
        f"ftp://hc.example/{TOKEN}",
        f"{TOKEN}",
        f"https:///{TOKEN}",
        f"https://a b/{TOKEN}",
    ],
)
def test_what_is_no_such_address_is_refused_and_never_repeated(
    settings: Callable[[str], Settings], url: str
) -> None:
    there = refused(settings, f'[heartbeat]\nurl = "{url}"')
    assert "bot.toml:4: heartbeat.url" in there
    elsewhere = refused(settings, '[heartbeat]\nurl = "env:HB"', {"HB": url})
    assert "bot.toml:4: heartbeat.url" in elsewhere
    assert TOKEN not in there + elsewhere
    assert "https://" in there


def test_an_address_that_is_not_where_it_should_be_is_a_mistake_with_its_line(
    settings: Callable[[str], Settings],
) -> None:
    assert "environment variable HB is not set" in refused(settings, '[heartbeat]\nurl = "env:HB"')


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('loop_dump = "10s"', "loop_dump has to be below loop_abort"),
        ("memory_growth_limit = 256", "memory_growth_warning has to be below memory_growth_limit"),
        ("descriptors_warning = 900", "descriptors_warning has to be below descriptors_limit"),
        ("tasks_limit = 0", "tasks_limit"),
    ],
)
def test_a_bound_that_warns_lies_below_the_one_that_ends_it(
    settings: Callable[[str], Settings], line: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        settings(f"[watchdogs]\n{line}")


def test_how_it_is_watched_decides_nothing(settings: Callable[[str], Settings]) -> None:
    watched = settings(f'[watchdogs]\nloop_abort = "1m"\n[heartbeat]\nurl = "{URL}"')
    assert watched.digest() == settings("").digest()
