"""Bybit v5 as far as the guard uses it, an unified account (UTA 2.0) trading linear and inverse contracts.

Sources, unless a place says otherwise: the documentation of the exchange (bybit-exchange/docs, ``docs/v5``),
and what ccxt 4.5 parses. What no source confirms says that it is assumed.
"""

from bot.simulator.bybit.assumed import ASSUMED
from bot.simulator.bybit.wire import BybitWire

__all__ = ["ASSUMED", "BybitWire"]
