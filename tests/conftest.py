"""What every test may ask for: the recorded data, and how hard hypothesis looks."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a shared machine is slow at times and no test here is about time. `make slow` looks harder, and
# at other cases each time; the fast suite gives the same answer every time.
NOT_ABOUT_TIME = [HealthCheck.too_slow]
settings.register_profile(
    "fast", deadline=None, derandomize=True, max_examples=60, suppress_health_check=NOT_ABOUT_TIME
)
settings.register_profile("slow", deadline=None, max_examples=600, suppress_health_check=NOT_ABOUT_TIME)


def pytest_configure(config: pytest.Config) -> None:
    """Look harder when the long tests were asked for."""
    settings.load_profile("slow" if config.getoption("markexpr") == "slow" else "fast")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded data beside the checkout; HOLDFAST_SHARED names another place."""
    folder = Path(os.environ.get("HOLDFAST_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no recorded data at {folder}; HOLDFAST_SHARED may name its folder")
    return folder
