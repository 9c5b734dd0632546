"""What was done: the life of every intent, its cost, budgets and counts, and where changes came from."""
