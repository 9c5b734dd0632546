"""XT over a simulated world."""

from __future__ import annotations

from bot.simulator.xt.wire import XtWire

__all__ = ["XtWire"]
