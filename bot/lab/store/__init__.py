"""A store of recorded market data: plain tapes in a folder, and a catalogue of how they came there."""
