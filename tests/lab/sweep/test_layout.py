"""What a sweep is known by: everything its results depend on, and nothing else."""

from pathlib import Path

from bot.config import load
from bot.lab.scenarios import library
from bot.lab.sweep.parameters import parse_axes
from bot.lab.sweep.sweep import Layout, lay_out
from tests.lab.sweep.small import ROOT, a_layout

RULE = '''"""Halve a position, once."""

from decimal import Decimal

from bot.core.intents import ReducePosition
from bot.core.rule import Decisions, Params, Ratio, Rule
from bot.core.view import View


class HalveParams(Params):
    below: Ratio = Decimal("0.05")


class Halve(Rule[HalveParams]):
    def decide(self, view: View) -> Decisions:
        yield ReducePosition(id=view.id, quantity=view.position.quantity / 2), "near"
'''


def halving(
    folder: Path, rule: str, *, words: tuple[str, ...] = ("halve.below=0.04,0.06",), seed: int = 1
) -> Layout:
    folder.mkdir(exist_ok=True)
    (folder / "halve.py").write_text(rule, encoding="utf-8")
    (folder / "more.toml").write_text('[[rules]]\nname = "halve"\nuse = "halve.py"\n', encoding="utf-8")
    settings = load([ROOT / "config" / "paper.toml", folder / "more.toml"], {})
    crashes = library(["whipsaw", "gap"], ROOT / "config" / "scenarios")
    return lay_out(settings, parse_axes(settings, words), crashes, hold_back=1, seed=seed)


def test_the_same_in_another_folder_is_the_same_sweep(tmp_path: Path) -> None:
    one, other = halving(tmp_path / "one", RULE), halving(tmp_path / "other", RULE)
    assert one.head() == other.head()
    assert one.digest() == other.digest()


def test_a_rule_of_ones_own_that_is_edited_makes_another_sweep(tmp_path: Path) -> None:
    before = halving(tmp_path / "one", RULE).head()
    after = halving(tmp_path / "two", RULE.replace("/ 2", "/ 3")).head()
    assert list(before["rules"]) == ["halve"]
    assert {name for name in before if before[name] != after[name]} == {"rules"}


def test_rules_that_come_along_go_by_the_version_of_the_program() -> None:
    assert a_layout().head()["rules"] == {}


def test_parameters_seed_and_crashes_make_another_sweep(tmp_path: Path) -> None:
    one = halving(tmp_path / "one", RULE).head()
    values = halving(tmp_path / "one", RULE, words=("halve.below=0.04,0.07",)).head()
    assert {name for name in one if one[name] != values[name]} == {"parameters"}
    drawn = {seed: halving(tmp_path / "one", RULE, seed=seed).head() for seed in range(1, 9)}
    # With two crashes there are two ways to hold one back.
    assert {tuple(head["held_back"]) for head in drawn.values()} == {("gap",), ("whipsaw",)}
    assert len({head["seed"] for head in drawn.values()}) == 8
