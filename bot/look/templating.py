"""Templates and style sheet, read once from beside this file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

_HERE = files(__package__)


@cache
def environment() -> Environment:
    """The templates of this package. They escape whatever they print, and know no name they are not given."""
    folder = _HERE.joinpath("templates")
    sources = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir()}
    return Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(template: str, **values: Any) -> Markup:  # noqa: ANN401 - a template takes whatever it names
    """What a template makes of these values, to be put into others as it is."""
    return _as_it_is(environment().get_template(template).render(values))


@cache
def stylesheet() -> Markup:
    """``look.css``: light and dark, screen and paper."""
    return _as_it_is(_HERE.joinpath("look.css").read_text(encoding="utf-8"))


def _as_it_is(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - of our own making; what was put into it has been escaped
