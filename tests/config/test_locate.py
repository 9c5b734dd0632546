import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.errors import Key
from bot.config.locate import locate


def line_of(text: str, *key: str | int) -> int:
    tomllib.loads(text)
    return locate(text)[key]


def test_a_plain_key_is_on_its_line() -> None:
    assert line_of("# first\n\na = 1\n\nb = 2\n", "b") == 5


def test_a_table_is_on_the_line_of_its_header() -> None:
    text = "\n[a.b.c]\nd = 1\n[a]\ne = 1\n"
    assert line_of(text, "a", "b", "c") == 2
    assert line_of(text, "a", "b", "c", "d") == 3
    assert line_of(text, "a", "b") == 2
    assert line_of(text, "a") == 4


def test_each_table_of_an_array_has_its_own_line() -> None:
    text = "[[r]]\nx = 1\n[r.p]\ny = 1\n\n[[r]]\nx = 2\n[r.p]\ny = 2\n[[r.q]]\nz = 1\n[[r.q]]\nz = 2\n"
    assert line_of(text, "r", 1) == 6
    assert line_of(text, "r", 0, "p", "y") == 4
    assert line_of(text, "r", 1, "p", "y") == 9
    assert line_of(text, "r", 1, "q", 1, "z") == 13
    assert line_of(text, "r") == 1


def test_keys_of_an_inline_table_are_found() -> None:
    assert line_of("a = 1\nt = { x = 1, y = { z = [1, { w = 2 }] } }\n", "t", "y", "z", 1, "w") == 2


def test_elements_of_an_array_over_several_lines_have_their_own_lines() -> None:
    text = 'tiers = [\n  # the first\n  { floor = 0 },\n  { floor = 1,\n cap = """\n]""" },\n]\nb = 1\n'
    text = text.replace("floor = 1,\n cap", "floor = 1, cap")
    assert line_of(text, "tiers", 0) == 3
    assert line_of(text, "tiers", 1, "cap") == 4
    assert line_of(text, "b") == 7


def test_quoted_keys_are_read_without_their_quotes() -> None:
    text = '[contracts."BTC/USDT:USDT"]\ntick = 1\n[contracts.\'*\']\n"a\\"b\\u0041" = 1\n'
    assert line_of(text, "contracts", "BTC/USDT:USDT", "tick") == 2
    assert line_of(text, "contracts", "*", 'a"bA') == 4


def test_dotted_keys_imply_tables() -> None:
    text = "[a]\n\nb . 'c d'.e = 1\nb.f = 2\n"
    assert line_of(text, "a", "b", "c d", "e") == 3
    assert line_of(text, "a", "b") == 3
    assert line_of(text, "a", "b", "f") == 4


@pytest.mark.parametrize(
    "value",
    [
        '"[x]\\" # no comment"',
        "'C:\\'",
        '"""\na = 1\n[b]\n"""',
        '"""a""""',
        '"""a"""""',
        "'''\n'a' = \"1\"''''",
        '""',
        '""""""',
        '"""\\\n  b"""',
        "1979-05-27 07:32:00 # } ]",
        "[ [1, 2], # ]\n ['],'] ]",
        "{ a.b = 1, \"c,}\" = '}' }",
        "[]",
        "{}",
        "-1_000.5e-3",
        "inf",
    ],
)
def test_no_value_hides_what_follows_it(value: str) -> None:
    text = f"first = {value}\nlast = 1\n"
    assert line_of(text, "last") == 2 + value.count("\n")


def test_windows_line_ends_count_once() -> None:
    assert line_of("a = [\r\n1,\r\n2]\r\n\r\n[b]\r\nc = 1\r\n", "b", "c") == 6


# --- a random document, written by a writer that knows its lines ---

NAMES = st.sampled_from(["a", "b-1", "_c", "BTC/USDT:USDT", "*", "d.e", 'q"u', "[x]", "# no", "é", ""])
SCALARS = st.sampled_from(
    ["1", '"s"', "'l # ]'", "true", '"""m\n[t]\nk = 1\n"""', "'''\n#\n'''", "1.5", '"\\\\"', "2020-01-01"]
)
VALUES = st.recursive(
    SCALARS.map(lambda text: ("scalar", text)),
    lambda inner: (
        st.tuples(st.just("array"), st.lists(inner, max_size=3))
        | st.tuples(st.just("table"), st.dictionaries(NAMES, inner, max_size=3))
    ),
    max_leaves=6,
)
TABLES: st.SearchStrategy[tuple[Any, Any, Any]] = st.recursive(
    st.dictionaries(NAMES, VALUES, max_size=3).map(lambda pairs: (pairs, {}, {})),
    lambda inner: st.tuples(
        st.dictionaries(NAMES, VALUES, max_size=3),
        st.dictionaries(NAMES, inner, max_size=2),
        st.dictionaries(NAMES, st.lists(inner, min_size=1, max_size=3), max_size=2),
    ),
    max_leaves=5,
)


class Writer:
    def __init__(self) -> None:
        self.text = ""
        self.lines: dict[Key, int] = {(): 1}

    def here(self) -> int:
        return self.text.count("\n") + 1

    def quoted(self, name: str) -> str:
        if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
            return name
        return '"' + name.replace('"', '\\"') + '"' if '"' in name else f"'{name}'"

    def value(self, key: Key, value: tuple[str, Any]) -> None:
        kind, content = value
        if kind == "scalar":
            self.text += content
        elif kind == "array":
            self.text += "[ # ]\n"
            for index, element in enumerate(content):
                self.lines[(*key, index)] = self.here()
                self.value((*key, index), element)
                self.text += " ,\n"
            self.text += "]"
        else:
            self.text += "{ "
            for index, (name, inner) in enumerate(content.items()):
                self.text += ", " if index else ""
                self.lines[(*key, name)] = self.here()
                self.text += f"{self.quoted(name)} = "
                self.value((*key, name), inner)
            self.text += " }"

    def table(self, key: Key, header: str, table: tuple[Any, Any, Any]) -> None:
        pairs, tables, arrays = table
        for name, value in pairs.items():
            self.lines[(*key, name)] = self.here()
            self.text += f"{self.quoted(name)}\t= "
            self.value((*key, name), value)
            self.text += " # end\n\n"
        for name, inner in tables.items():
            if name in pairs:
                continue
            self.lines[(*key, name)] = self.here()
            self.text += f"[ {header}{self.quoted(name)} ]\n"
            self.table((*key, name), f"{header}{self.quoted(name)}.", inner)
        for name, inners in arrays.items():
            if name in pairs or name in tables:
                continue
            self.lines[(*key, name)] = self.here()
            for index, inner in enumerate(inners):
                self.lines[(*key, name, index)] = self.here()
                self.text += f"[[{header}{self.quoted(name)}]]\n"
                self.table((*key, name, index), f"{header}{self.quoted(name)}.", inner)


@given(TABLES)
def test_every_key_of_any_document_is_on_the_line_it_was_written_on(table: tuple[Any, Any, Any]) -> None:
    writer = Writer()
    writer.table((), "", table)
    tomllib.loads(writer.text)
    assert locate(writer.text) == writer.lines
