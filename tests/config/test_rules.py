from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import ConfigError, load
from bot.config.rule_files import Catalogue, DuplicateRuleError

Write = Callable[..., Path]


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    return str(caught.value).splitlines()


def test_a_rule_of_a_folder_is_used_by_its_name(write: Write) -> None:
    path = write('use = "./guard.py"', 'use = "watch"', text=_with_folder(write))
    folder = path.parent / "mine"
    folder.mkdir()
    (path.parent / "guard.py").rename(folder / "watch.py")
    assert type(load(path, {}).rules[0].rule).__name__ == "Guard"


def _with_folder(write: Write) -> str:
    return write("schema_version = 1", 'schema_version = 1\nrules_path = ["mine"]').read_text()


def test_a_folder_that_is_not_there_is_an_error(write: Write) -> None:
    path = write(text=_with_folder(write))
    (only,) = mistakes(path)
    assert only.startswith(f"{path}:2: rules_path[1]: found ")
    assert only.endswith("which is no folder")


def test_two_files_that_claim_one_name_are_an_error_naming_both(write: Write, tmp_path: Path) -> None:
    write()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "watch.py").write_text((tmp_path / "guard.py").read_text())
    with pytest.raises(DuplicateRuleError) as caught:
        Catalogue.of([tmp_path / "one", tmp_path / "two"])
    assert str(tmp_path / "one" / "watch.py") in str(caught.value)
    assert str(tmp_path / "two" / "watch.py") in str(caught.value)


def test_a_folder_cannot_take_the_name_of_a_shipped_rule(write: Write, tmp_path: Path) -> None:
    shipped = next(iter(Catalogue.of().sources))
    (tmp_path / f"{shipped}.py").write_text("")
    with pytest.raises(DuplicateRuleError, match=shipped):
        Catalogue.of([tmp_path])


def test_an_unknown_rule_is_answered_with_the_known_ones(write: Write) -> None:
    path = write('"./guard.py"', '"topup"')
    (only,) = mistakes(path)
    assert only.startswith(
        f'{path}:23: rules[1].use: unknown rule "topup"; did you mean "top_up"?; allowed: '
    )
    assert "top_up" in only.partition("allowed: ")[2]


def test_a_path_to_nothing_is_an_error(write: Write) -> None:
    path = write('"./guard.py"', '"./gone.py"')
    assert mistakes(path)[0].startswith(f'{path}:23: rules[1].use: found "./gone.py"; there is no such file')


HEAD = """
from decimal import Decimal

from bot.core.rule import Params, Ratio, Rule


class MineParams(Params):
    below: Ratio = Decimal("0.1")


class Mine(Rule[MineParams]):
"""
DECIDES = """
    def decide(self, view):
        return ()
"""

BROKEN = {
    "does not import": (
        "import math\n\nmath.nothing\n",
        ":3: AttributeError: module 'math' has no attribute 'nothing'",
    ),
    "is no python": ("x = 1\ndef f(:\n", ":2: invalid syntax"),
    "holds no rule": (
        "x = 1\n",
        ": a rule's file defines exactly one subclass of bot.core.rule.Rule, found none",
    ),
    "exits": ("raise SystemExit(3)\n", ":1: SystemExit: 3"),
    "cannot be made": (
        f"{HEAD}    def __init__(self, name, params):\n        raise RuntimeError('no')\n{DECIDES}",
        ":13: RuntimeError: no",
    ),
    "has no idea what it needs": (
        f"{HEAD}    def needs(self):\n        raise ValueError('no idea')\n{DECIDES}",
        ":13: ValueError: no idea",
    ),
    "needs nothing that can be had": (
        f"{HEAD}    def needs(self):\n        return 'bars'\n{DECIDES}",
        ": needs() answers 'bars', expected Needs",
    ),
    "proposes a word": (
        f"{HEAD}    proposes = ('AddMargin',)\n{DECIDES}",
        ": it proposes 'AddMargin', which is no kind of intent",
    ),
    "proposes nothing that can be counted": (
        f"{HEAD}    proposes = None\n{DECIDES}",
        ": TypeError: ",
    ),
    "never does anything": (f"{HEAD}    pass\n", ": it has no decide(), so it would never do anything"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_rule_file_warns_on_paper_and_is_left_out(write: Write, why: str) -> None:
    text, said = BROKEN[why]
    path = write('[[rules]]\nname = "early"', '[[rules]]\nuse = "./broken.py"\n[[rules]]\nname = "early"')
    (path.parent / "broken.py").write_text(text)
    settings = load(path, {})
    assert [entry.name for entry in settings.rules] == ["early"]
    (warning,) = settings.warnings
    assert warning.startswith(f"{path}:22: rules[1].use: rule cannot be used: {path.parent}/broken.py{said}")
    assert "LEFT OUT" in warning


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_rule_file_stops_a_live_start(write: Write, why: str) -> None:
    text, said = BROKEN[why]
    path = write("schema_version = 1", 'schema_version = 1\nmode = "live"')
    (path.parent / "guard.py").write_text(text)
    (only,) = mistakes(path)
    assert f"{path.parent}/guard.py{said}" in only


def test_two_files_of_one_name_in_two_places_do_not_hide_each_other(write: Write, tmp_path: Path) -> None:
    path = write("", '[[rules]]\nname = "late"\nuse = "./other/guard.py"\nparams = { above = 2 }\n')
    (tmp_path / "other").mkdir()
    other = (tmp_path / "guard.py").read_text().replace("below: Ratio", "above: int")
    (tmp_path / "other" / "guard.py").write_text(other)
    first, second = load(path, {}).rules
    assert set(type(first.rule.params).model_fields) == {"below", "times", "timeframe"}
    assert set(type(second.rule.params).model_fields) == {"above", "times", "timeframe"}


def test_params_that_are_no_table_are_an_error(write: Write) -> None:
    path = write("params = { below = 0.08 }", "params = 3")
    assert mistakes(path) == [f"{path}:24: rules[1].params: found 3; allowed: a table"]


def test_a_rule_without_its_compulsory_parameter_is_an_error_at_the_rule(write: Write) -> None:
    path = write("params = { below = 0.08 }\n", "")
    assert mistakes(path)[0].startswith(
        f"{path}:21: rules[1].params.below: missing; allowed: above 0 and below 1"
    )


def test_a_broken_rule_is_named_as_the_configuration_names_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('use = "./guard.py"', 'use = "./broken.py"')
    (path.parent / "broken.py").write_text("import math\nmath.nothing\n")
    monkeypatch.chdir(path.parent)
    (warning,) = load("bot.toml", {}).warnings
    assert "rule cannot be used: broken.py:2: AttributeError" in warning


def test_a_rule_of_an_installed_package_is_used_by_the_name_of_its_entry_point(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('use = "./guard.py"', 'use = "watchdog"')
    packages = tmp_path / "packages"
    (packages / "watchdog-1.dist-info").mkdir(parents=True)
    (packages / "watchdog-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: watchdog\nVersion: 1\n"
    )
    entry = "[holdfast.rules]\nwatchdog = watchdog_rules:Guard\nhollow = watchdog_rules:Ratio\n"
    (packages / "watchdog-1.dist-info" / "entry_points.txt").write_text(entry)
    (tmp_path / "guard.py").rename(packages / "watchdog_rules.py")
    monkeypatch.syspath_prepend(str(packages))
    assert type(load(path, {}).rules[0].rule).__name__ == "Guard"
    assert "watchdog" in Catalogue.of().names()
    path.write_text(path.read_text().replace("watchdog", "hollow"))
    (warning,) = load(path, {}).warnings
    assert "entry point watchdog_rules:Ratio: is no subclass of bot.core.rule.Rule" in warning


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("seatbelt", '"seatbelt" is the name of the fixed last rule'),
        ("flatten", '"flatten" is the name of a fixed rule; choose another'),
        ("keeper", '"keeper" is the name of a fixed rule; choose another'),
        ("my rule", "allowed: a name of up to 40 letters"),
        ("a" * 41, "allowed: a name of up to 40 letters"),
    ],
)
def test_a_name_that_comes_from_the_file_must_be_one_that_may_be_given(
    write: Write, file: str, said: str
) -> None:
    path = write('name = "early"\nuse = "./guard.py"', f'use = "./{file}.py"')
    (path.parent / "guard.py").rename(path.parent / f"{file}.py")
    (only,) = mistakes(path)
    assert only.startswith(f'{path}:22: rules[1].use: the rule would be called "{file}"; ')
    assert said in only


def test_a_file_of_any_name_will_do_where_the_rule_is_given_one(write: Write) -> None:
    path = write('use = "./guard.py"', 'use = "./seatbelt.py"')
    (path.parent / "guard.py").rename(path.parent / "seatbelt.py")
    assert [entry.name for entry in load(path, {}).rules] == ["early"]


def test_a_rule_for_no_symbol_at_all_is_an_error(write: Write) -> None:
    path = write('name = "early"', 'name = "early"\nsymbols = []')
    assert mistakes(path) == [f"{path}:23: rules[1].symbols: has 0; allowed: at least 1"]
