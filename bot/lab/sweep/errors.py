"""What keeps a sweep from being run, each with a sentence for whoever asked for it."""


class SweepError(Exception):
    """The sweep cannot be run, or cannot be finished."""


class ParameterError(SweepError):
    """A word of the command line names no parameter, or no values of it."""


class ResultsError(SweepError):
    """The results file is not one of this sweep."""


class WorkersLostError(SweepError):
    """Workers die faster than they finish anything."""
