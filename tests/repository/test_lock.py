"""The lock files: versions and hashes for every platform, and no address anywhere."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]

REQUIREMENT = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][^ ]*)( ; .+)?( \\)?")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")

# An address, an option that leads to one, or a place on the machine that wrote the file. `aiohttp` is a name.
ADDRESS = re.compile(
    r"://|\bhttps?\b|\bwww\.|\bindex\b|find-links|trusted-host|(?:^|\s)-[a-z]\s|(?:^|\s)/|@|file:|\.whl|\.tar"
)


def pins(lock: str) -> dict[tuple[str, str], frozenset[str]]:
    """The hashes of each (name, version with its marker) of a lock file."""
    found: dict[tuple[str, str], set[str]] = {}
    current: set[str] = set()
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line.startswith("    --hash="):
            current.add(line.strip(" \\"))
        else:
            name, rest = line.rstrip(" \\").split("==", 1)
            current = found.setdefault((name, rest), set())
    return {pin: frozenset(hashes) for pin, hashes in found.items()}


def declared(*extras: str) -> list[Requirement]:
    """What pyproject asks for: the dependencies and those of the named extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: str) -> None:
    for number, line in enumerate((ROOT / lock).read_text(encoding="utf-8").splitlines(), start=1):
        assert REQUIREMENT.fullmatch(line) or HASH.fullmatch(line), f"{lock}:{number}: {line}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    for number, line in enumerate((ROOT / lock).read_text(encoding="utf-8").splitlines(), start=1):
        assert not ADDRESS.search(line), f"{lock}:{number}: {line}"


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--extra-index-url http://packages.example/simple",
        "--find-links /srv/wheels",
        "-i packages.example",
        "aiohttp @ file:///srv/wheels/aiohttp-3.whl",
        "# from https://packages.example",
    ],
)
def test_an_address_would_be_seen(line: str) -> None:
    assert ADDRESS.search(line)
    assert not REQUIREMENT.fullmatch(line)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    assert [pin for pin, hashes in pins(lock).items() if not hashes] == []


def test_tests_run_on_exactly_the_versions_that_ship() -> None:
    runtime, developers = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {pin: developers.get(pin) for pin in runtime} == runtime


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ["build"]), ("requirements-dev.lock", ["build", "parquet", "cluster", "dev"])],
)
def test_every_declared_dependency_is_locked_within_its_range(lock: str, extras: list[str]) -> None:
    locked: dict[str, list[str]] = {}
    for name, rest in pins(lock):
        locked.setdefault(name, []).append(rest.split(" ; ")[0])
    for requirement in declared(*extras):
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not in {lock}"
        assert all(version in requirement.specifier for version in versions), f"{requirement}: {versions}"


def test_the_tools_of_developers_stay_out_of_the_lock_that_runs() -> None:
    running = {name for name, _ in pins("requirements.lock")}
    assert (
        running & {"distributed", "hypothesis", "import-linter", "mypy", "pyarrow", "pytest", "ruff"} == set()
    )
