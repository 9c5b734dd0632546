"""What is held, from which prices on, and which rules are compared: for the commands that try rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

import bot
from bot.cli.options import F, config_files, settings_of

if TYPE_CHECKING:
    from bot.core.types import Symbol
    from bot.lab.stress.trial import RuleSet

NONE = "none"
CONSERVATIVE = "conservative"
LIVE = "live"
ASKING_S = 5.0
NOT_LIVE = "name a running one's configuration with --config, or write down what you hold: --positions FILE"


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


def positions_option(function: F) -> F:
    """``--positions live|FILE``."""
    return click.option(
        "--positions",
        metavar="live|FILE",
        help="What the bot holds that runs with this configuration, or a file with [[paper.positions]].",
    )(function)


def vs_option(function: F) -> F:
    """``--vs none,conservative,FILE``."""
    return click.option(
        "--vs",
        default=NONE,
        show_default=True,
        metavar="none,conservative,FILE",
        help="What to try beside your rules: no defence, rules that act early, files with other rules.",
    )(function)


def at_option(instead: str) -> Callable[[F], F]:
    """``--at SYMBOL=PRICE``; ``instead`` says where a coin begins without it."""
    return click.option(
        "--at",
        "prices",
        multiple=True,
        callback=_prices,
        metavar="SYMBOL=PRICE",
        help=f"Where a price is now; else a coin begins at its position's entry, or {instead}.",
    )


def compared(
    config: tuple[Path, ...], positions: str | None, vs: str, prices: Mapping[Symbol, Decimal]
) -> tuple[list[RuleSet], Mapping[Symbol, Decimal]]:
    """The configured rules first, then what they are compared with, and where prices are known to be."""
    files = config_files(config)
    if positions not in {None, LIVE}:
        files = (*files, Path(str(positions)))
    sets = _rule_sets(files, vs)
    return _held(sets, prices) if positions == LIVE else (sets, prices)


def shipped(path: Path) -> Path:
    """That path here, else where this program came with it."""
    return path if path.exists() else Path(bot.__file__).parents[1] / path


def _held(
    sets: Sequence[RuleSet], prices: Mapping[Symbol, Decimal]
) -> tuple[list[RuleSet], Mapping[Symbol, Decimal]]:
    """The same rules over what the running bot holds, from where prices are now."""
    from bot.cli.asking import answer_of
    from bot.lab.stress.held import as_held

    folder = Path(sets[0].settings.config.journal.path).parent
    holdings = answer_of(folder, "holdings", {}, timeout_s=ASKING_S, remedy=NOT_LIVE)
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
        file = shipped(Path("config", "presets", f"{name}.toml")) if name == CONSERVATIVE else Path(name)
        sets.append(RuleSet(name=Path(name).stem, settings=settings_of((*files, file))))
    return sets
