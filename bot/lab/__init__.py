"""Tapes, scenarios and replays: rules tried against recorded and invented markets."""
