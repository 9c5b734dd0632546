"""Facts and orders from a person coming in: they change the picture, and decide nothing."""
