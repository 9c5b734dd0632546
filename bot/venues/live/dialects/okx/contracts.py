"""What OKX lists: its contracts, and position tiers that count contracts and hold for a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.venues import rules_for
from bot.core.types import ZERO, Symbol
from bot.venues.live.dialects.okx.spelling import FUTURES, SWAP
from bot.venues.live.portions import portions
from bot.venues.live.rows import Row, above_nought, given, ms, number, row, rows, text, text_if_given
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Request

KINDS = {"linear": ContractKind.LINEAR, "inverse": ContractKind.INVERSE}
TIERS = "public/position-tiers"
FAMILIES_A_REQUEST = 5
MARGIN_STEPS = {ContractKind.LINEAR: Decimal("0.01"), ContractKind.INVERSE: Decimal("0.000001")}
PERPETUAL_LIKE = "xperp"
"""A future that never expires and pays funding: neither a perpetual to OKX nor a dated contract to us."""

Family = tuple[str, str]
"""Instrument type and family: what a table of tiers belongs to."""


def listed(payload: Payload) -> Sequence[Row]:
    """The rows of an answer."""
    return rows(row(payload, "the answer").get("data"), "data")


class OkxContracts:
    """Reads the listing; see ``Contracts``."""

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """Five families at once. Isolated and cross have the same tables."""
        return [
            Request(
                api=("public",),
                method="GET",
                path=TIERS,
                params={"instType": kind, "tdMode": "isolated", "instFamily": ",".join(families)},
                window=TIERS,
            )
            for kind, families in _asked(markets)
        ]

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        """The contracts with their tiers; what makes no sense is left out, and so is unknown to everybody.

        An answer does not say whether it is about perpetuals or dated contracts: the order of the requests
        does.
        """
        asked = _asked(markets)
        if len(asked) != len(tiers):
            raise ValueError(f"{len(tiers)} answers with tiers, expected {len(asked)}")
        tables: dict[Family, list[Row]] = {}
        for (kind, _), payload in zip(asked, tiers, strict=True):
            for each in listed(payload):
                tables.setdefault((kind, text(each, "instFamily")), []).append(each)
        return Listing(
            [instrument for market in markets if (instrument := _instrument(market, tables)) is not None]
        )


def _asked(markets: Sequence[Mapping[str, Any]]) -> list[tuple[str, Sequence[str]]]:
    """What tiers are asked for: the type, and up to five of its families."""
    wanted: dict[str, dict[str, None]] = {SWAP: {}, FUTURES: {}}
    for market in markets:
        info = row(market.get("info"), "info")
        if text_if_given(info, "instType") in wanted and given(info, "instFamily"):
            wanted[text(info, "instType")][text(info, "instFamily")] = None
    return [
        (kind, some)
        for kind, families in wanted.items()
        for some in portions(list(families), FAMILIES_A_REQUEST)
    ]


def _instrument(market: Mapping[str, Any], tables: Mapping[Family, Sequence[Row]]) -> Instrument | None:
    try:
        info = row(market.get("info"), "info")
        family = text_if_given(info, "instFamily")
        table = tables.get((text_if_given(info, "instType"), family))
        if not table or text_if_given(info, "ruleType") == PERPETUAL_LIKE:
            return None
        contract = _contract(market, info, tiers_of(table))
        most = above_nought(info, "maxMktSz") * contract.contract_size if given(info, "maxMktSz") else None
        return Instrument(id=text(info, "instId"), family=family, contract=contract, max_quantity=most)
    except ValueError:
        return None


def _contract(market: Mapping[str, Any], info: Row, tiers: Tiers) -> Contract:
    kind = KINDS.get(text(info, "ctType"))
    if kind is None:
        raise ValueError(f"ctType is {info.get('ctType')!r}, expected linear or inverse")
    size = above_nought(info, "ctVal") * (above_nought(info, "ctMult") if given(info, "ctMult") else 1)
    return Contract(
        symbol=Symbol(text(market, "symbol")),
        kind=kind,
        settlement=text(market, "settle"),
        tick=above_nought(info, "tickSz"),
        lot=above_nought(info, "lotSz") * size,
        min_quantity=above_nought(info, "minSz") * size,
        max_leverage=above_nought(info, "lever"),
        contract_size=size,
        margin_step=MARGIN_STEPS[kind],
        expiry_ms=ms(info.get("expTime"), "expTime") if text(info, "instType") == FUTURES else None,
        tiers=tiers,
        rules=rules_for("okx", kind),
    )


def tiers_of(table: Sequence[Row]) -> Tiers:
    """Tiers by their size in contracts. The last one has no end: beyond it nothing can be opened.

    Each begins where the one before ends, although OKX writes it one contract or a fraction later.
    """
    ordered = sorted(table, key=lambda each: above_nought(each, "maxSz"))
    tiers: list[Tier] = []
    for place, each in enumerate(ordered, start=1):
        floor = tiers[-1].cap if tiers else ZERO
        cap, begins = above_nought(each, "maxSz"), number(each, "minSz")
        if floor is None or cap <= floor or not floor <= begins <= floor + 1:
            raise ValueError(f"a tier from {begins} to {cap} does not follow one to {floor}")
        tiers.append(
            Tier(
                floor=floor,
                cap=cap if place < len(ordered) else None,
                rate=above_nought(each, "mmr"),
                max_leverage=above_nought(each, "maxLever"),
            )
        )
    return tuple(tiers)
