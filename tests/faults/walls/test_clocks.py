"""The clock on the wall is read once: all that lasts is measured by a clock that nobody can set."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WALL = frozenset({"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"})
READ_ONCE = {("bot/runtime/clock.py", "__init__", "time.time_ns")}
"""Where a run begins: from then on what has really passed is added."""


def readings() -> Iterator[tuple[str, str, str]]:
    for package in ("core", "venues", "runtime"):
        for path in sorted((ROOT / "bot" / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            for function in functions:
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL:
                        yield str(path.relative_to(ROOT)), function.name, ast.unparse(node.func)


def test_the_clock_on_the_wall_is_read_once() -> None:
    assert set(readings()) == READ_ONCE
