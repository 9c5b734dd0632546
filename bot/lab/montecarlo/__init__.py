"""Monte Carlo: thousands of days that did not happen, drawn from recorded ones, through the same engine.

A ``Source`` draws joint moves of several symbols (``bootstrap``, ``parametric``), ``laying`` makes prices of
them, ``playing`` puts each path through engine and paper exchange, ``tally`` keeps what came of them all.
"""
