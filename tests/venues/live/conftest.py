"""Lets the tests of this folder share their fakes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import pytest

from tests.venues.live.server import Certificate, make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One for all tests, because making it takes a while."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
