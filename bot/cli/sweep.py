"""``holdfast sweep``: the configured rules with many values of their parameters, through the crashes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import config_files, config_option, json_option, settings_of
from bot.cli.stress import ALL, held_by, positions_option, prices_option, scenarios_named, scenarios_option

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.core.types import Symbol
    from bot.lab.sweep.results import Results
    from bot.lab.sweep.sweep import Judged, Layout
    from bot.lab.sweep.workers import Workers

FOLDER = Path("data", "sweeps")
"""Where results are kept for which no file is named, each sweep's by what was asked."""
