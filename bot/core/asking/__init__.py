"""A turn after its facts are in: who is woken, who is asked in which order, what silence means, and why."""
