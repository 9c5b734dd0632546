"""What every table of the configuration file is made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file: unknown keys are errors, and once read nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    former: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Keys that there are no more, and what to write instead."""
