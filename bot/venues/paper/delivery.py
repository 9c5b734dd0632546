"""Delivery: what becomes of a dated future when it expires.

Venues settle against an average of the index, not against the last price, so that nobody can move the
settlement with one trade. The window of that average and the fee differ between venues and have changed
over time, so both are data. Whoever drives the exchange has the index,
averages it and hands the result to ``PaperExchange.deliver``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from bot.core.contracts import Contract
from bot.core.facts import Delivered
from bot.core.settings import HOUR_MS
from bot.core.types import ZERO, Symbol
from bot.venues.paper.books import Books
from bot.venues.paper.model import MarketModel, PaperError
from bot.venues.paper.refusals import family_named
from bot.venues.paper.trading import reduce

HALF_HOUR_MS = HOUR_MS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTerms:
    """How a venue delivers. ``source`` is where that is published.

    Until ``since_ms`` (0: always) the index was averaged over ``window_before_ms``, from then on over
    ``window_ms``, up to the expiry in both cases. ``fee`` is a fraction of the delivered notional; ``None``
    is the taker fee.
    """

    window_ms: int
    since_ms: int = 0
    window_before_ms: int = 0
    fee: Decimal | None
    source: str

    def window_at(self, expiry_ms: int) -> int:
        """The length of the window for a contract that expires then."""
        return self.window_ms if expiry_ms >= self.since_ms else self.window_before_ms


DELIVERY: Mapping[str, DeliveryTerms] = MappingProxyType(
    {
        "binance": DeliveryTerms(
            window_ms=HALF_HOUR_MS,
            since_ms=1_731_312_000_000,  # 2024-11-11 08:00 UTC
            window_before_ms=HOUR_MS,
            fee=None,
            source="Binance FAQ a3401595e173, Delivery & Settlement of Quarterly Futures (mean of the index"
            " every second, settled at the taker fee); announcement of 2024-11-04 (an hour no longer)",
        ),
        "bybit": DeliveryTerms(
            window_ms=HALF_HOUR_MS,
            fee=Decimal("0.0005"),
            source="Bybit help 900003221726, Trading and Settlement Fees (0.05 %); Index Price, Inverse"
            " Futures Contract (mean of the index every second from 07:30 to 08:00 UTC)",
        ),
        "okx": DeliveryTerms(
            window_ms=HALF_HOUR_MS,
            since_ms=1_773_792_000_000,  # 2026-03-18 00:00 UTC
            window_before_ms=HOUR_MS,
            fee=ZERO,
            source="OKX Futures settlement rules (mean of the index over the hour before delivery);"
            " announcement of 2026-03-06 (30 minutes from 2026-03-18); no delivery fee found published",
        ),
    }
)
"""By the family of the margin rules."""

ELSEWHERE = DeliveryTerms(
    window_ms=HALF_HOUR_MS, fee=ZERO, source="assumed: what the three large venues do now"
)


def terms_of(contract: Contract) -> DeliveryTerms:
    """How the venue of a contract delivers; ``ELSEWHERE`` where nothing was found published."""
    return terms_named(contract.rules.name)


def terms_named(rules: str) -> DeliveryTerms:
    """The same by the name of the venue's margin rules."""
    return DELIVERY.get(family_named(rules), ELSEWHERE)


def deliver(books: Books, at_ms: int, symbol: Symbol, price: Decimal) -> None:
    """Cancel every order of an expired contract and settle its positions at ``price``, less the fee."""
    contract = books.contracts[symbol]
    if contract.expiry_ms is None:
        raise PaperError(f"{symbol}: a perpetual is never delivered")
    if at_ms < contract.expiry_ms:
        raise PaperError(f"{symbol}: expires at {contract.expiry_ms}, not at {at_ms}")
    if price <= 0:
        raise PaperError(f"{symbol}: settlement price {price}, expected above 0")
    rate = delivery_fee(contract, books.model)
    for account in books.accounts.values():
        for order in [o for o in account.orders.values() if o.id.symbol == symbol]:
            books.drop(order)
        for position in [p for p in account.positions.values() if p.id.symbol == symbol]:
            reduce(books, position.id, position.quantity, price, rate)
            books.facts.append(Delivered(at_ms=at_ms, id=position.id, price=price))


def delivery_fee(contract: Contract, model: MarketModel) -> Decimal:
    """What the venue charges for a delivery, as a fraction of the notional at the settlement price."""
    fee = terms_of(contract).fee
    return model.taker_fee if fee is None else fee
