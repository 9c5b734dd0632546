"""OKX v5 as far as the guard uses it: an account in futures mode trading swaps and dated futures.

Sources, unless a place says otherwise: the documentation of the exchange (okx.com/docs-v5) and what ccxt 4.5
parses. What no source confirms says that it is assumed.
"""

from bot.simulator.okx.assumed import ASSUMED
from bot.simulator.okx.wire import OkxWire

__all__ = ["ASSUMED", "OkxWire"]
