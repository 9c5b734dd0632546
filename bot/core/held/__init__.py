"""What is held, as data: lots, pairs of a position and its hedges, coins, worth, and what could be lost."""
