"""Where orders of the drill's own rules rest, in SOL: read by those rules, so that nothing else is here."""

from decimal import Decimal

SPARE = Decimal(97)
"""A stop beside the one that protects the position: nearer, so that the other may stay alone."""
PROFIT = Decimal(120)
