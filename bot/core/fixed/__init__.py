"""The rules that are always there: the seatbelt, the keeper of hedges, and flattening on order."""
