"""The paper exchange: an exchange as a pure state machine, in parts."""

from bot.venues.paper.delivery import SettlementPrice
from bot.venues.paper.exchange import PaperExchange
from bot.venues.paper.figures import Figures, PoolFigures, PositionFigures
from bot.venues.paper.model import MarketModel, Opening, OrderRequest, PaperAccount, PaperError, Wires
from bot.venues.paper.venue import PaperVenue

__all__ = [
    "Figures",
    "MarketModel",
    "Opening",
    "OrderRequest",
    "PaperAccount",
    "PaperError",
    "PaperExchange",
    "PaperVenue",
    "PoolFigures",
    "PositionFigures",
    "SettlementPrice",
    "Wires",
]
