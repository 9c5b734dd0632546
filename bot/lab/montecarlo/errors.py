"""What cannot be drawn from."""


class SourceError(ValueError):
    """Tapes that no paths can be drawn from, or paths that cannot be asked for: one line, with the remedy."""

    exit_code = 2
