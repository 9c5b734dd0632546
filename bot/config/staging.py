"""Checks of what a replay stages, and of collateral: what shows before there is a tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from bot.config.errors import Key, Problem, shown, suggestion
from bot.config.model import Config, MomentTable
from bot.config.read import Document
from bot.venues.paper.collateral import HAIRCUTS


def staged_checks(config: Config, document: Document) -> Iterator[Problem]:
    """Every mistake in collateral and in what the replay stages that shows without a tape."""
    yield from _collateral(config, document)
    yield from _moments(config, document)
    yield from _funding(config, document)
    yield from _outages(config, document)


def known_haircut(config: Config, asset: str) -> Decimal | None:
    """The fraction of an asset's price that does not count: as written, else that of the venue."""
    venue = next(iter(config.accounts.values())).margin_rules.partition("_")[0]
    written = config.paper.collateral[asset].haircut
    return HAIRCUTS.get(venue, {}).get(asset) if written is None else written


def _collateral(config: Config, document: Document) -> Iterator[Problem]:
    """Every asset that is named needs its terms, and they have to be known."""
    for asset in config.paper.collateral:
        if known_haircut(config, asset) is None:
            yield document.problem(
                ("paper", "collateral", asset),
                f"no haircut is known of {shown(asset)} at this venue; give one, such as haircut = 0.1",
            )
    named: list[tuple[Key, str]] = [
        (("accounts", name, "collateral", asset), asset)
        for name, account in config.accounts.items()
        for asset in account.collateral
    ]
    named += [
        (("replay", "collateral_prices", at, "asset"), table.asset)
        for at, table in enumerate(config.replay.collateral_prices)
    ]
    for key, asset in named:
        if asset not in config.paper.collateral:
            hint = suggestion(asset, config.paper.collateral)
            yield document.problem(
                key, f"no terms for {shown(asset)}{hint}; add [paper.collateral.{asset}] with its price"
            )


def _moments(config: Config, document: Document) -> Iterator[Problem]:
    """What the replay stages says when, and how much."""
    replay = config.replay
    staged: dict[str, Sequence[MomentTable]] = {
        "deleveragings": replay.deleveragings,
        "outages": replay.outages,
        "collateral_prices": replay.collateral_prices,
        "funding": replay.funding,
        "liquidity": replay.liquidity,
    }
    for name, tables in staged.items():
        for at, table in enumerate(tables):
            yield from _either(table, "after", "at", ("replay", name, at), document)
    for at, forced in enumerate(replay.deleveragings):
        yield from _either(forced, "share", "quantity", ("replay", "deleveragings", at), document)


def _funding(config: Config, document: Document) -> Iterator[Problem]:
    """New terms of funding change something, and are for a contract that has any."""
    for at, table in enumerate(config.replay.funding):
        key: Key = ("replay", "funding", at)
        if table.interval is None and table.cap is None and table.rate is None:
            yield document.problem(key, "changes nothing; give interval, cap or rate")
        if "-" in table.symbol:
            yield document.problem((*key, "symbol"), "no funding is paid on a dated contract")


def _outages(config: Config, document: Document) -> Iterator[Problem]:
    """Outages last, and not into one another; where one has a date and another not, the tapes will tell."""
    after: list[tuple[int, int, Key]] = []
    dated: list[tuple[int, int, Key]] = []
    for at, outage in enumerate(config.replay.outages):
        key: Key = ("replay", "outages", at)
        if not outage.lasts:
            yield document.problem((*key, "lasts"), "found 0ms; allowed: above 0ms")
        if outage.after is not None:
            after.append((outage.after, outage.after + outage.lasts, key))
        elif outage.at is not None:
            dated.append((outage.at, outage.at + outage.lasts, key))
    for stretches in (after, dated):
        in_time = sorted(stretches, key=lambda each: each[:2])
        for (_, end_ms, first), (start_ms, _, second) in pairwise(in_time):
            if start_ms < end_ms:
                yield document.problem(second, f"begins while the outage at {document.origin(first)} lasts")


def _either(table: MomentTable, one: str, two: str, key: Key, document: Document) -> Iterator[Problem]:
    given = [name for name in (one, two) if getattr(table, name) is not None]
    if len(given) != 1:
        found = "both" if given else "neither"
        yield document.problem(key, f"{found} of {one} and {two} given; give exactly one")
