"""``holdfast sweep``: what it answers, and what is said to whoever mistypes."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click import unstyle
from click.testing import Result

Run = Callable[..., Result]
ONE = ("--jobs", "1", "--scenarios", "whipsaw,2025-10-10", "--hold-back", "2025-10-10")
GRID = ("top_up.below=0.04,0.06", "top_up.restore_to=0.05,0.09")


def test_a_sweep_answers_with_a_choice_its_neighbours_and_what_judges_it(
    holdfast: Run, tmp_path: Path
) -> None:
    result = holdfast("sweep", *GRID, *ONE, "--json", "--out", "here.jsonl")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["parameters"] == ["top_up.below", "top_up.restore_to"]
    assert (answer["in_sample"], answer["held_back"]) == (["whipsaw"], ["2025-10-10"])
    assert answer["configured"]["values"] == {"top_up.below": "0.06", "top_up.restore_to": "0.09"}
    # Of four cells one cannot be: it would restore to less than what it acts below.
    assert [each["values"]["top_up.below"] for each in answer["results"]] == ["0.04", "0.04", "0.06"]
    assert answer["left_out"]["cells"] == 1
    assert "restore_to 0.05 must be above below 0.06" in answer["left_out"]["because"]
    # The last is what is configured.
    same = ("survived", "cost", "equity", "margin_added", "smallest_distance")
    assert [answer["results"][2][name] for name in same] == [answer["configured"][name] for name in same]
    assert answer["judged"]["chosen"]["crashes"] == 1
    assert answer["pareto"][0] == answer["chosen"]
    assert len((tmp_path / "here.jsonl").read_text("utf-8").splitlines()) == 1 + 4 + 2


def test_people_get_a_choice_maps_and_lists_and_a_page_if_they_want(holdfast: Run, tmp_path: Path) -> None:
    result = holdfast("sweep", *GRID, *ONE, "--report", "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Chosen: top_up.below 0.0" in page
    assert "://" not in page
    text = unstyle(result.output)
    assert text.startswith("CHOSEN: top_up.below 0.0")
    for part in (
        "1 of 1 crashes are survived",
        "held back and judged once: 2025-10-10",
        "crashes survived: top_up.below down, top_up.restore_to across",
        "cost of a crash: top_up.below down, top_up.restore_to across",
        "[100%]",
        "Pareto list",
        "STABLE",
        "1 cell is left out: ",
        "results: data/sweeps/",
    ):
        assert part in text


def test_paths_count_beside_the_crashes(holdfast: Run, tmp_path: Path) -> None:
    paths = ("--paths", "3", "--from", "dead_market", "--report", "page.html")
    result = holdfast("sweep", "top_up.below=0.06", *ONE, *paths, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["paths"]["in_sample"], answer["paths"]["held_back"]) == (3, 3)
    assert (answer["chosen"]["crashes"], answer["chosen"]["paths"]) == (1, 3)
    assert answer["judged"]["chosen"]["paths"] == 3
    # The only cell is as configured, and meets the same paths.
    assert answer["configured"]["cost"] == answer["chosen"]["cost"]
    assert "paths are drawn from" in (tmp_path / "page.html").read_text("utf-8")
    text = unstyle(holdfast("sweep", "top_up.below=0.06", *ONE, *paths).stdout)
    assert "1 of 1 crashes and 3 of 3 paths are survived" in text
    assert "crashes and paths survived: top_up.below down" in text


def test_what_is_done_already_is_not_done_again(holdfast: Run, tmp_path: Path) -> None:
    first = holdfast("sweep", "top_up.below=0.04,0.06", *ONE, "--json")
    (kept,) = (tmp_path / "data" / "sweeps").iterdir()
    whole = kept.read_bytes()
    # Of the first three cells two were done, and the third was being written.
    lines = whole.splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:3]) + lines[3][:100])
    again = holdfast("sweep", "top_up.below=0.04,0.06", *ONE, "--json")
    one, two = json.loads(first.output), json.loads(again.output)
    one.pop("seconds")
    two.pop("seconds")
    assert one == two
    assert kept.read_bytes() == whole


def test_another_sweep_is_kept_elsewhere_or_refused(holdfast: Run, tmp_path: Path) -> None:
    holdfast("sweep", "top_up.below=0.04", *ONE, "--out", "one.jsonl")
    before = (tmp_path / "one.jsonl").read_bytes()
    refused = holdfast("sweep", "top_up.below=0.05", *ONE, "--out", "one.jsonl")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "one.jsonl: holds another sweep, with another parameters; name another file with --out\n"
    )
    assert (tmp_path / "one.jsonl").read_bytes() == before


def test_cells_are_drawn_at_random_from_a_range(holdfast: Run) -> None:
    result = holdfast("sweep", "top_up.below=0.04:0.08", "--random", "1", "--seed", "3", *ONE, "--json")
    answer = json.loads(result.output)
    (only,) = answer["results"]
    assert Decimal("0.04") <= Decimal(only["values"]["top_up.below"]) <= Decimal("0.08")
    assert (answer["random"], answer["seed"]) == (1, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Missing argument"),
        (("top_up.belwo=0.05:0.2:7",), 2, 'top_up has no parameter "belwo"; did you mean "below"?'),
        (("topup.below=0.05:0.2:7",), 2, 'no rule "topup" in the configuration; did you mean "top_up"?'),
        (("top_up.below=0.05:0.2",), 2, "how many values?"),
        (("top_up.below=0.05:1.2:3",), 4, "top_up.below=1.2: rules[2].params.below: found 1.2; allowed:"),
        (("top_up.below=0.04", "--hold-back", "gpa"), 2, 'no scenario "gpa" to hold back'),
        (("top_up.below=0.04", "--hold-back", "24"), 2, "leave some to choose by"),
        (("top_up.below=0.04", "--scenarios", "gpa"), 2, 'there is no scenario "gpa"'),
        (("top_up.below=0.04", "--jobs", "0"), 2, "--jobs"),
        (("top_up.below=0.04", "--paths", "9"), 2, "--from TAPE from what; give both"),
        (("top_up.below=0.04", "--from", "gap"), 2, "--paths N says how many days are drawn"),
        (("top_up.below=0.04", "--paths", "9", "--from", "gpa"), 2, "gpa"),
        (("top_up.below=0.04", "--report", "no/page.html"), 2, "no: no such directory"),
        (("top_up.below=0.04", "--positions", "no.toml"), 4, "no.toml: cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    holdfast: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = holdfast("sweep", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
