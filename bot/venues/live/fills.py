"""What a trade of ours cost against the mark."""

from __future__ import annotations

from decimal import Decimal

from bot.core.contracts import Contract, ContractKind


def slippage(
    contract: Contract, quantity: Decimal, price: Decimal, mark: Decimal, *, bought: bool
) -> Decimal:
    """Money lost by trading at ``price`` and not at ``mark``, in the settlement currency; gained: negative.

    What is bought too dear costs more quote currency in a linear contract and brings less of the coin in an
    inverse one.
    """
    difference = contract.notional(quantity, price) - contract.notional(quantity, mark)
    return difference if bought is (contract.kind is ContractKind.LINEAR) else -difference
