"""Recorded market data as the replay reads it.

A file becomes a checked `Tape` (`read_tape`), tapes become what one symbol has (`group`), and that
becomes the path of prices (`price_path`), the closed bars (`aggregate`) and the search that jumps
(`first_outside`). Everything wrong with a tape is a `TapeError`, everything assumed about one is a
sentence.
"""

from bot.lab.tapes.bars import Bars, aggregate
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.grouping import SymbolTapes, group
from bot.lab.tapes.names import TapeKind
from bot.lab.tapes.path import PathOrder, Point, Points, PricePath, price_path
from bot.lab.tapes.played import MarkPath, PlayedPath
from bot.lab.tapes.quality import Gap, Quality, gaps, quality, quality_sentences
from bot.lab.tapes.reading import read_tape
from bot.lab.tapes.search import first_outside
from bot.lab.tapes.tape import Tape, invented_tape
from bot.lab.tapes.ticks import Ticks, tick_price, tick_prices, to_price, to_ticks_ceil, to_ticks_floor

__all__ = [
    "Bars",
    "Gap",
    "MarkPath",
    "PathOrder",
    "PlayedPath",
    "Point",
    "Points",
    "PricePath",
    "Quality",
    "SymbolTapes",
    "Tape",
    "TapeError",
    "TapeKind",
    "Ticks",
    "aggregate",
    "first_outside",
    "gaps",
    "group",
    "invented_tape",
    "price_path",
    "quality",
    "quality_sentences",
    "read_tape",
    "tick_price",
    "tick_prices",
    "to_price",
    "to_ticks_ceil",
    "to_ticks_floor",
]
