"""The page about conditions says what there is, and its example is one."""

import re
import tomllib
from pathlib import Path

from bot.config.when import DEPTH_MAX, LENGTH_MAX, parse_when
from bot.core.markets.passage import KEPT
from bot.core.when.measures import examples

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_lists_every_name_with_its_meaning() -> None:
    listed = [tuple(re.split(r"\s{2,}", line, maxsplit=1)) for line in blocks("text")[0].splitlines()]
    assert listed == list(examples())


def test_the_example_is_a_condition() -> None:
    (example,) = blocks("toml")
    (rule,) = tomllib.loads(example)["rules"]
    assert parse_when(rule["when"]).comparisons


def test_the_bounds_of_the_page_are_those_of_the_program() -> None:
    assert f"at most {LENGTH_MAX} characters and {DEPTH_MAX} levels" in PAGE
    assert f"last {KEPT:,} closed bars" in PAGE.replace("\n", " ")
