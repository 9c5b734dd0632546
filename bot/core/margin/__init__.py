"""Margin arithmetic: what an exchange requires, where it liquidates, and what a defence would change."""
