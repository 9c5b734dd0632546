"""Sweeps: many values of a few parameters of the rules, through the crashes, on all cores there are.

`parameters` finds what a word of the command line means, `axes` which values it takes, `grid` which cells
that makes. `cell` evaluates one of them, a pure function that any executor can run; `running` sees to it that
each is counted once, whoever dies meanwhile, and `results` that it is kept. `judging`, `stability` and `heat`
say what came of it.
"""
