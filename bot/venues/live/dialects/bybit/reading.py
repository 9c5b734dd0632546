"""Requests that read Bybit, and what their answers say: orders, setup, rights, clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.core.facts import BarClosed, Fill, FundingRate, MarkPrice
from bot.core.types import ZERO, AccountName, ClientId, PositionMode, Symbol
from bot.venues.live.dialects.bybit import account, market
from bot.venues.live.dialects.bybit.account import read
from bot.venues.live.dialects.bybit.contracts import listed, result
from bot.venues.live.dialects.bybit.rows import CLOSED, OPEN, fill, index
from bot.venues.live.rows import Row, above_nought, given, items, number, row, text
from bot.venues.live.terms import (
    AccountState,
    Instrument,
    KeyRights,
    Listing,
    OrderState,
    Payload,
    Setup,
)
from bot.venues.live.wire import Request

UNIFIED = frozenset({5, 6})
"""``unifiedMarginStatus`` of the unified account 2.0, pro or not: inverse contracts share its wallet."""
MODE_SAMPLE = "BTCUSDT"
"""Asked by symbol, Bybit tells the position mode even where there is no position."""
NANO_A_MS = 1_000_000
ANY_ADDRESS = ("*",)


class BybitReading:
    """Reads account, orders and market; see ``Reading``."""

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        """Account, wallet, positions and orders."""
        return account.account_requests(listing)

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        """What the account holds."""
        return account.account(name, payloads, listing)

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        """The order as it is now, as it was in the last days, and its trades.

        Conditional and plain orders are one to Bybit, before the trigger and after. A restart of the exchange
        empties the first of the three of closed orders.
        """
        asked = {"category": instrument.family, "symbol": instrument.id, "orderLinkId": client_id}
        return [
            read(path, **asked, limit=limit)
            for path, limit in (
                ("v5/order/realtime", account.ORDERS_A_PAGE),
                ("v5/order/history", account.ORDERS_A_PAGE),
                ("v5/execution/list", 100),
            )
        ]

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        """The order, by whichever of the two lists has it; the live one is believed first."""
        now, history, executions = payloads[0], payloads[1], payloads[2]
        found = [of for of in (*listed(now), *listed(history)) if of.get("orderLinkId") == client_id]
        if not found:
            return None
        status = text(found[0], "orderStatus")
        if status not in OPEN | CLOSED:
            raise ValueError(f"orderStatus of {client_id} is {status!r}, which is not known here")
        return OrderState(
            client_id=client_id,
            open=status in OPEN,
            fills=_fills(found[0], [of for of in listed(executions) if _traded(of, client_id)], instrument),
            status=status,
        )

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """Tickers, by category."""
        return market.market_requests(instruments)

    def market(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
        """Marks and funding."""
        return market.market(payloads, listing)

    def bars_request(self, instrument: Instrument, timeframe_ms: int, count: int) -> Request:
        """Bars of traded prices."""
        return market.bars_request(instrument, timeframe_ms, count)

    def bars(
        self, instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int
    ) -> Sequence[BarClosed]:
        """The closed ones."""
        return market.bars(instrument, timeframe_ms, payload, now_ms)

    def setup_requests(self) -> Sequence[Request]:
        """The account, and positions: only they tell the position mode, which is one per symbol."""
        positions = "v5/position/list"
        return [
            read("v5/account/info"),
            read(positions, category="linear", symbol=MODE_SAMPLE),
            read(positions, category="linear", settleCoin="USDT", limit=account.POSITIONS_A_PAGE),
        ]

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        """Mode of the open positions, of a sample symbol where there are none; reasons not to guard it."""
        info = result(payloads[0])
        indexes = [_indexes(payload) for payload in payloads[1:3]]
        decisive = indexes[1] or indexes[0]
        return Setup(
            position_mode=PositionMode.HEDGE if decisive - {0} else PositionMode.ONE_WAY,
            refuse=tuple(_reasons(info, indexes[1])),
        )

    def rights_request(self) -> Request:
        """What the key may do."""
        return read("v5/user/query-api")

    def rights(self, payload: Payload) -> KeyRights:
        """A key without an address list shows ``*``."""
        key = result(payload)
        granted = row(key.get("permissions"), "permissions")
        wallet = items(granted.get("Wallet", []), "Wallet")
        orders = "Order" in items(granted.get("ContractTrade", []), "ContractTrade")
        derivatives = "DerivativesTrade" in items(granted.get("Derivatives", []), "Derivatives")
        return KeyRights(
            trade=number(key, "readOnly") == 0 and (orders or derivatives),
            withdraw="Withdraw" in wallet,
            transfer=any("Transfer" in str(each) for each in wallet),
            ip_restricted=tuple(items(key.get("ips"), "ips")) not in (ANY_ADDRESS, ()),
        )

    def time_request(self) -> Request:
        """The clock."""
        return Request(api=("public",), method="GET", path="v5/market/time")

    def time_ms(self, payload: Payload) -> int:
        """To the millisecond, from nanoseconds."""
        return int(above_nought(result(payload), "timeNano")) // NANO_A_MS


def _traded(of: Row, client_id: ClientId) -> bool:
    return of.get("orderLinkId") == client_id and of.get("execType") == "Trade"


def _fills(of: Row, executions: Sequence[Row], instrument: Instrument) -> tuple[Fill, ...]:
    """The executions, or the order's own totals while the list of executions lags behind them."""
    fills = tuple(fill(each, instrument) for each in executions)
    done = number(of, "cumExecQty") if given(of, "cumExecQty") else ZERO
    if sum((each.quantity for each in fills), ZERO) >= done:
        return fills
    price, fee = above_nought(of, "avgPrice"), number(of, "cumExecFee") if given(of, "cumExecFee") else ZERO
    return (Fill(quantity=done, price=price, fee=fee, pnl=ZERO, slippage=ZERO),)


def _indexes(payload: Payload) -> set[int]:
    return {index(of) for of in listed(payload)}


def _reasons(info: Row, held: set[int]) -> Sequence[str]:
    reasons = []
    status, mode = number(info, "unifiedMarginStatus"), text(info, "marginMode")
    if status not in UNIFIED:
        reasons.append(
            f"the account is not a unified trading account 2.0 (unifiedMarginStatus {status}): upgrade it"
        )
    if mode not in account.MODES:
        reasons.append(f"the account's margin mode is {mode}: guarded are isolated and cross margin")
    if 0 in held and held - {0}:
        reasons.append(
            "some positions are in one-way and some in hedge mode: use one of them for all symbols"
        )
    return reasons
