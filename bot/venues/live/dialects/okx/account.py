"""What an account at OKX holds, from its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from bot.core.types import ZERO, AccountName, PositionId
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.rows import TRAILING, TRIGGER, conditional, order, position
from bot.venues.live.dialects.okx.spelling import FUTURES, SWAP
from bot.venues.live.rows import Row, each, given, number, rows, text, text_if_given
from bot.venues.live.terms import AccountState, Balance, Listing, Payload
from bot.venues.live.wire import Param, Request, pages

BALANCE, POSITIONS, ORDERS, CONDITIONAL = "balance", "positions", "orders", "conditional"
BALANCE_PATH = "account/balance"
TYPES = (SWAP, FUTURES)
SORTS = ("conditional,oco", TRIGGER, TRAILING)
"""Conditional orders can only be asked for by sort; these two together are the exception."""
ROWS_A_PAGE = 100


def read(path: str, **params: Param) -> Request:
    """A request that reads something private; each path has a window of its own."""
    return Request(api=("private",), method="GET", path=path, params=params, window=path)


def _paged(path: str, by: str, **params: Param) -> Request:
    return Request(
        api=("private",),
        method="GET",
        path=path,
        params={**params, "limit": str(ROWS_A_PAGE)},
        window=path,
        following=partial(_following, by),
    )


def _following(by: str, payload: Payload) -> Mapping[str, Param] | None:
    """What comes after a full page: what is older than its last row."""
    page = listed(payload)
    return {"after": text(page[-1], by)} if len(page) >= ROWS_A_PAGE else None


def account_requests() -> Mapping[str, Request]:
    """Balance, positions, orders by type, conditional orders by sort."""
    return {
        BALANCE: read(BALANCE_PATH),
        POSITIONS: read("account/positions"),
        **{f"{ORDERS} {kind}": _paged("trade/orders-pending", "ordId", instType=kind) for kind in TYPES},
        **{
            f"{CONDITIONAL} {sort}": _paged("trade/orders-algo-pending", "algoId", ordType=sort)
            for sort in SORTS
        },
    }


def account(name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
    """Everything the account holds. ``ValueError`` where not all pages were read: half of it is not it."""
    flaws: list[str] = []
    held = each(listed(payloads[POSITIONS]), "position", flaws, lambda of: position(of, name, listing))
    plain = [of for kind in TYPES for of in _all(payloads, f"{ORDERS} {kind}", "ordId")]
    waiting = [of for sort in SORTS for of in _all(payloads, f"{CONDITIONAL} {sort}", "algoId")]
    ours = [of for of in waiting if text_if_given(of, "instType") in TYPES]
    coins = {one.contract.settlement for one in listing.by_id.values()}
    wallets = [of for of in currencies(payloads[BALANCE]) if text(of, "ccy") in coins]
    return AccountState(
        positions=tuple(one.position for one in held),
        balances=each(wallets, "wallet", flaws, _balance),
        orders=(
            *each(plain, "order", flaws, lambda of: order(of, name, listing)),
            *each(ours, "conditional order", flaws, lambda of: conditional(of, name, listing)),
        ),
        venue_liquidation=_liquidations({one.position.id: one.liquidation for one in held}),
        flaws=tuple(flaws),
        modes=frozenset(one.kept for one in held),
    )


def currencies(payload: Payload) -> Sequence[Row]:
    """The currencies of the trading account."""
    balances = listed(payload)
    if len(balances) != 1:
        raise ValueError(f"{len(balances)} balances, expected the one of the trading account")
    return rows(balances[0].get("details"), "details")


def _liquidations(found: Mapping[PositionId, Decimal | None]) -> dict[PositionId, Decimal]:
    return {id_: price for id_, price in found.items() if price is not None}


def _all(payloads: Mapping[str, Payload], name: str, by: str) -> Sequence[Row]:
    read_pages = pages(payloads, name)
    if _following(by, read_pages[-1]) is not None:
        raise ValueError(f"{name}: there are more pages than were read")
    return [of for page in read_pages for of in listed(page)]


def _balance(of: Row) -> Balance:
    """One currency of the trading account in futures mode.

    Its cash is without the margin of isolated positions, which has left it, and without unrealised profit:
    ``eq`` is ``cashBal`` with ``upl``, ``isoEq`` and what bots hold. What is available contains profit, which
    is not counted on here.
    """
    cash = number(of, "cashBal")
    available = number(of, "availEq") if given(of, "availEq") else number(of, "availBal")
    return Balance(currency=text(of, "ccy"), wallet=cash, free=max(min(available, cash), ZERO))
