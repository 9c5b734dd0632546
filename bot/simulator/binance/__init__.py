"""Binance futures: USD-M completely, COIN-M with the same parts in other units.

Sources, unless a place says otherwise: the documentation of the exchange (developers.binance.com,
derivatives), whose pages are named in quotes where something is of one of them, and what ccxt 4.5 parses.
What no source confirms is listed as assumed; what there is at Binance and not here, in ``unserved``.
"""

from bot.simulator.binance.assumed import ASSUMED
from bot.simulator.binance.section import COINM, USDM, Section
from bot.simulator.binance.wire import BinanceWire

__all__ = ["ASSUMED", "COINM", "USDM", "BinanceWire", "Section"]
