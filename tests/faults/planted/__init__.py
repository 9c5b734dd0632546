"""Planted bugs: mistakes in our own code, each of which the fault lab has to notice.

What the lab finds in correct code is nothing, and nothing is what a lab without eyes finds as well. So here
are mistakes, one at a time, in a copy of the tree. The lab is worth as much as it catches of them.
"""

from tests.faults.planted import at_the_exchange, in_the_core, in_the_process, unheeded
from tests.faults.planted.substitution import Misfit, Substitution

SUBSTITUTIONS = (
    *at_the_exchange.SUBSTITUTIONS,
    *in_the_core.SUBSTITUTIONS,
    *in_the_process.SUBSTITUTIONS,
    *unheeded.SUBSTITUTIONS,
)

__all__ = ["SUBSTITUTIONS", "Misfit", "Substitution"]
