"""A unified symbol taken apart, so that a wire can put together what its exchange calls it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.types import Symbol

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolParts:
    """``BTC/USDT:USDT-261225``: base, quote, settlement, and the date of expiry as ``yymmdd`` or nothing."""

    base: str
    quote: str
    settlement: str
    dated: str = ""

    @property
    def day_month_year(self) -> str:
        """``25DEC26``: the day without a nought in front, as Bybit writes it."""
        year, month, day = self.dated[:2], self.dated[2:4], self.dated[4:]
        return f"{int(day)}{MONTHS[int(month) - 1]}{year}"


def parts_of(symbol: Symbol) -> SymbolParts:
    """Take it apart; ``ValueError`` for what is no symbol of a contract."""
    pair, colon, settled = symbol.partition(":")
    base, slash, quote = pair.partition("/")
    settlement, _, dated = settled.partition("-")
    if not (colon and slash and base and quote and settlement):
        raise ValueError(f"{symbol} is no symbol of a contract, expected BASE/QUOTE:SETTLEMENT[-YYMMDD]")
    return SymbolParts(base=base, quote=quote, settlement=settlement, dated=dated)
