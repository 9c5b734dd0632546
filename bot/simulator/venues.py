"""The exchanges that can be stood in for, by the names ccxt has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.simulator import binance, bybit, okx, xt
from bot.simulator.binance import COINM, USDM, BinanceWire
from bot.simulator.bybit import BybitWire
from bot.simulator.okx import OkxWire
from bot.simulator.wire import Wire
from bot.simulator.world import World
from bot.simulator.xt import XtWire
from bot.venues.live.terms import Assumed

WIRES: Mapping[str, Callable[[World], Wire]] = MappingProxyType(
    {
        USDM.name: lambda world: BinanceWire(world, USDM),
        COINM.name: lambda world: BinanceWire(world, COINM),
        BybitWire.name: BybitWire,
        OkxWire.name: OkxWire,
        XtWire.name: XtWire,
    }
)

ASSUMED: Mapping[str, tuple[Assumed, ...]] = MappingProxyType(
    {
        USDM.name: binance.ASSUMED,
        COINM.name: binance.ASSUMED,
        BybitWire.name: bybit.ASSUMED,
        OkxWire.name: okx.ASSUMED,
        XtWire.name: xt.ASSUMED,
    }
)
"""What each of them does that no source confirms."""

HOSTS = USDM.hosts | COINM.hosts | BybitWire.hosts | OkxWire.hosts | XtWire.hosts
"""The names of all of them, so that one certificate serves whichever is stood in for."""

ONE_MARGIN_MODE = frozenset({BybitWire.name})
"""Where an account has one margin mode for all of its positions (docs/v5/account/set-margin-mode)."""
