"""Recorded or invented market data through engine, guard, paper exchange and journal."""
