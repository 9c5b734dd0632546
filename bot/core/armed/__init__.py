"""Which rules look after a position, and under which conditions of the trader."""
