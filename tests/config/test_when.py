"""Conditions in the configuration: what is taken, and how the rest is refused."""

import string
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, load
from bot.config.when import DEPTH_MAX, LENGTH_MAX, WhenError, parse_when
from bot.core.when.clauses import Comparison
from bot.core.when.measures import examples

Write = Callable[..., Path]


def refusal(text: object) -> str:
    with pytest.raises(WhenError) as caught:
        parse_when(text)
    return str(caught.value)


def parts(text: str) -> list[str]:
    return [str(each) for each in parse_when(text).comparisons]


# -- what is taken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "comparisons"),
    [
        ("distance < 0.08", ["distance < 0.08"]),
        ("0.05 < distance <= 1e-1", ["0.05 < distance", "distance <= 0.1"]),
        ("not (distance < 0.08 and mark > 1)", ["distance >= 0.08", "mark <= 1"]),
        ("not not mark == 1_000", ["mark == 1000"]),
        ("mark != -entry + (2 - 1) * 3", ["mark != 0 - entry + (2 - 1) * 3"]),
        ("mark / (entry - (1 - 2)) > .5", ["mark / (entry - (1 - 2)) > 0.5"]),
        ("abs(profit) > max(1, 2., free)", ["abs(profit) > max(1, 2, free)"]),
        ("+mark - -entry > -(mark - 1)", ["mark - (0 - entry) > 0 - (mark - 1)"]),
        ("close_1h\n  < low_4h or atr_15m_20 > 3", ["close_1h < low_4h", "atr_15m_20 > 3"]),
    ],
)
def test_a_condition_is_read_as_it_is_written(text: str, comparisons: list[str]) -> None:
    assert parts(text) == comparisons


@pytest.mark.parametrize("name", [name for name, _ in examples()])
def test_every_name_that_is_listed_may_be_used(name: str) -> None:
    assert parts(f"{name} > 1") == [f"{name} > 1"]


def test_a_condition_wants_the_bars_it_speaks_of_and_nothing_else() -> None:
    needs = parse_when("close_5m < entry and (atr_1h > 1 or atr_1h_20 > 2) and mark > 3").needs
    assert needs.timeframes_ms == {300_000, 3_600_000}
    assert len(needs.indicators) == 2
    assert not any((needs.book, needs.open_interest, needs.quarterlies))


# -- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty; leave the key out"),
        (3, "allowed: a condition in quotes"),
        ("distanc < 0.08", 'unknown name "distanc"; did you mean "distance"?; allowed: distance, mark, '),
        ("close_1y < 1", 'unknown name "close_1y"; did you mean "close_1h"?'),
        ("atr_1h_501 < 1", 'unknown name "atr_1h_501"'),
        ("distance", '"distance": it compares nothing'),
        ("distance < 0.08 and 1", '"1": it compares nothing'),
        ("1 < 2 < mark", '"1 < 2 < mark": it compares two numbers'),
        ("distance < 8%", "it ends too early; write 0.08 for 8 %"),
        ("distance % 2 > 1", '"distance % 2": only + - * / can be worked out; write 0.08 for 8 %'),
        ("distance < 1 && mark > 2", 'it cannot be read at "& mark > 2"; write and;'),
        ("distance = 1", 'it cannot be read at "= 1"; write == for equal;'),
        ("!(distance < 1)", "write not, or != for unequal"),
        ("mark ** 2 > 1", '"mark ** 2": only + - * / can be worked out'),
        ("mark.real > 1", '"mark.real": allowed: names, numbers'),
        ("mark[0] > 1", '"mark[0]": allowed: names, numbers'),
        ("__import__('os').system('x') > 1", 'nothing but "abs", "min" or "max" can be called'),
        ("mix(mark, 1) > 1", 'can be called; did you mean "min"?'),
        ("abs(mark, 1) > 1", "abs takes one term, found 2"),
        ("min(mark) > 1", "min takes two terms or more, found 1"),
        ("max(*mark, 1) > 1", "max takes terms, one after the other"),
        ("max(mark, key=1) > 1", "max takes terms, one after the other"),
        ("mark > 'a'", "allowed: a number such as 0.05 or 5e-4"),
        ("mark > True", '"True": allowed: a number'),
        ("mark > 0x10", '"0x10": allowed: a number'),
        ("mark > 1j", '"1j": allowed: a number'),
        ("mark > 1e99", "at most 18 digits before or after the point"),
        ("mark in (1, 2)", '"(1, 2)": allowed: names, numbers'),
        ("mark is 1", "things compare by < <= > >= == !="),
        ("(mark < 1) < 2", "that holds or does not and has no number; mind the brackets"),
        ("mark < (not 1)", "that holds or does not and has no number; mind the brackets"),
        ("mark < 1 if mark else 2", "it compares nothing"),
        ("lambda: mark < 1", "it compares nothing"),
        ("(mark := 1) < 2", "allowed: names, numbers"),
        ("~mark < 1", "that holds or does not and has no number"),
        ("mark < 1 # always", "'#' is no character of a condition"),
        ("märk < 1", "'\\xe4' is no character of a condition"),
        ("\uff4dark < 1", "'\\uff4d' is no character of a condition"),
        ("mark\x00 < 1", "'\\x00' is no character of a condition"),
        ("mark \\ < 1", "is no character of a condition"),
        ("mark < " + "1" * 5_000, f"it has 5007 characters; allowed: at most {LENGTH_MAX}"),
        ("(" * 240 + "mark" + ")" * 240 + " < 1", "allowed:"),
        ("-" * 400 + "mark < 1", f"it is nested too deeply; allowed: at most {DEPTH_MAX} levels"),
        ("not " * 100 + "mark < 1", "it is nested too deeply"),
        ("mark" + "+1" * 200 + " < 1", "it is nested too deeply"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_was_found(text: object, said: str) -> None:
    assert said in refusal(text)


def test_a_mistake_in_a_condition_names_its_file_and_line(write: Write) -> None:
    path = write("params = { below = 0.08 }", 'params = { below = 0.08 }\nwhen = "distanze < 0.05"')
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (line,) = str(caught.value).splitlines()
    assert line.startswith(
        f'{path}:25: rules[1].when: found "distanze < 0.05"; unknown name "distanze";'
        ' did you mean "distance"?; allowed: '
    )


@pytest.mark.parametrize("found", ["3", '"0s"', '"3"'])
def test_how_long_to_confirm_is_a_duration_longer_than_nothing(write: Write, found: str) -> None:
    path = write("params = { below = 0.08 }", f"params = {{ below = 0.08 }}\nconfirm_for = {found}")
    with pytest.raises(ConfigError, match=r"rules\[1\]\.confirm_for: found"):
        load(path, {})


def test_a_condition_and_its_time_are_part_of_the_settings(write: Write) -> None:
    added = 'params = { below = 0.08 }\nwhen = "mark  <  5"\nconfirm_for = "3s"'
    with_condition = load(write("params = { below = 0.08 }", added), {})
    (entry,) = with_condition.rules
    assert entry.when is not None
    assert (entry.when.text, entry.confirm_for_ms) == ("mark < 5", 3_000)
    written = with_condition.config.rules[0].model_dump(mode="json")
    assert (written["when"], written["confirm_for"]) == ("mark < 5", "3s")
    without = load(write(), {})
    assert (without.rules[0].when, without.rules[0].confirm_for_ms) == (None, 0)
    assert without.digest() != with_condition.digest()


# -- whatever it is ---------------------------------------------------------------------------------------


def accepted_or_refused_in_one_line(text: str) -> bool:
    said = ""
    try:
        assert parse_when(text).comparisons
    except WhenError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 700
    return not said


SIGNS = ("<=", "==", "**", ":=", "...", "\n", "\x00", "\u202e", "\U0001d426ark", "f''", "b''", '"""', "\\")
KEYWORDS = (
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "lambda",
    "abs",
    "min(",
    "max(",
    "None",
    "__class__",
    "await",
)
NUMERALS = ("0", "1", "0.5", "1e3", "1e9999")
WORDS = st.sampled_from(
    [*string.punctuation, *(name for name, _ in examples()), *SIGNS, *KEYWORDS, *NUMERALS]
)


@given(st.text(st.characters(max_codepoint=0x24F), max_size=60))
def test_no_text_whatever_does_anything_but_pass_or_be_refused(text: str) -> None:
    accepted_or_refused_in_one_line(text)


@given(st.lists(WORDS, max_size=40))
def test_no_heap_of_words_does_anything_but_pass_or_be_refused(words: list[str]) -> None:
    accepted_or_refused_in_one_line(" ".join(words))
    accepted_or_refused_in_one_line("".join(words))


NAMES = st.sampled_from([name for name, _ in examples()])
NUMBERS = st.decimals(min_value=-1000, max_value=1000, places=4).map(lambda number: f"{number:f}")
TERMS = st.recursive(
    NAMES | NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda three: f"({' '.join(three)})")
        | inner.map(lambda one: f"abs({one})")
        | st.lists(inner, min_size=2, max_size=3).map(lambda several: f"min({', '.join(several)})")
        | inner.map(lambda one: f"-{one}")
    ),
    max_leaves=6,
)
COMPARISONS = st.tuples(NAMES, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), TERMS).map(" ".join)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: f"({' '.join(three)})")
        | inner.map(lambda one: f"not {one}")
    ),
    max_leaves=4,
)


@given(CONDITIONS)
def test_whatever_the_grammar_makes_is_taken_and_read_back_from_its_own_words(text: str) -> None:
    if len(text) > LENGTH_MAX:
        return
    condition = parse_when(text)
    for each in condition.comparisons:
        again = parse_when(str(each)).clause if len(str(each)) <= LENGTH_MAX else each
        assert isinstance(again, Comparison)
        assert str(again) == str(each)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "-" * 100_000,
        "not " * 100_000,
        "9" * 100_000,
        "a." * 100_000,
        "mark<" * 100,
        "\x00" * 9,
    ],
)
def test_what_is_monstrous_is_refused_at_once(text: str) -> None:
    began = perf_counter()
    assert not accepted_or_refused_in_one_line(text)
    assert perf_counter() - began < 5
