"""Crashes as a page of figures each: those that happened, rebuilt, and some that did not.

A file of `config/scenarios` becomes a `Scenario` (`library`), that becomes `tapes` for whatever is held, and
what befell the venue becomes part of the settings (`staged`). Then it is replayed like a recording.
"""

from bot.lab.scenarios.figures import SPANS_MIN, Figures, figures
from bot.lab.scenarios.model import ANY_COIN, ScenarioTable
from bot.lab.scenarios.scenario import (
    FOLDER,
    Scenario,
    UnknownScenarioError,
    library,
    names,
    read_scenario,
)
from bot.lab.scenarios.staging import dropped, misbehaving, staged
from bot.lab.scenarios.taping import AS_WRITTEN, Taken, coin_of, tapes, told

__all__ = [
    "ANY_COIN",
    "AS_WRITTEN",
    "FOLDER",
    "SPANS_MIN",
    "Figures",
    "Scenario",
    "ScenarioTable",
    "Taken",
    "UnknownScenarioError",
    "coin_of",
    "dropped",
    "figures",
    "library",
    "misbehaving",
    "names",
    "read_scenario",
    "staged",
    "tapes",
    "told",
]
