"""One certificate for all tests, because making one takes longer than most of them."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the certificate of the simulator."""
    return tmp_path_factory.mktemp("certificates")
