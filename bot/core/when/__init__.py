"""Conditions from the configuration: what `when = "distance < 0.08"` means, and what wake it is."""
