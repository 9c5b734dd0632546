"""An exchange on loopback, and a configuration for its account."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from tests.building.exchange import Exchange, a_real_time_world, running
from tests.building.simulator import ALICES_KEY, BOBS_KEY

CONFIG = """\
mode = "live"

[accounts.main]
venue = "binanceusdm"
keys = {{ api_key = "env:ALICES_KEY", secret = "env:ALICES_SECRET" }}
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

[limits]
cooldown = "1s"
margin_per_day = 500

[[rules]]
use = "top_up"
params = {{ below = 0.07, restore_to = 0.10 }}
"""

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making a certificate takes longer than most tests."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def exchange(certificates: Path) -> Iterator[Exchange]:
    with running(a_real_time_world(), certificates) as found:
        yield found


def configured(exchange: Exchange, folder: Path) -> Path:
    path = folder / "bot.toml"
    path.write_text(CONFIG.format(port=exchange.port, ca_file=exchange.ca_file))
    return path


@pytest.fixture
def config(exchange: Exchange, tmp_path: Path) -> Path:
    return configured(exchange, tmp_path)


@pytest.fixture
def holdfast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line with the keys of Alice and Bob in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for key in (ALICES_KEY, BOBS_KEY):
        owner = f"{key.account}s".upper()
        monkeypatch.setenv(f"{owner}_KEY", key.key)
        monkeypatch.setenv(f"{owner}_SECRET", key.secret)
        monkeypatch.setenv(f"{owner}_WORD", key.passphrase)

    def run(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="holdfast")

    return run
