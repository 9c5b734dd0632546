"""Real exchanges, through ccxt.

The library signs, connects and knows the endpoints; what is asked and what an answer means is ours. So there
are two halves. The pure one is a ``Dialect`` per exchange: requests out, payloads in, facts and verdicts,
all in exact decimals from the exchange's own strings. The other one does the talking: clients, gate, venue
and feed.
"""
