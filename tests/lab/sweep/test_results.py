"""The results file: what it keeps, what it forgives, what it refuses."""

import json
from pathlib import Path

import pytest

from bot.lab.sweep.cell import Sample
from bot.lab.sweep.errors import ResultsError
from bot.lab.sweep.results import results
from tests.building.sweeps import a_crash, an_outcome, some_paths

HEAD = {"config": "c1", "seed": 1}
ONE = an_outcome(1, a_crash(cost="0.1"))
TWO = an_outcome(2, a_crash(survived=False), values=("0.1",), paths=some_paths(cost="0.25"))
JUDGED = an_outcome(1, sample=Sample.HELD_BACK)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "sweep.jsonl"


def written(path: Path, *outcomes: object) -> None:
    with results(path, HEAD) as kept:
        for outcome in outcomes:
            kept.keep(outcome)  # type: ignore[arg-type]


def test_what_is_kept_is_there_again(path: Path) -> None:
    written(path, TWO, JUDGED, ONE)
    with results(path, HEAD) as again:
        assert again.outcomes == {
            (Sample.IN, 1): ONE,
            (Sample.IN, 2): TWO,
            (Sample.HELD_BACK, 1): JUDGED,
        }


def test_it_is_in_the_file_as_soon_as_it_is_kept(path: Path) -> None:
    with results(path, HEAD) as kept:
        kept.keep(ONE)
        head, line = path.read_text("utf-8").splitlines()
    assert json.loads(head) == {"holdfast_sweep": 1, **HEAD}
    assert json.loads(line)["crashes"][0]["cost"] == "0.1"


def test_in_the_end_it_is_the_same_in_whichever_order_cells_came(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    for place, outcomes in ((path, (TWO, JUDGED, ONE)), (other, (ONE, TWO, JUDGED))):
        with results(place, HEAD) as kept:
            for outcome in outcomes:
                kept.keep(outcome)
            kept.finish()
    assert path.read_bytes() == other.read_bytes()
    assert [json.loads(line)["cell"] for line in path.read_text("utf-8").splitlines()[1:]] == [1, 2, 1]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("left", [1, 40, 200])
def test_a_last_line_that_was_being_written_is_dropped(path: Path, left: int) -> None:
    written(path, ONE)
    whole = path.read_bytes()
    written(path, TWO)
    path.write_bytes(path.read_bytes()[: len(whole) + left])
    with results(path, HEAD) as again:
        assert set(again.outcomes) == {(Sample.IN, 1)}
        again.keep(TWO)
    with results(path, HEAD) as again:
        assert set(again.outcomes) == {(Sample.IN, 1), (Sample.IN, 2)}


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_first_line_that_was_being_written_is_begun_again(path: Path, left: int) -> None:
    written(path)
    path.write_bytes(path.read_bytes()[:left])
    written(path, ONE)
    with results(path, HEAD) as again:
        assert set(again.outcomes) == {(Sample.IN, 1)}


def test_another_sweep_is_refused_with_what_differs(path: Path) -> None:
    written(path, ONE)
    before = path.read_bytes()
    with (
        pytest.raises(ResultsError, match="holds another sweep, with another config; name another file"),
        results(path, {"config": "c2", "seed": 1}),
    ):
        pass
    with (
        pytest.raises(ResultsError, match="with another seed, random; "),
        results(path, {"config": "c1", "seed": 2, "random": 5}),
    ):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("held", ["my notes", "my notes\n", '{"a": 1}\n', "[]\n", "\n"])
def test_what_is_no_sweep_is_refused_and_left_as_it_is(path: Path, held: str) -> None:
    path.parent.mkdir()
    path.write_text(held, "utf-8")
    with pytest.raises(ResultsError, match="holds something else than a sweep"), results(path, HEAD):
        pass
    assert path.read_text("utf-8") == held


@pytest.mark.parametrize("line", ["{}", "null", "what", '{"cell": 1, "sample": "in_sample", "crashes": 3}'])
def test_a_line_that_is_no_result_is_named(path: Path, line: str) -> None:
    written(path, ONE)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(ResultsError, match=r"sweep\.jsonl:3: is no result of a sweep"), results(path, HEAD):
        pass


def test_two_sweeps_do_not_write_to_one_file(path: Path) -> None:
    with (
        results(path, HEAD),
        pytest.raises(ResultsError, match="another sweep is writing to it"),
        results(path, HEAD),
    ):
        pass
