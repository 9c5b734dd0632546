"""The rule reference says what the rules are now, and its examples can be used as they stand.

``holdfast rules reference docs/rules`` brings it up to date.
"""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config.rule_files import Catalogue, RuleSource
from bot.config.rule_pages import is_rule_page, rule_page

PAGES = Path(__file__).resolve().parents[2] / "docs" / "rules"
RULES = sorted(Catalogue.of().sources.items())
every_rule = pytest.mark.parametrize(("name", "source"), RULES, ids=[name for name, _ in RULES])


def test_every_rule_has_a_page_and_no_page_is_left_over() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == [name for name, _ in RULES]


@every_rule
def test_a_page_is_up_to_date(name: str, source: RuleSource) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert page == rule_page(name, source.load()), "holdfast rules reference docs/rules"
    assert is_rule_page(page)


@every_rule
def test_the_example_of_a_page_can_be_used(name: str, source: RuleSource) -> None:
    kind = source.load()
    (example,) = re.findall(r"^```toml\n(.*?)^```$", rule_page(name, kind), re.MULTILINE | re.DOTALL)
    (table,) = tomllib.loads(example, parse_float=Decimal)["rules"]
    given = kind.params_type().model_validate(table.get("params", {}))
    assert table["use"] == name
    assert given == kind.params_type().model_validate(dict(kind.example))
