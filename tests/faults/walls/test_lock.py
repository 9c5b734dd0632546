"""Two bots never hold one data directory, whichever comes first."""

from pathlib import Path

import pytest

from bot.runtime.lock import AlreadyRunning, hold


def test_whoever_comes_second_does_not_start(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(AlreadyRunning), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass
