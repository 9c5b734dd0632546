"""Requests that read an account or the market at XT, and what their answers say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.types import ZERO, AccountName, ClientId, MarginMode, Position, PositionId, PositionMode, Symbol
from bot.venues.live.dialects.xt import past, resting
from bot.venues.live.dialects.xt.spelling import (
    MODES_HEARD,
    PRIVATE,
    PUBLIC,
    coins_of,
    next_page,
    page,
    result,
    rows,
    side_of,
    text_of,
    time_of,
)
from bot.venues.live.exact import exact, positive, volume
from bot.venues.live.terms import (
    AccountState,
    Balance,
    Instrument,
    KeyRights,
    Listing,
    OrderState,
    Payload,
    Setup,
)
from bot.venues.live.wire import Param, Request, pages

INTERVALS = {
    60_000: "1m",
    5 * 60_000: "5m",
    15 * 60_000: "15m",
    30 * 60_000: "30m",
    3_600_000: "1h",
    4 * 3_600_000: "4h",
    24 * 3_600_000: "1d",
}
MOST_BARS = 1500

_Resting = Callable[[AccountName, Mapping[str, Any], Instrument], Iterator[resting.Resting]]
_RESTING: Mapping[str, _Resting] = {
    "plans": resting.plan,
    "by hand": resting.by_hand,
    "orders": resting.ordinary,
}


class XtReading:
    """Reading: positions and balances as XT's lists give them, orders from the three lists it keeps."""

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        """Six requests, for all symbols at once."""
        return {
            "positions": _get("future/user/v1/position/list"),
            "liquidations": _get("future/user/v1/position/break-list"),
            "balances": _get("future/user/v1/balance/list"),
            "plans": _list("future/trade/v1/entrust/plan-list", "NOT_TRIGGERED"),
            "by hand": _list("future/trade/v1/entrust/profit-list", "NOT_TRIGGERED"),
            "orders": _list("future/trade/v1/order/list", "UNFINISHED"),
        }

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        """The account; rows that make no sense are left out and said."""
        flaws: list[str] = []
        positions = tuple(_positions(name, rows(payloads["positions"], "positions"), listing, flaws))
        balances = tuple(_balances(rows(payloads["balances"], "balances"), flaws))
        found = [
            each for what in _RESTING for each in _orders(name, what, pages(payloads, what), listing, flaws)
        ]
        return AccountState(
            positions=positions,
            balances=balances,
            orders=tuple(each.order for each in found),
            venue_liquidation=_liquidations(name, payloads["liquidations"], positions, listing, flaws),
            venue_ids={each.order.client_id: each.venue_id for each in found},
            flaws=tuple(flaws),
        )

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        """The lists that may have it: XT finds nothing by a client id."""
        return past.order_requests(instrument, conditional=conditional)

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        """What became of it; ``None`` where no list has it."""
        return past.order(instrument, client_id, payloads)

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """All marks at once, and the funding of each perpetual: XT tells it one by one."""
        funding = (
            _public("q/funding-rate", symbol=each.id) for each in instruments if not each.contract.expiry_ms
        )
        return (_public("q/mark-price"), *funding)

    def market(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
        """Marks at their own time; funding, which has none, at the time of the latest mark."""
        marks: list[MarkPrice] = []
        rates: list[FundingRate] = []
        for payload in payloads:
            found = result(payload, "market")
            if isinstance(found, Mapping):
                rates.extend(_funding(found, listing, max((m.at_ms for m in marks), default=0)))
            else:
                marks.extend(_marks(rows(payload, "marks"), listing))
        return [*marks, *rates]

    def bars_request(self, instrument: Instrument, timeframe_ms: int, count: int) -> Request:
        """One more than asked for, because the one still open is among them."""
        if timeframe_ms not in INTERVALS:
            known = ", ".join(INTERVALS.values())
            raise ValueError(f"XT has no bars of {timeframe_ms} ms; there are {known}")
        limit = min(count + 1, MOST_BARS)
        return _public("q/kline", symbol=instrument.id, interval=INTERVALS[timeframe_ms], limit=limit)

    def bars(
        self, instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int
    ) -> Sequence[BarClosed]:
        """The bars that ended by ``now_ms``, oldest first."""
        found = [_bar(instrument, timeframe_ms, row) for row in rows(payload, "bars")]
        return sorted((bar for bar in found if bar.at_ms <= now_ms), key=lambda bar: bar.at_ms)

    def setup_requests(self) -> Sequence[Request]:
        """Whether the account may trade at all; there is but one position mode."""
        return (_get("future/user/v1/account/info"),)

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        """A long and a short side, always."""
        info = result(payloads[0], "account info")
        allowed = info.get("allowTrade") if isinstance(info, Mapping) else None
        if not isinstance(allowed, bool):
            raise ValueError(f"XT's account info is {str(info)[:100]}, expected allowTrade in it")  # noqa: TRY004
        refuse = () if allowed else ("XT does not let this account trade (allowTrade is false)",)
        return Setup(position_mode=PositionMode.HEDGE, refuse=refuse)

    def rights_request(self) -> Request | None:
        """XT does not tell what a key may do."""
        return None

    def rights(self, payload: Payload) -> KeyRights:
        """Nothing is known."""
        return KeyRights(trade=None, withdraw=None, transfer=None, ip_restricted=None)

    def time_request(self) -> Request:
        """The clock of the spot interface: the other one has none."""
        return Request(api=("public", "spot"), method="GET", path="time")

    def time_ms(self, payload: Payload) -> int:
        """XT's clock."""
        found = result(payload, "time")
        return time_of(found.get("serverTime") if isinstance(found, Mapping) else found, "serverTime")


def _instrument(row: Mapping[str, Any], listing: Listing) -> Instrument:
    name = row.get("symbol", row.get("s"))
    found = listing.by_id.get(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"symbol {name!r} is not listed")
    return found


def _elsewhere(row: Mapping[str, Any], listing: Listing) -> bool:
    """Whether a row is about a contract that is not listed: nothing of ours can be there.

    A position there is no such row: it may draw on the wallet that is guarded, so it is said.
    """
    name = row.get("symbol")
    return isinstance(name, str) and bool(name) and name not in listing.by_id


def _positions(
    account: AccountName, found: Sequence[Mapping[str, Any]], listing: Listing, flaws: list[str]
) -> Iterator[Position]:
    for row in found:
        try:
            if exact(row.get("positionSize"), "positionSize") != 0:
                yield _position(account, row, _instrument(row, listing))
        except ValueError as error:
            flaws.append(f"position in {row.get('symbol')}: {error}")


def _position(account: AccountName, row: Mapping[str, Any], instrument: Instrument) -> Position:
    word = row.get("positionType")
    mode = MODES_HEARD.get(word) if isinstance(word, str) else None
    if mode is None:
        raise ValueError(f"positionType is {word!r}, expected ISOLATED or CROSSED")
    margin = exact(row.get("isolatedMargin"), "isolatedMargin")
    if margin < 0:
        raise ValueError(f"isolatedMargin is {margin}, expected 0 or above")
    return Position(
        id=PositionId(account, instrument.symbol, side_of(row)),
        quantity=coins_of(row.get("positionSize"), instrument, "positionSize"),
        entry=positive(row.get("entryPrice"), "entryPrice"),
        leverage=positive(row.get("leverage"), "leverage"),
        mode=mode,
        # In cross the same field holds the initial margin, which backs nothing: the wallet does.
        margin=margin if mode is MarginMode.ISOLATED else ZERO,
    )


def _balances(found: Sequence[Mapping[str, Any]], flaws: list[str]) -> Iterator[Balance]:
    for row in found:
        try:
            wallet = exact(row.get("walletBalance"), "walletBalance")
            isolated = exact(row.get("isolatedMargin"), "isolatedMargin")
            free = exact(row.get("availableBalance"), "availableBalance")
            yield Balance(
                currency=text_of(row.get("coin"), "coin").upper(),
                wallet=wallet - isolated,
                free=max(free, ZERO),
            )
        except ValueError as error:
            flaws.append(f"balance in {row.get('coin')}: {error}")


def _orders(
    account: AccountName, what: str, answers: Sequence[Payload], listing: Listing, flaws: list[str]
) -> Iterator[resting.Resting]:
    shown = [page(answer, what) for answer in answers]
    found = [row for some, _ in shown for row in some]
    if shown[-1][1]:
        flaws.append(f"{what}: more than the {len(found)} that were shown")
    for row in found:
        if _elsewhere(row, listing):
            continue
        try:
            yield from _RESTING[what](account, row, _instrument(row, listing))
        except ValueError as error:
            flaws.append(f"{what} in {row.get('symbol')}: {error}")


def _liquidations(
    account: AccountName,
    payload: Payload,
    positions: Sequence[Position],
    listing: Listing,
    flaws: list[str],
) -> Mapping[PositionId, Decimal]:
    """XT's own liquidation prices of what is open; nought means that there is none."""
    held = {position.id for position in positions}
    found: dict[PositionId, Decimal] = {}
    for row in rows(payload, "liquidation prices"):
        if _elsewhere(row, listing):
            continue
        try:
            id_ = PositionId(account, _instrument(row, listing).symbol, side_of(row))
            price = exact(row.get("breakPrice"), "breakPrice")
        except ValueError as error:
            flaws.append(f"liquidation price in {row.get('symbol')}: {error}")
            continue
        if id_ in held and price > 0:
            found[id_] = price
    return found


def _marks(found: Sequence[Mapping[str, Any]], listing: Listing) -> Iterator[MarkPrice]:
    for row in found:
        instrument = listing.by_id.get(str(row.get("s")))
        if instrument is not None:
            price, at_ms = positive(row.get("p"), "mark price"), time_of(row.get("t"), "t")
            yield MarkPrice(at_ms=at_ms, symbol=instrument.symbol, price=price)


def _funding(row: Mapping[str, Any], listing: Listing, at_ms: int) -> Iterator[FundingRate]:
    instrument = _instrument(row, listing)
    if at_ms:
        yield FundingRate(
            at_ms=at_ms,
            symbol=instrument.symbol,
            rate=exact(row.get("fundingRate"), "fundingRate"),
            next_ms=time_of(row.get("nextCollectionTime"), "nextCollectionTime"),
        )


def _bar(instrument: Instrument, timeframe_ms: int, row: Mapping[str, Any]) -> BarClosed:
    return BarClosed(
        at_ms=time_of(row.get("t"), "t") + timeframe_ms,
        symbol=instrument.symbol,
        timeframe_ms=timeframe_ms,
        open=positive(row.get("o"), "open"),
        high=positive(row.get("h"), "high"),
        low=positive(row.get("l"), "low"),
        close=positive(row.get("c"), "close"),
        volume=volume(row.get("a")),
    )


def _get(path: str, **params: str | int) -> Request:
    return Request(api=PRIVATE, method="GET", path=path, params=params)


def _list(path: str, state: str) -> Request:
    """A list of what rests, page by page."""
    params: dict[str, Param] = {"state": state, "page": 1, "size": past.PAGE}
    return Request(api=PRIVATE, method="GET", path=path, params=params, following=next_page)


def _public(path: str, **params: str | int) -> Request:
    return Request(api=PUBLIC, method="GET", path=f"future/market/v1/public/{path}", params=params)
