"""The page about market data says what there is, and what it tells people to type can be typed."""

import re
import shlex
from pathlib import Path

import click
import pytest

from bot.cli.main import cli
from bot.lab.store.naming import Kept, tiers_path
from bot.lab.store.recording import SILENT_MS
from bot.venues.live.history import DAY_MS, Series
from bot.venues.live.registry import NAMES, dialect
from tests.building.contracts import BTC

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
MINUTE_MS = 60_000


@pytest.mark.parametrize("line", COMMANDS)
def test_what_the_page_tells_to_type_can_be_typed(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "holdfast"
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    # Reads every option and argument, and runs nothing.
    command.make_context(name, words)


def told(name: str, series: Series) -> str:
    """As the table has it."""
    history = dialect(name).history
    if series in history.lacks:
        return "no"
    each = history.tells[series]
    if each.reach_rows is not None:
        return f"last {each.reach_rows:,} rows"
    return "yes" if each.reach_ms is None else f"last {-(-each.reach_ms // DAY_MS)} days"


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_of_each_exchange_what_it_tells(name: str) -> None:
    tiers = "yes" if dialect(name).traits.tiers_public else "with a key"
    cells = [name, *(told(name, series) for series in Series), tiers]
    assert f"| {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize("series", Series)
def test_the_page_shows_where_each_series_lies_and_its_columns(series: Series) -> None:
    step_ms = {Series.FUNDING: 0, Series.INTEREST: 5 * MINUTE_MS}.get(series, MINUTE_MS)
    kept = Kept(venue="binanceusdm", symbol=BTC, series=series, timeframe_ms=step_ms)
    assert re.search(rf"^data/store/{re.escape(kept.path)} +{','.join(kept.columns)}$", PAGE, re.MULTILINE)


def test_the_rest_of_the_page_is_as_the_program_has_it() -> None:
    assert f"data/store/{tiers_path('binanceusdm', BTC)} " in PAGE
    inverse = Kept(venue="binancecoinm", symbol="BTC/USD:BTC", series=Series.BARS, timeframe_ms=MINUTE_MS)
    assert Path(inverse.path).name in PAGE
    assert f"{SILENT_MS // 1000} seconds" in PAGE.replace("\n", " ")
