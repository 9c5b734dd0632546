"""XT's futures as far as the guard uses them.

Sources, unless a place says otherwise: the documentation of the exchange (doc.xt.com/docs/futures) and the
answers that ccxt 4.5 quotes beside its parsers. What no source confirms says that it is assumed.
"""

from bot.simulator.xt.assumed import ASSUMED
from bot.simulator.xt.wire import XtWire

__all__ = ["ASSUMED", "XtWire"]
