"""The port to an exchange and its adapters."""
