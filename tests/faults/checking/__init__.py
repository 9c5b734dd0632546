"""Whether a bot kept its promises: everything that can be told from what it did, and from nothing else.

``check`` holds the evidence of one run against the safety invariants I01 to I33. Each is a small function in
a file of its theme; the exchange's own books are the truth in all of them. Nothing here asks the bot's code
what would have been right, but where the exchange's margin arithmetic is meant.
"""

from tests.faults.checking.checks import check
from tests.faults.checking.coverage import COVERAGE
from tests.faults.checking.violation import Violation

__all__ = ["COVERAGE", "Violation", "check"]
