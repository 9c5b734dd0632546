"""The margin pool that each position is judged in, built from what is known and kept while that stays so."""

from __future__ import annotations

from decimal import Decimal

from bot.core.accounts.book import Account, Holder
from bot.core.margin.bounds import nets
from bot.core.margin.liquidation import liquidation_price, stands_still
from bot.core.margin.pool import Holding, Marks, Pool
from bot.core.margin.sums import PlainSums
from bot.core.types import ZERO, MarginMode


def isolated_pool(holder: Holder) -> Pool:
    """The pool of the position as it is now, and where it is liquidated if that does not move."""
    position = holder.position
    if holder.shortfall:
        position = position.with_margin(position.margin - holder.shortfall)
    pool = Pool(MarginMode.ISOLATED, position.margin, (Holding(position, holder.contract),))
    holder.pool = pool
    holder.stands = stands_still(position, holder.contract)
    holder.liquidation = liquidation_price(pool, holder.id, {}) if holder.stands else None
    return pool


def cross_pool(account: Account, currency: str) -> Pool:
    """The cross positions that settle in ``currency``, and the wallet they share.

    What one of them lacks by the venue's account is missing in the wallet of all.
    """
    wallet, sharing = account.wallet(currency), _sharing(account, currency)
    holdings = tuple(Holding(holder.position, holder.contract) for holder in sharing)
    pool = wallet.cross_pool = Pool(MarginMode.CROSS, wallet.amount - _lacking(sharing), holdings)
    wallet.nets = nets(pool)
    return pool


def plain_sums(holder: Holder, pool: Pool, marks: Marks) -> PlainSums:
    """The sums of its pool for whoever trusts nobody else's: kept while neither pool nor marks are others."""
    keeper = holder if holder.isolated else holder.wallet
    known = keeper.plain
    if known is None or not known.fits(pool, marks):
        curves = known.curves if known is not None and known.pool is pool else None
        known = keeper.plain = PlainSums(pool, marks, curves)
    return known


def after_payment(account: Account, currency: str) -> None:
    """Put what is in the wallet now behind the cross positions there are: none of them is another one."""
    wallet = account.wallet(currency)
    if wallet.cross_pool is not None:
        behind = wallet.amount - _lacking(_sharing(account, currency))
        wallet.cross_pool = Pool(MarginMode.CROSS, behind, wallet.cross_pool.holdings)


def _sharing(account: Account, currency: str) -> list[Holder]:
    return [h for h in account.holders.values() if not h.isolated and h.contract.settlement == currency]


def _lacking(sharing: list[Holder]) -> Decimal:
    return max((holder.shortfall for holder in sharing), default=ZERO)
