"""An exchange as a pure state machine, for paper trading, replays and tests."""
