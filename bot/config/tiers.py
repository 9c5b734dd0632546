"""The maintenance tiers of every configured contract, from the configuration itself or from a file.

Real tiers belong to the exchanges and are not shipped, so they come from files; invented ones are written in
the configuration and marked as such. A table that leaves a notional without a tier is refused here, where
the line can still be named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from bot.config.errors import ConfigError, Key, Problem, shown
from bot.config.fields import ANY_SYMBOL
from bot.config.model import Config, TierTable
from bot.config.read import Document
from bot.core.contracts import Tier, Tiers
from bot.core.margin.rules import TierUnit
from bot.core.margin.venues import RULES
from bot.core.types import ZERO, Symbol


@dataclass(slots=True)
class TiersFound:
    """Tiers per configured contract, and the fingerprints of the files they come from.

    A contract for every symbol that names a file has no tiers here: they are read per symbol.
    """

    tables: dict[Symbol, Tiers] = field(default_factory=dict)
    files: dict[Symbol, str] = field(default_factory=dict)


_REMEDY = "write tiers = [{ floor = 0, rate = 0.004 }] (and synthetic_tiers = true) or tiers_file"

_IN_CONTRACTS = "tiers of this venue count contracts: write how much base (inverse: quote) one of them is"


def find_tiers(config: Config, document: Document, problems: list[Problem]) -> TiersFound:
    """Tiers per configured contract; what is wrong with them goes to ``problems``."""
    found = TiersFound()
    for symbol, contract in config.contracts.items():
        key: Key = ("contracts", symbol)
        if bool(contract.tiers) == (contract.tiers_file is not None):
            state = (
                "tiers and tiers_file are both given; keep one"
                if contract.tiers
                else f"tiers are missing; {_REMEDY}"
            )
            problems.append(document.problem(key, state))
        elif contract.tiers:
            mistakes = list(_holes(contract.tiers, (*key, "tiers"), document))
            problems.extend(mistakes)
            if not mistakes:
                found.tables[symbol] = _built(contract.tiers, progressive=_progressive(config))
        elif contract.tiers_file is not None:
            if _counts_contracts(config) and "contract_size" not in contract.model_fields_set:
                problems.append(document.problem(key, f"contract_size is missing; {_IN_CONTRACTS}"))
            tiers, found.files[symbol] = _from_file(symbol, contract.tiers_file, document, problems)
            if tiers is not None:
                found.tables[symbol] = tiers
    return found


def _progressive(config: Config) -> bool:
    return any(RULES[account.margin_rules].tier_deduction for account in config.accounts.values())


def _counts_contracts(config: Config) -> bool:
    return any(RULES[each.margin_rules].tier_unit is TierUnit.CONTRACTS for each in config.accounts.values())


def _holes(tiers: tuple[TierTable, ...], key: Key, document: Document) -> Iterator[Problem]:
    """A table starts at 0, has no holes, ends open, and its rates do not fall."""
    if tiers[0].floor != 0:
        yield document.problem((*key, 0), f"floor is {tiers[0].floor}; the first tier starts at 0")
    for index, (tier, following) in enumerate(pairwise(tiers)):
        at = (*key, index)
        if tier.cap is None:
            yield document.problem(
                at, f"cap is missing; expected {following.floor}, where the next tier starts"
            )
        elif tier.cap != following.floor:
            yield document.problem(at, f"cap is {tier.cap}, but the next tier starts at {following.floor}")
        if tier.cap is not None and tier.cap <= tier.floor:
            yield document.problem(at, f"cap {tier.cap} is not above floor {tier.floor}")
        if following.rate < tier.rate:
            yield document.problem(
                (*key, index + 1),
                f"rate {following.rate} is below {tier.rate} of the tier before; rates never fall",
            )
    if tiers[-1].cap is not None:
        yield document.problem(
            (*key, len(tiers) - 1), f"cap is {tiers[-1].cap}; leave it out, the last tier has no end"
        )


def _built(tables: tuple[TierTable, ...], *, progressive: bool) -> Tiers:
    given = any(tier.deduction is not None for tier in tables)
    deduction = ZERO
    rate = tables[0].rate
    built = []
    for table in tables:
        if progressive and not given:
            deduction += table.floor * (table.rate - rate)
            rate = table.rate
        built.append(
            Tier(
                floor=table.floor,
                cap=table.cap,
                rate=table.rate,
                deduction=table.deduction or ZERO if given else deduction,
                max_leverage=table.max_leverage,
            )
        )
    return tuple(built)


def read_file(symbol: Symbol, key: Key, name: str, document: Document) -> Tiers:
    """The tiers of ``symbol`` in the file that ``key`` names; ConfigError where there are none."""
    from bot.venues.tier_files import TierFileError, read_tiers  # noqa: PLC0415 - only where a file is named

    try:
        return read_tiers(document.folder(key) / name, symbol)
    except TierFileError as error:
        raise ConfigError([document.problem(key, f"found {shown(name)}; {error}")]) from None


def _from_file(
    symbol: Symbol, name: str, document: Document, problems: list[Problem]
) -> tuple[Tiers | None, str]:
    """The tiers of a file and its fingerprint; under ``*`` each symbol's are read when it is known."""
    from bot.venues.tier_files import TierFileError, symbols_in  # noqa: PLC0415 - only where a file is named

    key: Key = ("contracts", symbol, "tiers_file")
    path = document.folder(key) / name
    try:
        symbols_in(path)
        tiers = None if symbol == ANY_SYMBOL else read_file(symbol, key, name, document)
        return tiers, hashlib.sha256(path.read_bytes()).hexdigest()
    except TierFileError as error:
        problems.append(document.problem(key, f"found {shown(name)}; {error}"))
    except ConfigError as error:
        problems.extend(error.problems)
    return None, ""
