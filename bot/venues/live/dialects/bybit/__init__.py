"""Bybit: linear and inverse contracts of the unified trading account."""

from __future__ import annotations

from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects.bybit.acting import BybitActing
from bot.venues.live.dialects.bybit.answers import BybitAnswers
from bot.venues.live.dialects.bybit.beside import BybitBeside
from bot.venues.live.dialects.bybit.contracts import BybitContracts
from bot.venues.live.dialects.bybit.history import HISTORY
from bot.venues.live.dialects.bybit.reading import BybitReading
from bot.venues.live.dialects.bybit.recent import RECENT
from bot.venues.live.dialects.bybit.streams import BybitStreams
from bot.venues.live.dialects.bybit.traits import TRAITS

DIALECT = Dialect(
    traits=TRAITS,
    contracts=BybitContracts(),
    acting=BybitActing,
    reading=BybitReading(),
    beside=BybitBeside(),
    answers=BybitAnswers(),
    streams=BybitStreams(),
    recent=RECENT,
    history=HISTORY,
)
