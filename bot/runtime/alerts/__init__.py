"""Alerts: people are told what befell their positions and what was done, on channels that may be dead.

    steps -> noticing -> desk (who is told what, and when) -> message -> channels, one task each
                           ^                                                |
                           +------------- told, or failed <-----------------+

Nothing here is on the path of a decision or of the start: what is noticed is put on a desk in memory and
written into the journal with the next commit, and everything that may take time has a task of its own.
"""
