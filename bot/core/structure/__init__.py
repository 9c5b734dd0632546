"""Where a market has been, turned and traded before: extremes, swings, clusters of them, nodes of volume.

All of it is found bar by bar by pure code, and only where a rule declares that it needs it. What it finds are
zones of price. Nothing here is a float: prices are compared and counted, not averaged.
"""

from bot.core.structure.clusters import Clusters, ClusterSeries
from bot.core.structure.extremes import Extremes, ExtremeSeries
from bot.core.structure.profile import Nodes, ProfileSeries
from bot.core.structure.swings import Swings, SwingSeries
from bot.core.structure.zones import Zone, Zones, behind, edge_behind

Structure = Extremes | Swings | Clusters | Nodes
"""What a rule may declare that it needs."""

StructureSeries = ExtremeSeries | SwingSeries | ClusterSeries | ProfileSeries
"""One of them for one symbol, as it develops."""


def structure_series(spec: Structure) -> StructureSeries:
    """The series of ``spec``, without history."""
    match spec:
        case Extremes(length=length):
            return ExtremeSeries(length)
        case Swings(strength=strength, length=length, high=high):
            return SwingSeries(strength, length, high=high)
        case Clusters():
            return ClusterSeries(spec)
        case Nodes():
            return ProfileSeries(spec)


__all__ = [
    "Clusters",
    "Extremes",
    "Nodes",
    "Structure",
    "StructureSeries",
    "Swings",
    "Zone",
    "Zones",
    "behind",
    "edge_behind",
    "structure_series",
]
