"""The paper exchange: an exchange as a pure state machine, in parts."""

from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.figures import Figures, PoolFigures, PositionFigures
from bot.venues.paper.in_force import InForce
from bot.venues.paper.model import (
    MarketModel,
    Opening,
    OrderRequest,
    PaperAccount,
    PaperError,
    Share,
    Wires,
)
from bot.venues.paper.outage import Outage
from bot.venues.paper.venue import PaperVenue

__all__ = [
    "CollateralTerms",
    "Figures",
    "InForce",
    "MarketModel",
    "Opening",
    "OrderRequest",
    "Outage",
    "PaperAccount",
    "PaperError",
    "PaperExchange",
    "PaperVenue",
    "PoolFigures",
    "PositionFigures",
    "Share",
    "Wires",
]
