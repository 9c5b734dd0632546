"""What an account at Bybit holds, from its answers.

There is one margin mode for the whole account, and one wallet for everything in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.core.types import ZERO, AccountName, MarginMode, PositionId
from bot.venues.live.dialects.bybit.contracts import listed, next_cursor, result
from bot.venues.live.dialects.bybit.rows import Held, order, position
from bot.venues.live.rows import Row, each, given, number, rows, text
from bot.venues.live.terms import AccountState, Balance, Listing, Payload
from bot.venues.live.wire import Param, Request, pages

INFO, WALLET = "info", "wallet"
POSITIONS, ORDERS = "positions", "orders"
WALLET_PATH = "v5/account/wallet-balance"
ISOLATED, CROSS, PORTFOLIO = "ISOLATED_MARGIN", "REGULAR_MARGIN", "PORTFOLIO_MARGIN"
MODES = {ISOLATED: MarginMode.ISOLATED, CROSS: MarginMode.CROSS}
POSITIONS_A_PAGE, ORDERS_A_PAGE = 200, 50


def account_requests(listing: Listing) -> Mapping[str, Request]:
    """Account, wallet, and per division of its contracts the positions and the orders of every kind."""
    requests = {
        INFO: read("v5/account/info"),
        WALLET: read(WALLET_PATH, accountType="UNIFIED"),
    }
    for division in _divisions(listing):
        requests[_named(POSITIONS, division)] = read("v5/position/list", **division, limit=POSITIONS_A_PAGE)
        requests[_named(ORDERS, division)] = read(
            "v5/order/realtime", **division, openOnly=0, limit=ORDERS_A_PAGE
        )
    return requests


def _divisions(listing: Listing) -> Sequence[dict[str, Param]]:
    """Linear contracts can only be asked for by coin, inverse ones all at once."""
    settled = {each.contract.settlement for each in listing.by_id.values() if each.family == "linear"}
    inverse = any(each.family == "inverse" for each in listing.by_id.values())
    divisions: list[dict[str, Param]] = [
        {"category": "linear", "settleCoin": coin} for coin in sorted(settled)
    ]
    return [*divisions, {"category": "inverse"}] if inverse else divisions


def _named(what: str, division: Mapping[str, Param]) -> str:
    return " ".join([what, *(str(value) for value in division.values())])


def read(path: str, **params: Param) -> Request:
    """A request that reads something private, page after page where there are several."""
    return Request(
        api=("private",), method="GET", path=path, params=params, window="account", following=next_cursor
    )


def account(name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
    """Everything the account holds. ``ValueError`` where not all pages were read: half of it is not it."""
    margin_mode = text(result(payloads[INFO]), "marginMode")
    if margin_mode not in MODES:
        raise ValueError(f"marginMode is {margin_mode!r}, expected {' or '.join(MODES)}")
    mode = MODES[margin_mode]
    flaws: list[str] = []
    held = each(
        _all(payloads, listing, POSITIONS), "position", flaws, lambda of: position(of, name, mode, listing)
    )
    orders = each(_all(payloads, listing, ORDERS), "order", flaws, lambda of: order(of, name, listing))
    settled = {each.contract.settlement for each in listing.by_id.values()}
    wallets = [of for of in coins(payloads[WALLET]) if text(of, "coin") in settled]
    return AccountState(
        positions=tuple(one.position for one in held),
        balances=each(wallets, "wallet", flaws, lambda of: _balance(of, mode)),
        orders=orders,
        venue_liquidation=_liquidations(held),
        flaws=tuple(flaws),
        modes=frozenset(one.kept for one in held if one.kept is not None),
    )


def _liquidations(held: Sequence[Held]) -> dict[PositionId, Decimal]:
    return {one.position.id: one.liquidation for one in held if one.liquidation is not None}


def _all(payloads: Mapping[str, Payload], listing: Listing, what: str) -> Sequence[Row]:
    """The rows of all divisions and all their pages."""
    found: list[Row] = []
    for division in _divisions(listing):
        name = _named(what, division)
        read_pages = pages(payloads, name)
        if next_cursor(read_pages[-1]) is not None and len(listed(read_pages[-1])) >= _full(what):
            raise ValueError(f"{name}: there are more pages than were read")
        found += [of for page in read_pages for of in listed(page)]
    return found


def _full(what: str) -> int:
    """How many rows make a full page: Bybit gives a cursor with the last page too."""
    return POSITIONS_A_PAGE if what == POSITIONS else ORDERS_A_PAGE


def coins(payload: Payload) -> Sequence[Row]:
    """The coins of the one wallet of a unified account."""
    wallets = listed(payload)
    if len(wallets) != 1:
        raise ValueError(f"{len(wallets)} wallets, expected the one of the unified account")
    return rows(wallets[0].get("coin"), "coin")


def _balance(of: Row, mode: MarginMode) -> Balance:
    """One coin of the unified wallet, which holds the margin of isolated positions as well.

    What resting orders and spot orders have locked is not free. In cross an unrealised loss is not free
    either, and a profit is not counted on; other coins back the account too, and are left out.
    """
    wallet, positions = number(of, "walletBalance"), number(of, "totalPositionIM")
    locked = number(of, "locked") if given(of, "locked") else ZERO
    taken = number(of, "totalOrderIM") + locked
    if mode is MarginMode.ISOLATED:
        wallet -= positions
    else:
        taken += positions - min(number(of, "unrealisedPnl"), ZERO)
    return Balance(currency=text(of, "coin"), wallet=wallet, free=max(wallet - taken, ZERO))
