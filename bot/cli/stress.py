"""``holdfast stress``: what is held, through every crash of the library, with these rules and with others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

import bot
from bot.cli.failures import ExitCode
from bot.cli.options import config_files, config_option, json_option, settings_of
from bot.cli.stress_report import Reporter, progress

if TYPE_CHECKING:
    from bot.core.types import Symbol
    from bot.lab.scenarios import Scenario
    from bot.lab.stress.matrix import Attempt
    from bot.lab.stress.trial import RuleSet

ALL = "all"
NONE = "none"
CONSERVATIVE = "conservative"
LIVE = "live"
ASKING_S = 5.0


def _prices(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[Symbol, Decimal]:
    """``SYMBOL=PRICE`` pairs."""
    from bot.config.fields import parse_exact
    from bot.core.types import Symbol

    prices = {}
    for value in values:
        symbol, _equals, price = value.partition("=")
        try:
            prices[Symbol(symbol)] = parse_exact(price)
        except ValueError:
            prices[Symbol(symbol)] = Decimal(0)
        if not symbol or prices[Symbol(symbol)] <= 0:
            raise click.BadParameter(f'found "{value}"; write it like BTC/USDT:USDT=84000', param=option)
    return prices


@click.command()
@config_option()
@json_option
@click.option(
    "--scenarios",
    "wanted",
    default=ALL,
    show_default=True,
    metavar="all|NAME,...",
    help="Which: names of config/scenarios, or files of your own.",
)
@click.option(
    "--positions",
    metavar="live|FILE",
    help="What the bot holds that runs with this configuration, or a file with [[paper.positions]].",
)
@click.option(
    "--vs",
    default=NONE,
    show_default=True,
    metavar="none,conservative,FILE",
    help="What to try beside your rules: no defence at all, rules that act early, files with other rules.",
)
@click.option(
    "--at",
    "prices",
    multiple=True,
    callback=_prices,
    metavar="SYMBOL=PRICE",
    help="Where a price is now; else a coin begins at its position's entry, or as it was then.",
)
@click.option("--faults", is_flag=True, help="The exchange answers late, and for ten bad minutes not at all.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page to look at: one HTML file that needs no network.",
)
@click.pass_context
def stress(  # noqa: PLR0913, PLR0917 - click passes every option
    ctx: click.Context,
    config: tuple[Path, ...],
    as_json: bool,  # noqa: FBT001 - click passes flags
    wanted: str,
    positions: str | None,
    vs: str,
    prices: Mapping[Symbol, Decimal],
    faults: bool,  # noqa: FBT001
    report: Path | None,
) -> None:
    """Would your rules have survived? Seventeen crashes and seven inventions, with your rules and without.

    The positions are those of the configuration ([[paper.positions]]), or of the bot that runs with it, all
    held together in their accounts.

    The exit code is 7 where a position is liquidated with your rules, else 0.
    """
    from bot.cli.stress_text import report as text
    from bot.lab.stress.matrix import stress as run

    reporter = Reporter(report)
    files = config_files(config)
    if positions not in {None, LIVE}:
        files = (*files, Path(str(positions)))
    sets = _rule_sets(files, vs)
    if positions == LIVE:
        sets, prices = _held(sets, prices)
    scenarios = _scenarios(wanted)
    with progress(len(scenarios) * len(sets)) as advance:

        def seen(attempt: Attempt) -> None:
            reporter.seen(attempt)
            advance()

        result = run(sets, scenarios, prices=prices, faults=faults, seen=seen)
    answer = result.to_json()
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False) if as_json else text(answer))
    reporter.write(result)
    if not answer["survived"]:
        ctx.exit(ExitCode.DANGER)


def _scenarios(wanted: str) -> Sequence[Scenario]:
    """The named ones in that order, or all of the shipped ones."""
    from bot.lab.scenarios import FOLDER, UnknownScenarioError, library, read_scenario

    folder = _shipped(FOLDER)
    chosen = [] if wanted == ALL else [name.strip() for name in wanted.split(",") if name.strip()]
    try:
        if not chosen:
            return library(folder=folder)
        return [
            read_scenario(Path(name)) if name.endswith(".toml") else library([name], folder)[0]
            for name in chosen
        ]
    except UnknownScenarioError as error:
        raise click.UsageError(str(error)) from None


def _held(
    sets: Sequence[RuleSet], prices: Mapping[Symbol, Decimal]
) -> tuple[list[RuleSet], Mapping[Symbol, Decimal]]:
    """The same rules over what the running bot holds, from where prices are now."""
    from dataclasses import replace

    from bot.cli.asking import answer_of
    from bot.lab.stress.held import as_held

    folder = Path(sets[0].settings.config.journal.path).parent
    holdings = answer_of(folder, "holdings", {}, timeout_s=ASKING_S)
    found = [as_held(each.settings, holdings) for each in sets]
    for sentence in found[0].left_out:
        click.echo(sentence, err=True)
    held = [replace(each, settings=one.settings) for each, one in zip(sets, found, strict=True)]
    return held, {**found[0].prices, **prices}


def _rule_sets(files: tuple[Path, ...], vs: str) -> list[RuleSet]:
    """The configured rules first, then what they are compared with."""
    from bot.lab.stress.matrix import YOURS
    from bot.lab.stress.trial import RuleSet

    settings = settings_of(files)
    sets = [RuleSet(name=YOURS, settings=settings)]
    for name in dict.fromkeys(part.strip() for part in vs.split(",") if part.strip()):
        if name == NONE:
            sets.append(RuleSet(name=NONE, settings=settings, defended=False))
            continue
        file = _shipped(Path("config", "presets", f"{name}.toml")) if name == CONSERVATIVE else Path(name)
        sets.append(RuleSet(name=Path(name).stem, settings=settings_of((*files, file))))
    return sets


def _shipped(path: Path) -> Path:
    """That path here, else where this program came with it."""
    return path if path.exists() else Path(bot.__file__).parents[1] / path
