"""XT, contracts that settle in quote currency (USDT-M): what is special about it.

ccxt's driver of XT is not to be trusted with positions, stops or quantities, so nothing of it is used but its
signature, its connections and its list of contracts. Contracts that settle in coin live on another host of
XT, whose streams no source describes: they are left out of the listing.
"""

from __future__ import annotations

from bot.venues.live.dialect import Dialect, Recent
from bot.venues.live.dialects.xt.acting import XtActing, cancel_by_id
from bot.venues.live.dialects.xt.answers import XtAnswers
from bot.venues.live.dialects.xt.beside import XtBeside
from bot.venues.live.dialects.xt.contracts import XtContracts
from bot.venues.live.dialects.xt.history import HISTORY
from bot.venues.live.dialects.xt.past import recent_ids, recent_requests
from bot.venues.live.dialects.xt.reading import XtReading
from bot.venues.live.dialects.xt.streams import XtStreams
from bot.venues.live.dialects.xt.traits import TRAITS

DIALECT = Dialect(
    traits=TRAITS,
    contracts=XtContracts(),
    acting=XtActing,
    reading=XtReading(),
    beside=XtBeside(),
    answers=XtAnswers(),
    streams=XtStreams(),
    recent=Recent(requests=recent_requests, ids=recent_ids),
    history=HISTORY,
    cancel_by_id=cancel_by_id,
)
