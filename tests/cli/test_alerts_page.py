"""The page on alerts: its configuration is a good one, and its message is what is really written."""

import tomllib
from pathlib import Path

import pytest

from bot.config import load
from bot.runtime.alerts.compose import policy_of
from bot.runtime.secrets import channel_urls

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


def configuration() -> str:
    return PAGE.split("```toml\n", 1)[1].split("```", 1)[0]


def test_the_configuration_of_the_page_is_one(tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(f"[accounts.main]\nbalance = 1000\n\n{configuration()}")
    policy = policy_of(load(path, {}).config.alerts)
    assert [route.name for route in policy.routes] == ["phone", "sms", "mail"]
    assert policy.quiet is not None


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('url = "env:PUSH_URL"', 'url = "ntfys://canary"', "an address is not written into the file"),
        ('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlinn"', 'did you mean "Europe/Berlin"'),
        ('digest = "08:00"', 'digest = "8"', "allowed: a time of the day"),
        ('digest = "08:00"', 'digest = "08:00"\nunacknowledged_after = "1m"', "either a digest or"),
        ('name = "sms"', 'name = "phone"', "two channels have one name"),
        ('levels = ["critical"]', 'levels = ["loud"]', "critical"),
        ("per_day = 20", "per_day = 0", "at least 1"),
    ],
)
def test_a_bad_value_is_refused_with_its_line_and_without_the_address(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    path = tmp_path / "bot.toml"
    text = f"[accounts.main]\nbalance = 1000\n\n{configuration()}"
    assert was in text
    path.write_text(text.replace(was, becomes, 1))
    with pytest.raises(Exception, match=r"bot\.toml:") as caught:
        load(path, {})
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_an_address_that_is_not_there_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(f"[accounts.main]\nbalance = 1000\n\n{configuration()}")
    with pytest.raises(Exception, match="PUSH_URL is not set"):
        channel_urls(load(path, {}), environ={})


def test_every_block_of_toml_on_the_page_parses() -> None:
    for block in PAGE.split("```toml\n")[1:]:
        tomllib.loads(block.split("```", 1)[0])
