"""On which line of a TOML file each key stands.

The standard reader gives values without places, and a message without a line sends people searching. This
scanner reads no values: it follows keys, headers, arrays and inline tables of a text that ``tomllib`` has
already accepted, so it may assume that the text is well formed.
"""

from __future__ import annotations

import re
import tomllib

from bot.config.errors import Key

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?""""{0,2}|\'\'\'.*?\'\'\''{0,2}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n\r]*")


def locate(text: str) -> dict[Key, int]:
    """Line, counted from 1, of every table, key and array element in ``text``.

    A table is on the line of its header, or where the first key that implies it stands; an element of an
    array is where its value begins; the empty key is line 1.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """One pass over a text; ``lines`` fills as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Key, int] = {(): 1}
        self._counted_to = 0
        self._line = 1
        self._lengths: dict[Key, int] = {}  # of arrays of tables

    def document(self) -> None:
        table: Key = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Key:
        line = self._here()
        repeated = self.text.startswith("[[", self.at)
        self.at += 2 if repeated else 1
        names = self._names()
        self.at += 2 if repeated else 1
        key: Key = ()
        for name in names[:-1]:
            key = self._latest((*key, name))
            self.lines.setdefault(key, line)
        key = (*key, names[-1])
        if repeated:
            self.lines.setdefault(key, line)
            count = self._lengths.get(key, 0)
            self._lengths[key] = count + 1
            key = (*key, count)
        self.lines[key] = line
        return key

    def _latest(self, key: Key) -> Key:
        """The table a header's prefix means: of an array of tables it is the last one so far."""
        count = self._lengths.get(key)
        return key if count is None else (*key, count - 1)

    def _pair(self, table: Key) -> None:
        line = self._here()
        key = table
        for name in self._names():
            key = (*key, name)
            self.lines.setdefault(key, line)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(key)

    def _names(self) -> list[str]:
        """A dotted key, up to whatever follows it."""
        names = []
        while True:
            self._skip(_SPACE)
            match = _KEY.match(self.text, self.at)
            assert match is not None, f"no key at {self.at}"
            self.at = match.end()
            names.append(_name(match.group()))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _value(self, key: Key) -> None:
        start = self.text[self.at : self.at + 1]
        if start == "[":
            self._array(key)
        elif start == "{":
            self._inline_table(key)
        elif match := _STRING.match(self.text, self.at):
            self.at = match.end()
        else:
            self._skip(_SCALAR)

    def _array(self, key: Key) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self._took("]"):
                return
            if self._took(","):
                continue
            element = (*key, index)
            self.lines[element] = self._here()
            self._value(element)
            index += 1

    def _inline_table(self, key: Key) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self._took("}"):
                return
            if self._took(","):
                continue
            self._pair(key)

    def _took(self, character: str) -> bool:
        if not self.text.startswith(character, self.at):
            return False
        self.at += 1
        return True

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return self.at

    def _here(self) -> int:
        """The line of the present position; positions only ever grow, so each text is counted once."""
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line


def _name(quoted: str) -> str:
    """A key without its quotes and escapes."""
    if quoted[0] not in "\"'":
        return quoted
    value = tomllib.loads(f"x = {quoted}")["x"]
    assert isinstance(value, str)
    return value
