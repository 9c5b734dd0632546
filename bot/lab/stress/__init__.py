"""Stress tests: what is held now, through every scenario, with one set of rules and with another."""
