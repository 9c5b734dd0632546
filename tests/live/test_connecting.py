"""What a person is told where nobody answers, or somebody else than the one that is trusted."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.simulator import Fault, FaultKind
from tests.building.exchange import Exchange
from tests.building.simulator import ALICES_KEY
from tests.live.conftest import Run
from tests.venues.live.server import make_certificate

FLAGS = ("doctor", "--live", "--shadow")


def asked(holdfast: Run, config: Path, how: str) -> tuple[int, str]:
    """Exit code and the one line of a start that cannot be."""
    arguments = ("doctor", config) if how == "doctor" else ("run", config, how, "--for", "9s")
    answer = holdfast(*arguments)
    (line,) = answer.stderr.splitlines()
    return answer.exit_code, line


@pytest.fixture
def nobody(config: Path, exchange: Exchange) -> Path:
    # Nothing listens on port 1, which only the administrator could open.
    config.write_text(config.read_text().replace(f"port = {exchange.port}", "port = 1"))
    return config


def test_a_simulator_that_does_not_run_is_one_line(holdfast: Run, nobody: Path) -> None:
    exit_code, line = asked(holdfast, nobody, "doctor")
    assert exit_code == 1
    assert line == (
        "binanceusdm: nothing answers on port 1 of this machine;"
        " start holdfast simulator there, or correct the port"
    )


def test_the_certificate_of_another_is_a_mistake_with_its_line(
    holdfast: Run, exchange: Exchange, config: Path, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path).file
    config.write_text(config.read_text().replace(str(exchange.ca_file), str(other)))
    before = exchange.books()
    exit_code, line = asked(holdfast, config, "doctor")
    assert exit_code == 4
    assert line.startswith(
        f"{config}:6: accounts.main.loopback.ca_file: what listens on port {exchange.port}"
    )
    assert exchange.books() == before


@pytest.mark.parametrize("how", FLAGS)
def test_a_certificate_that_is_none_is_a_mistake_with_its_line(
    holdfast: Run, exchange: Exchange, config: Path, tmp_path: Path, how: str
) -> None:
    none = tmp_path / "none.crt"
    none.write_text("no certificate\n")
    config.write_text(config.read_text().replace(str(exchange.ca_file), str(none)))
    exit_code, line = asked(holdfast, config, how)
    assert exit_code == 4
    assert f"accounts.main.loopback.ca_file: {none}: no certificate to be read there" in line


def test_an_exchange_that_says_no_is_not_taken_for_a_bad_network(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    # What an account in a mode of tomorrow is answered: an error it will be.
    body = '{"code": -4999, "msg": "not for this kind of account"}'
    exchange.world.faults.order(
        Fault(kind=FaultKind.ERROR_BEFORE, status=400, body=body, path="positionSide")
    )
    exit_code, line = asked(holdfast, config, "doctor")
    assert exit_code == 1
    assert "-4999" in line
    assert "portfolio margin" in line
    assert exchange.books()["orders"] == []


@pytest.mark.parametrize("how", FLAGS)
def test_an_account_in_portfolio_margin_is_not_taken_for_a_bad_key(
    holdfast: Run, exchange: Exchange, config: Path, how: str
) -> None:
    exchange.world.keys.add(replace(ALICES_KEY, portfolio_margin=True))
    exit_code, line = asked(holdfast, config, how)
    assert exit_code == 6
    assert line.startswith("binanceusdm: the account is in portfolio margin (GET positionSide/dual: HTTP 401")
    assert line.endswith("such an account is not guarded; leave that mode, or name another account")
    assert exchange.books()["orders"] == []


def test_a_key_without_futures_is_told_from_one_that_nobody_knows(
    holdfast: Run, exchange: Exchange, config: Path
) -> None:
    exchange.world.keys.add(replace(ALICES_KEY, trade=False))
    refused = Fault(
        kind=FaultKind.ERROR_BEFORE, status=401, body='{"code": -2015, "msg": "no"}', path="positionSide"
    )
    exchange.world.faults.order(refused)
    exit_code, line = asked(holdfast, config, "doctor")
    assert exit_code == 4
    assert line.startswith(f"{config}:5: binanceusdm knows this key, which has no right to futures")
    exchange.world.keys.revoke(ALICES_KEY.key)
    exit_code, line = asked(holdfast, config, "doctor")
    assert exit_code == 4
    assert line.startswith(f"{config}:5: binanceusdm does not accept this key")
