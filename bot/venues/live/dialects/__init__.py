"""One package per exchange with all that is special about it: data first, small functions second.

Everything here is pure.
"""
