"""What Binance USD-M and Binance COIN-M share: the same functions over two sets of data.

Both are one interface under two names (``fapi``, ``dapi``). They differ in the unit of a quantity (coins, or
contracts of a fixed number of dollars), in the unit of the tiers, in some paths and in some codes.
"""
