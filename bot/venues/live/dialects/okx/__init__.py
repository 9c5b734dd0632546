"""OKX: linear and inverse contracts of the trading account in futures mode."""

from __future__ import annotations

from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects.okx.acting import OkxActing
from bot.venues.live.dialects.okx.answers import OkxAnswers
from bot.venues.live.dialects.okx.beside import OkxBeside
from bot.venues.live.dialects.okx.contracts import OkxContracts
from bot.venues.live.dialects.okx.history import HISTORY
from bot.venues.live.dialects.okx.margin_moves import OkxMarginHistory
from bot.venues.live.dialects.okx.reading import OkxReading
from bot.venues.live.dialects.okx.recent import RECENT
from bot.venues.live.dialects.okx.streams import OkxStreams
from bot.venues.live.dialects.okx.traits import TRAITS

DIALECT = Dialect(
    traits=TRAITS,
    contracts=OkxContracts(),
    acting=OkxActing,
    reading=OkxReading(),
    beside=OkxBeside(),
    answers=OkxAnswers(),
    streams=OkxStreams(),
    recent=RECENT,
    history=HISTORY,
    margin_history=OkxMarginHistory(),
)
