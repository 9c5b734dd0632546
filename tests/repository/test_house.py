"""The house rules that no linter knows: sizes, floats in the core, addresses and paths of one machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path.relative_to(ROOT) for package in ("bot", "strategies") for path in (ROOT / package).rglob("*.py")
)
CORE = [path for path in SOURCES if path.parts[:2] == ("bot", "core")]

# Beyond these it is a defect; the sizes to aim at are smaller.
LINES_PER_FILE = 400
LINES_PER_FUNCTION = 70
METHODS_PER_CLASS = 20
LINES_PER_RULE = 60


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_too_long_to_hold_in_mind() -> None:
    lengths = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_PER_FILE} == {}


def test_no_function_is_too_long_to_hold_in_mind() -> None:
    lengths = {
        f"{path}:{function.name}": (function.end_lineno or function.lineno) - function.lineno + 1
        for path in SOURCES
        for function in functions(tree(path))
    }
    assert {name: lines for name, lines in lengths.items() if lines > LINES_PER_FUNCTION} == {}


def test_no_class_does_too_many_things() -> None:
    counts = {
        f"{path}:{node.name}": sum(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in node.body)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: methods for name, methods in counts.items() if methods > METHODS_PER_CLASS} == {}


def lines_of(*nodes: ast.AST) -> set[int]:
    spans = [(n.lineno, n.end_lineno or n.lineno) for n in nodes if isinstance(n, ast.stmt)]
    return {line for first, last in spans for line in range(first, last + 1)}


def is_said(node: ast.AST) -> bool:
    """Whether it is a docstring, of whatever it stands in or behind."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def rule_lines(source: str) -> int:
    """Lines of a rule, its parameters among them: no imports, docstrings, comments or blank lines."""
    left_out = lines_of(
        *(
            node
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Import | ast.ImportFrom) or is_said(node)
        )
    )
    lines = enumerate(source.splitlines(), start=1)
    return sum(
        number not in left_out and bool(line.strip()) and not line.strip().startswith("#")
        for number, line in lines
    )


def test_a_rule_is_counted_without_what_is_said_of_it() -> None:
    source = '''"""A rule."""

import x

class TopUpParams(Params):
    below: Ratio
    """Where it acts."""

class TopUp(Rule[TopUpParams]):
    """Adds margin,
    and no more."""

    # Near liquidation.
    def wake(self, view):
        """When it is near."""
        return view.near(
            self.params.below
        )  # A level.
'''
    assert rule_lines(source) == 7


def test_a_rule_is_short_enough_to_be_read_at_a_glance() -> None:
    counts = {
        path.name: rule_lines((ROOT / path).read_text("utf-8"))
        for path in SOURCES
        if path.parts[0] == "strategies"
    }
    assert {name: lines for name, lines in counts.items() if lines > LINES_PER_RULE} == {}


def test_the_core_has_a_float_only_where_its_module_says_so() -> None:
    silent = [
        f"{path}:{node.lineno}: {node.value}"
        for path in CORE
        if "float" not in (ast.get_docstring(tree(path)) or "")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert silent == []


def test_every_ignored_type_error_has_its_code_and_its_reason() -> None:
    bare = [
        f"{path}:{number}"
        for path in SOURCES
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if "type: ignore" in line and not re.search(r"type: ignore\[[a-z, -]+\]\s+#\s*\w+", line)
    ]
    assert bare == []


def test_nothing_names_a_place_on_the_machine_it_was_written_on() -> None:
    # Spelt in pieces, so that this file does not find itself.
    places = re.compile("|".join(re.escape("/" + place + "/") for place in ("work", "root", "opt", "home")))
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        for match in places.finditer(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []


def test_no_key_and_no_generated_file_is_committed() -> None:
    forbidden = re.compile(
        r"(^|/)(\.env|uv\.lock|pylock\.toml|live\.toml|__pycache__|data/)|\.(sqlite|pem|key)$"
    )
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    assert [name for name in names if forbidden.search(name) and not name.startswith("tests/")] == []
