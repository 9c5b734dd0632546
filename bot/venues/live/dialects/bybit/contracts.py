"""What Bybit lists: its contracts and their risk limits.

A linear contract counts base coin, an inverse one dollars of face value: both are what Holdfast means by
quantity, so nothing is converted. Risk limits count the position's value in the settlement currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, ContractKind, Tier, Tiers
from bot.core.margin.venues import rules_for
from bot.core.types import ZERO, Symbol
from bot.venues.live.rows import Row, above_nought, given, ms, number, row, rows, text, text_if_given
from bot.venues.live.terms import Instrument, Listing, Payload
from bot.venues.live.wire import Param, Request

KINDS = {
    "LinearPerpetual": ContractKind.LINEAR,
    "LinearFutures": ContractKind.LINEAR,
    "InversePerpetual": ContractKind.INVERSE,
    "InverseFutures": ContractKind.INVERSE,
}
DATED = frozenset({"LinearFutures", "InverseFutures"})
MARGIN_STEP = Decimal("0.0001")
"""Add Or Reduce Margin: up to four decimals, whatever the coin."""
MINUTE_MS = 60_000
NO_FUNDING_MS = 8 * 60 * MINUTE_MS
"""What a contract without funding is given as its interval: it is never asked for it."""
_ABOUT_ONE = (Decimal("0.9"), Decimal("1.1"))


def result(payload: Payload) -> Row:
    """The result of an answer."""
    return row(row(payload, "the answer").get("result"), "result")


def listed(payload: Payload) -> Sequence[Row]:
    """The rows of an answer."""
    return rows(result(payload).get("list"), "list")


def next_cursor(payload: Payload) -> Mapping[str, Param] | None:
    """The cursor of the next page, where this one is full."""
    cursor = result(payload).get("nextPageCursor")
    return {"cursor": cursor} if isinstance(cursor, str) and cursor and listed(payload) else None


def category(info: Row) -> str:
    """How Bybit divides its contracts: ``linear`` or ``inverse``; ``ValueError`` for anything else."""
    kind = KINDS.get(text_if_given(info, "contractType"))
    if kind is None:
        raise ValueError(f"contractType is {info.get('contractType')!r}, expected one of {', '.join(KINDS)}")
    return kind.value


class BybitContracts:
    """Reads the listing; see ``Contracts``."""

    def tier_requests(self, markets: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """One per symbol: all together come 15 symbols a page, and one page has to wait for the other."""
        return [
            Request(
                api=("public",),
                method="GET",
                path="v5/market/risk-limit",
                params={"category": category(info), "symbol": text(info, "symbol")},
                following=next_cursor,
            )
            for info in map(_info, markets)
            if text_if_given(info, "contractType") in KINDS
        ]

    def listing(self, markets: Sequence[Mapping[str, Any]], tiers: Sequence[Payload]) -> Listing:
        """The contracts with their tiers; what makes no sense is left out, and so is unknown to everybody."""
        by_symbol: dict[str, list[Row]] = {}
        for payload in tiers:
            for each in listed(payload):
                by_symbol.setdefault(text(each, "symbol"), []).append(each)
        return Listing(
            [instrument for market in markets if (instrument := _instrument(market, by_symbol)) is not None]
        )


def _info(market: Mapping[str, Any]) -> Row:
    return row(market.get("info"), "info")


def _instrument(market: Mapping[str, Any], tiers: Mapping[str, Sequence[Row]]) -> Instrument | None:
    try:
        info = _info(market)
        family = category(info)
        table = tiers.get(text(info, "symbol"))
        if not table:
            return None
        lots = row(info.get("lotSizeFilter"), "lotSizeFilter")
        return Instrument(
            id=text(info, "symbol"),
            family=family,
            contract=_contract(market, info, lots, tiers_of(table)),
            max_quantity=above_nought(lots, "maxMktOrderQty") if given(lots, "maxMktOrderQty") else None,
        )
    except ValueError:
        return None


def _contract(market: Mapping[str, Any], info: Row, lots: Row, tiers: Tiers) -> Contract:
    kind = KINDS[text(info, "contractType")]
    dated = text(info, "contractType") in DATED
    return Contract(
        symbol=Symbol(text(market, "symbol")),
        kind=kind,
        settlement=text(market, "settle"),
        tick=above_nought(row(info.get("priceFilter"), "priceFilter"), "tickSize"),
        lot=above_nought(lots, "qtyStep"),
        min_quantity=above_nought(lots, "minOrderQty"),
        min_notional=number(lots, "minNotionalValue") if given(lots, "minNotionalValue") else ZERO,
        max_leverage=above_nought(row(info.get("leverageFilter"), "leverageFilter"), "maxLeverage"),
        margin_step=MARGIN_STEP,
        expiry_ms=ms(info.get("deliveryTime"), "deliveryTime") if dated else None,
        tiers=tiers,
        rules=rules_for("bybit", kind),
        funding_interval_ms=NO_FUNDING_MS
        if dated
        else ms(info.get("fundingInterval"), "fundingInterval") * MINUTE_MS,
    )


def _minutes(info: Row) -> int:
    return ms(info.get("fundingInterval"), "fundingInterval")


def tiers_of(table: Sequence[Row]) -> Tiers:
    """Risk limits as tiers, smallest first. The last one has no end: beyond it nothing can be opened.

    Where a deduction is left empty it is what makes maintenance continuous; that is how Bybit's own are made
    (checked on 49 of its rows). ``ValueError`` for limits that do not rise.
    """
    ordered = sorted(table, key=lambda each: above_nought(each, "riskLimitValue"))
    tiers: list[Tier] = []
    for place, each in enumerate(ordered, start=1):
        floor = tiers[-1].cap if tiers else ZERO
        cap = above_nought(each, "riskLimitValue")
        if floor is None or cap <= floor:
            raise ValueError(f"risk limit {cap} does not rise above {floor}")
        rate = _rate(each)
        joined = tiers[-1].deduction + floor * (rate - tiers[-1].rate) if tiers else ZERO
        tiers.append(
            Tier(
                floor=floor,
                cap=cap if place < len(ordered) else None,
                rate=rate,
                deduction=number(each, "mmDeduction") if given(each, "mmDeduction") else joined,
                max_leverage=above_nought(each, "maxLeverage"),
            )
        )
    return tuple(tiers)


def _rate(of: Row) -> Decimal:
    """The maintenance rate as a fraction.

    Bybit's pages show it in percent in one place and as a fraction in another. The initial rate beside it is
    written the same way and is one over the leverage, which tells which of the two this is.
    """
    rate, whole = above_nought(of, "maintenanceMargin"), above_nought(of, "initialMargin")
    product = whole * above_nought(of, "maxLeverage")
    low, high = _ABOUT_ONE
    if low <= product <= high:
        return rate
    if low <= product / 100 <= high:
        return rate / 100
    raise ValueError(f"initial margin {whole} does not go with leverage {of.get('maxLeverage')!r}")
