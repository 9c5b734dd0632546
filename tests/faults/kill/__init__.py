"""The real process, ended without warning at every moment there is, and what exchange and journal say then.

``python -m tests.faults.kill`` runs it by hand. The bot is ``python -m bot run --live`` with ccxt's own
client and SQLite, over TLS, against the simulator; a hand stirs the market so that something is always on
its way.
"""
