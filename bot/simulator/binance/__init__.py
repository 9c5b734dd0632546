"""Binance futures: USD-M completely, COIN-M with the same parts in other units."""

from bot.simulator.binance.assumed import ASSUMED
from bot.simulator.binance.section import COINM, USDM, Section
from bot.simulator.binance.wire import BinanceWire

__all__ = ["ASSUMED", "COINM", "USDM", "BinanceWire", "Section"]
