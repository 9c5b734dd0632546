"""The pure core: facts in, decisions out, with no clock, no randomness and no I/O."""
