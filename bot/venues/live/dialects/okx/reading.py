"""Requests that read OKX, and what their answers say: orders, setup, rights, clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.core.facts import BarClosed, Fill, FundingRate, MarkPrice
from bot.core.types import ZERO, AccountName, ClientId, PositionMode, Symbol
from bot.venues.live.dialects.okx import account, market
from bot.venues.live.dialects.okx.account import read
from bot.venues.live.dialects.okx.contracts import listed
from bot.venues.live.dialects.okx.rows import DONE, ENDED, LIVE, TRIGGERED, WAITING, total, trade
from bot.venues.live.dialects.okx.spelling import instrument_type, quantity, spelt
from bot.venues.live.rows import Row, given, items, ms, number, row, text, text_if_given
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

NO_SUCH_ORDER = frozenset({"51603", "51293"})
"""The codes of a query that say that there is no such order."""
FUTURES_MODE = "2"
OTHER_MODES = {
    "1": "spot mode, which holds no contracts",
    "3": "multi-currency margin, where all currencies back everything and nothing is isolated",
    "4": "portfolio margin",
}
POSITION_MODES = {"net_mode": PositionMode.ONE_WAY, "long_short_mode": PositionMode.HEDGE}
BY_HAND = "autonomy"
TRADES_A_PAGE = "100"


class OkxReading:
    """Reads account, orders and market; see ``Reading``."""

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        """Balance, positions, orders and conditional orders."""
        return account.account_requests()

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        """What the account holds."""
        return account.account(name, payloads, listing)

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        """The order by our id, the latest orders that are done, and the latest trades of the instrument.

        A conditional order becomes another one when it is triggered, which names ours as where it came from.
        """
        kind, named = instrument_type(instrument.contract), spelt(client_id)
        asked = (
            read("trade/order-algo", algoClOrdId=named)
            if conditional
            else read("trade/order", instId=instrument.id, clOrdId=named)
        )
        latest = [
            read(path, instType=kind, instId=instrument.id, limit=TRADES_A_PAGE)
            for path in ("trade/orders-history", "trade/fills")
        ]
        return [asked, *latest]

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        """What became of it. ``None`` where OKX says that there is no such order."""
        asked = payloads[0]
        code = text(row(asked, "the answer"), "code")
        if code in NO_SUCH_ORDER or (code == "0" and not listed(asked)):
            return None  # And the lists were not asked for.
        if code != "0":
            raise ValueError(f"the query of {client_id} was answered with code {code}")
        done, trades = listed(payloads[1]), listed(payloads[2])
        of, named = listed(asked)[0], spelt(client_id)
        if text_if_given(of, "algoClOrdId") == named and given(of, "algoId") and "ordIdList" in of:
            return _conditional(of, client_id, instrument, done, trades)
        if text_if_given(of, "clOrdId") != named:
            raise ValueError(f"the query of {client_id} was answered with {of.get('clOrdId')!r}")
        state = text(of, "state")
        if state not in LIVE | DONE:
            raise ValueError(f"state of {client_id} is {state!r}, which is not known here")
        return OrderState(
            client_id=client_id,
            open=state in LIVE,
            fills=_fills([of], trades, instrument),
            status=state,
        )

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """Marks and funding."""
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
        """The configuration tells everything."""
        return [read("account/config")]

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        """Futures mode with automatic transfers is guarded; the rest is told why not."""
        config = _config(payloads[0])
        mode, level = text(config, "posMode"), text(config, "acctLv")
        if mode not in POSITION_MODES:
            raise ValueError(f"posMode is {mode!r}, expected {' or '.join(POSITION_MODES)}")
        refuse = []
        if level != FUTURES_MODE:
            named = OTHER_MODES.get(level, f"account mode {level}")
            refuse.append(f"the account is in {named}: switch it to futures mode (acctLv 2)")
        if text_if_given(config, "ctIsoMode") == BY_HAND:
            refuse.append(
                "margin of isolated contracts is moved by hand (ctIsoMode autonomy): set it to automatic"
            )
        return Setup(position_mode=POSITION_MODES[mode], refuse=tuple(refuse))

    def rights_request(self) -> Request:
        """The configuration tells the rights of the key that asks for it."""
        return read("account/config")

    def rights(self, payload: Payload) -> KeyRights:
        """Withdrawal is a right of its own; a transfer inside the account is part of trading."""
        config = _config(payload)
        granted = text(config, "perm").split(",")
        return KeyRights(
            trade="trade" in granted,
            withdraw="withdraw" in granted,
            transfer=None,
            ip_restricted=text_if_given(config, "ip") != "",
        )

    def time_request(self) -> Request:
        """The clock."""
        return Request(api=("public",), method="GET", path="public/time")

    def time_ms(self, payload: Payload) -> int:
        """In milliseconds already."""
        return ms(_config(payload).get("ts"), "ts")


def _config(payload: Payload) -> Row:
    found = listed(payload)
    if len(found) != 1:
        raise ValueError(f"{len(found)} rows, expected one")
    return found[0]


def _conditional(
    of: Row, client_id: ClientId, instrument: Instrument, done: Sequence[Row], trades: Sequence[Row]
) -> OrderState:
    """A conditional order, and what the orders that it became have traded.

    Once it is triggered it is open until its order is among those that are done.
    """
    state = text(of, "state")
    if state not in WAITING | TRIGGERED | ENDED:
        raise ValueError(f"state of {client_id} is {state!r}, which is not known here")
    became = {str(each) for each in items(of["ordIdList"], "ordIdList")} | {text_if_given(of, "ordId")}
    orders = [each for each in done if text(each, "ordId") in became]
    return OrderState(
        client_id=client_id,
        open=state in WAITING or (state in TRIGGERED and not orders),
        fills=_fills(orders, trades, instrument),
        status=state,
    )


def _fills(orders: Sequence[Row], trades: Sequence[Row], instrument: Instrument) -> tuple[Fill, ...]:
    """The trades of these orders, or an order's own totals while the list of trades lags behind them."""
    fills: list[Fill] = []
    for order in orders:
        done = quantity(
            number(order, "accFillSz") if given(order, "accFillSz") else ZERO, instrument.contract
        )
        of_it = [trade(each, instrument) for each in trades if each.get("ordId") == text(order, "ordId")]
        if sum((each.quantity for each in of_it), ZERO) >= done:
            fills += of_it
        else:
            fills.append(total(order, instrument))
    return tuple(fills)
