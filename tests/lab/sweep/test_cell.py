"""A cell plays what a stress test plays."""

import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import load
from bot.config.errors import ConfigError, Origin, Problem
from bot.config.read import Document
from bot.config.settings import Settings
from bot.lab.scenarios import library
from bot.lab.stress.matrix import YOURS, StressResult, stress
from bot.lab.stress.trial import RuleSet
from bot.lab.sweep.cell import Outcome, Sample, Task, anchored, evaluate
from bot.lab.sweep.errors import SweepError
from bot.lab.sweep.parameters import changed, parse_axes
from bot.lab.sweep.sweep import CONFIGURED, Layout, lay_out

PAPER = Path(__file__).resolve().parents[3] / "config" / "paper.toml"
CRASHES = library(["whipsaw", "gap"])


@pytest.fixture(scope="module")
def paper() -> Settings:
    return load(PAPER, {})


@pytest.fixture(scope="module")
def layout(paper: Settings) -> Layout:
    axes = parse_axes(paper, ("top_up.below=0.04,0.08",))
    return lay_out(paper, axes, CRASHES, hold_back=0, faults=True)


def assert_same(outcome: Outcome, result: StressResult) -> None:
    assert [each.scenario for each in outcome.crashes] == [each.scenario for each in result.trials]
    for crash, trial in zip(outcome.crashes, result.trials, strict=True):
        assert crash.digest == trial.digest
        assert (crash.survived, crash.cost, crash.equity) == (trial.survived, trial.cost, trial.equity)
        assert crash.margin_added == trial.margin_added
        assert crash.nearest == min(round(f.nearest, 6) for f in trial.fates if f.nearest is not None)


def test_a_cell_is_a_stress_test_with_its_values(paper: Settings, layout: Layout) -> None:
    outcome = evaluate(Task(question=layout.question(Sample.IN), sample=Sample.IN, cell=layout.cells[1]))
    settings = changed(paper, layout.axes, (Decimal("0.08"),))
    result = stress([RuleSet(name=YOURS, settings=settings)], CRASHES, prices={}, faults=True)
    assert_same(outcome, result)
    assert outcome.values == ("0.08",)


def test_the_first_cell_is_a_stress_test_of_the_configuration(paper: Settings, layout: Layout) -> None:
    outcome = evaluate(Task(question=layout.question(Sample.IN), sample=Sample.IN, cell=CONFIGURED))
    assert_same(outcome, stress([RuleSet(name=YOURS, settings=paper)], CRASHES, prices={}, faults=True))
    assert outcome.values == ()


def test_a_task_and_its_outcome_can_be_sent(layout: Layout) -> None:
    task = Task(question=layout.question(Sample.IN), sample=Sample.IN, cell=layout.cells[0])
    sent: Task = pickle.loads(pickle.dumps(task))
    assert sent.question.document == task.question.document
    assert evaluate(sent) == evaluate(task)


def test_a_worker_with_another_version_says_so(layout: Layout) -> None:
    question = layout.question(Sample.IN)
    object.__setattr__(question, "program", "0.0.1")
    with pytest.raises(SweepError, match=r"a worker has Holdfast .*, and this is 0\.0\.1"):
        evaluate(Task(question=question, sample=Sample.IN, cell=CONFIGURED))


def test_files_are_found_from_another_folder() -> None:
    document = Document(
        values={}, origins={("a",): Origin("config/paper.toml", 3), ("b",): Origin("top_up.below=0.1")}
    )
    found = anchored(document).origins
    assert found["a",] == Origin(str(Path("config/paper.toml").absolute()), 3)
    assert found["b",] == Origin("top_up.below=0.1")


def test_what_is_wrong_with_a_configuration_can_be_sent_back() -> None:
    error = ConfigError([Problem(Origin("a.toml", 3), "rules", "found nothing")])
    sent: ConfigError = pickle.loads(pickle.dumps(error))
    assert (str(sent), sent.problems) == (str(error), error.problems)
