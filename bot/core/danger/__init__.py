"""How near a position is to liquidation at the present marks, and what would have to happen to change it."""
