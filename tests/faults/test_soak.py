"""The soak takes hours: that each of its commands can be run is known before, and what its page is."""

from importlib import import_module

import pytest

from tests.faults.loop.matrix import VENUES
from tests.faults.soak import Found, Part, page, parts


@pytest.mark.parametrize("part", [*parts(8.0, 2), *parts(0.2, 2)], ids=lambda part: part.title)
def test_every_command_of_the_soak_is_there_and_takes_its_options(part: Part) -> None:
    dash, module, *options = part.command
    assert dash == "-m"
    import_module(f"{module}.__main__").parser().parse_args(options)


def test_the_soak_plays_the_matrix_at_every_exchange() -> None:
    played = [part.command[3] for part in parts(8.0, 2) if part.command[1] == "tests.faults.loop"]
    assert sorted(played) == sorted(VENUES)


def test_the_page_says_what_was_run_and_what_was_found() -> None:
    part = Part(title="Kills", about="Ended without warning.", command=("-m", "tests.faults.kill"))
    held = Found(part=part, printed="\n  SIGKILL 7\n", exit_code=0, took_s=60.0)
    text = page([held], [Part(title="Disk", about="", command=())], "abc1234", "2026-01-31")
    assert "No promise was broken." in text
    assert "- 2026-01-31, commit `abc1234`" in text
    assert "`python -m tests.faults.kill` (60 s, exit code 0)\n\n```text\n  SIGKILL 7\n```" in text
    assert "| Kills | held | 1 |\n| Disk | not run | |" in text
    broken = Found(part=part, printed="violations: 1\n", exit_code=1, took_s=60.0)
    assert "**Something was found in: Kills.**" in page([broken], [], "abc1234", "2026-01-31")
