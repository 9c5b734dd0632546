"""The pure core: facts in, decisions out, with no clock, no randomness and no I/O.

In this folder lie the words that cross its border (``facts``, ``intents``, ``decisions``, ``contracts``,
``settings``), what a rule is and sees (``rule``, ``view``, ``wake``, ``when``), and the ``engine``. Behind it
are rooms, each of which knows the ones before it and none after:

``margin``                            the arithmetic of margin and liquidation, for every venue
``held``, ``structure``, ``markets``  what is held, what prices have drawn, what is known of the market
``danger``                            how near liquidation is
``rules``, ``fixed``                  what rules are built with, and those that are always there
``deeds``, ``accounts``, ``armed``    what was done, the picture of accounts, which rules look after them
``guarding``                          what may be sent
``intake``, ``asking``                a turn: facts come in, then rules are asked
"""
