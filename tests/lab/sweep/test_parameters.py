"""What a parameter's name means."""

import pytest

from bot.config.read import Document
from bot.config.settings import Settings, resolve
from bot.lab.sweep.axes import Between
from bot.lab.sweep.errors import ParameterError
from bot.lab.sweep.parameters import changed, configured, parse_axes, parse_axis


@pytest.fixture(scope="module")
def settings() -> Settings:
    values = {
        "schema_version": 1,
        "mode": "paper",
        "accounts": {"main": {"margin_rules": "binance_usdm", "balance": 1000}},
        "rules": [
            {"use": "top_up", "name": "near", "params": {"below": "0.05", "restore_to": "0.1"}},
            {"use": "top_up", "name": "far", "params": {"below": "0.05", "restore_to": "0.1"}},
            {"use": "partial_close", "params": {"below": "0.03", "restore_to": "0.08"}},
        ],
    }
    return resolve(Document(values=values))


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("near.below", 0),
        ("far.below", 1),
        ("top_up#1.below", 0),
        ("top_up#2.below", 1),
        ("partial_close.below", 2),
        ("partial_close#1.below", 2),
    ],
)
def test_a_rule_goes_by_its_name_or_by_what_it_uses(settings: Settings, name: str, index: int) -> None:
    axis = parse_axis(settings, f"{name}=0.02:0.04:3")
    assert axis.key == ("rules", index, "params", "below")
    assert axis.name == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("below=0.1:0.2:3", "write it like top_up.below=0.05:0.20:7"),
        ("near.below", "write it like"),
        ("near.below=", "write it like"),
        (".below=1,2", "write it like"),
        ("naer.below=0.1,0.2", 'there is no rule "naer" in the configuration; did you mean "near"'),
        ("top_up#3.below=0.1,0.2", 'there is no rule "top_up#3"'),
        ("top_up.below=0.1,0.2", '2 rules use top_up: write top_up#1 and so on, or .* "near" or "far"'),
        ("near.belwo=0.1,0.2", 'near has no parameter "belwo"; did you mean "below"'),
        ("near.below=0.2:0.1:3", "near.below: found .* the first number is to be below the second"),
    ],
)
def test_what_names_no_parameter_is_refused_with_what_there_is(
    settings: Settings, text: str, said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        parse_axis(settings, text)


def test_one_parameter_cannot_be_two_axes(settings: Settings) -> None:
    with pytest.raises(ParameterError, match="one parameter; name it once"):
        parse_axes(settings, ("near.below=0.01,0.02", "top_up#1.below=0.03,0.04"))


def test_a_changed_value_is_the_only_change(settings: Settings) -> None:
    axes = parse_axes(settings, ("far.below=0.07,0.08", "near.max_times=1,2"))
    other = changed(settings, axes, (axes[0].span.drawn(0.9), 2))
    assert [str(configured(other, axis)) for axis in axes] == ["0.08", "2"]
    assert [str(configured(settings, axis)) for axis in axes] == ["0.05", "3"]
    before, after = settings.resolved(), other.resolved()
    assert before["rules"][0]["params"].pop("max_times") == 3
    assert after["rules"][0]["params"].pop("max_times") == 2
    assert before["rules"][1]["params"].pop("below") == "0.05"
    assert after["rules"][1]["params"].pop("below") == "0.08"
    assert before == after


def test_a_count_is_drawn_in_whole_numbers(settings: Settings) -> None:
    span = parse_axis(settings, "near.max_times=1:5").span
    assert isinstance(span, Between)
    assert span.whole
    ratio = parse_axis(settings, "near.below=0.01:0.05").span
    assert isinstance(ratio, Between)
    assert not ratio.whole
