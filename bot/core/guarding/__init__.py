"""The guard, the only maker of actions, and all it asks: budgets, patience, hedges, prices, withdrawals."""
