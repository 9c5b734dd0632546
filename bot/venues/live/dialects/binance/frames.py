"""What the messages of Binance's streams say.

Sources: developers.binance.com, derivatives, "Mark Price Stream", "Kline Streams", "Individual Symbol Mini
Ticker", "All Book Tickers", "Event: Order Update", "Event: Algo Order Update", "Event: Balance and Position
Update", "Event: User Data Stream Expired". The array of marks is the hot path: 500 symbols each second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.facts import (
    MET,
    Book,
    Deleveraged,
    Delivered,
    Fact,
    FundingRate,
    LastPrice,
    Liquidated,
    MarkPrice,
    Outcome,
    OutcomeKind,
)
from bot.core.timeframe import parse_timeframe
from bot.core.types import ONE, OUR_PREFIX, ZERO, AccountName, ClientId, PositionId, Symbol
from bot.venues.live.dialects.binance.marks import bar
from bot.venues.live.dialects.binance.payloads import MALFORMED, acted_on, moment, traded, truth
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact, positive
from bot.venues.live.terms import Heard, Listing, Payload

MARK = "markPriceUpdate"
HINTS = frozenset(
    {
        "ACCOUNT_CONFIG_UPDATE",
        "ACCOUNT_UPDATE",
        "ALGO_UPDATE",
        "CONDITIONAL_ORDER_TRIGGER_REJECT",
        "MARGIN_CALL",
        "TRADE_LITE",
    }
)
"""Events that only say that something changed. TRADE_LITE comes before the order's own event, with less."""
EXPIRED = frozenset({"listenKeyExpired", "eventStreamTerminated"})
CONDITIONAL = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"})
LIQUIDATION, DELEVERAGING = "autoclose-", "adl_autoclose"
SETTLEMENT = ("settlement_autoclose-", "delivery_autoclose-")
EXECUTIONS = frozenset({"TRADE", "CALCULATED"})
"""A liquidation is told as CALCULATED, everything else that trades as TRADE."""
TRADE_FIELDS = ("l", "L", "n", "N", "rp", "m")
PRICE_MAX = Decimal("1e15")
IGNORED = Heard()
CHANGED = Heard(account=True)
NOT_OURS = Heard(pass_on=True)


def heard(section: Section, account: AccountName, message: Payload, listing: Listing) -> Heard:
    """What one message says; never raises: what makes no sense is a flaw."""
    if type(message) is list:
        return _array(message, listing)
    if not isinstance(message, dict):
        return Heard(flaw=f"a message that is {type(message).__name__}")
    inner = message.get("data")
    row = inner if "stream" in message and isinstance(inner, (dict, list)) else message
    if isinstance(row, list):
        return _array(row, listing)
    try:
        return _event(section, account, row, listing)
    except MALFORMED as error:
        # What happened to the account is read anew even where its message is unreadable.
        private = row.get("e") == "ORDER_TRADE_UPDATE"
        return Heard(account=private, flaw=f"{row.get('e')!s:.40}: {type(error).__name__} {error!s:.160}")


def _event(section: Section, account: AccountName, row: Mapping[str, Any], listing: Listing) -> Heard:
    event = row.get("e")
    if event is None:
        if "id" in row or "result" in row or "error" in row:
            return NOT_OURS
        return Heard(flaw=f"a message of no kind with {sorted(map(str, row))[:8]}")
    match event:
        case "24hrMiniTicker":
            return _last(row, listing)
        case "markPriceUpdate":
            return _array((row,), listing)
        case "kline":
            return _bar(row, listing)
        case "bookTicker":
            return _book(section, row, listing)
        case "ORDER_TRADE_UPDATE":
            return _order(section, account, row, listing)
        case _ if event in HINTS:
            return CHANGED
        case _ if event in EXPIRED:
            return Heard(account=True, link_down=f"Binance ended the private stream: {event}")
        case _:
            return IGNORED


def _array(rows: Sequence[Any], listing: Listing) -> Heard:
    by_id = listing.by_id
    facts: list[Fact] = []
    flaws: list[str] = []
    indices: dict[Symbol, Decimal] = {}
    for row in rows:
        try:
            instrument = by_id.get(row["s"])
            if instrument is None:
                continue
            contract = instrument.contract
            event, at_ms = row["e"], row["E"]
            if type(at_ms) is not int or at_ms <= 0:
                raise ValueError(f"time is {at_ms!r}")
            if event == MARK:
                if contract.expiry_ms is None and row["r"]:
                    facts.append(
                        FundingRate(
                            at_ms=at_ms, symbol=contract.symbol, rate=_rate(row["r"]), next_ms=_next(row["T"])
                        )
                    )
                facts.append(MarkPrice(at_ms=at_ms, symbol=contract.symbol, price=_price(row["p"])))
                index = row.get("i")
                if index:
                    indices[contract.symbol] = _price(index)
            elif event == "24hrMiniTicker":
                facts.append(LastPrice(at_ms=at_ms, symbol=contract.symbol, price=_price(row["c"])))
        except MALFORMED as error:
            flaws.append(_flaw(row, error))
    return Heard(facts=tuple(facts), indices=indices, flaw="; ".join(flaws[:3]))


def _last(row: Mapping[str, Any], listing: Listing) -> Heard:
    """The last price of one symbol, as most messages tell it."""
    try:
        instrument = listing.by_id.get(row["s"])
        if instrument is None:
            return IGNORED
        at_ms = row["E"]
        if type(at_ms) is not int or at_ms <= 0:
            raise ValueError(f"time is {at_ms!r}")
        last = LastPrice(at_ms=at_ms, symbol=instrument.contract.symbol, price=_price(row["c"]))
    except MALFORMED as error:
        return Heard(flaw=_flaw(row, error))
    return Heard((last,))


def _flaw(row: object, error: Exception) -> str:
    """A row that makes no sense: whose it is, and why."""
    name = row.get("s", "?") if isinstance(row, dict) else type(row).__name__
    return f"{name!s:.40}: {type(error).__name__} {error!s:.160}"


def _price(value: object) -> Decimal:
    # ``positive`` without its care for floats: these are text, five hundred of them a second.
    if type(value) is not str:
        return positive(value, "price")
    price = Decimal(value)
    if not ZERO < price < PRICE_MAX:
        raise ValueError(f"price is {value!r}")
    return price


def _rate(value: object) -> Decimal:
    rate = Decimal(value) if type(value) is str else exact(value, "funding rate")
    if not -ONE < rate < ONE:
        raise ValueError(f"funding rate is {value!r}")
    return rate


def _next(value: object) -> int:
    if type(value) is not int or value <= 0:
        raise ValueError(f"next funding time is {value!r}")
    return value


def _bar(row: Mapping[str, Any], listing: Listing) -> Heard:
    told = row["k"]
    instrument = listing.by_id.get(row["s"])
    if instrument is None or not truth(told["x"], "x"):
        return IGNORED
    fields = [told[field] for field in "ohlcv"]
    closed = bar(instrument, parse_timeframe(told["i"]), moment(told["t"], "t"), fields)
    return Heard(facts=(closed,))


def _book(section: Section, row: Mapping[str, Any], listing: Listing) -> Heard:
    """The best prices; the depth is the money that stands at them and no more."""
    instrument = listing.by_id.get(row["s"])
    if instrument is None:
        return IGNORED
    contract = instrument.contract
    bid, ask = positive(row["b"], "b"), positive(row["a"], "a")
    if bid > ask:
        raise ValueError(f"{contract.symbol}: bid {bid} above ask {ask}")
    bids, asks = (section.received(positive(row[field], field), contract) for field in "BA")
    book = Book(
        at_ms=moment(row["E"], "E"),
        symbol=contract.symbol,
        bid=bid,
        ask=ask,
        bid_depth=contract.notional(bids, bid),
        ask_depth=contract.notional(asks, ask),
    )
    return Heard(facts=(book,))


def _order(section: Section, account: AccountName, row: Mapping[str, Any], listing: Listing) -> Heard:
    """An order's event. What trades of its own accord is told as a fact: a stop met, a liquidation."""
    told = row["o"]
    name = told["c"]
    instrument = listing.by_id.get(told["s"])
    if instrument is None or told["x"] not in EXECUTIONS or not isinstance(name, str):
        return CHANGED
    ours = name.startswith(OUR_PREFIX) and told["ot"] in CONDITIONAL
    if not ours and not name.startswith((LIQUIDATION, DELEVERAGING, *SETTLEMENT)):
        return CHANGED
    side, _ = acted_on(told["S"], told["ps"], reduces=True)
    id_ = PositionId(account, instrument.symbol, side)
    at_ms = moment(told["T"], "T")
    fill = traded(section, instrument, told, TRADE_FIELDS)
    fact: Fact
    if ours:
        fact = Outcome(
            at_ms=at_ms,
            id=id_,
            client_id=ClientId(name),
            kind=OutcomeKind.VERIFIED,
            proof=MET,
            fills=(fill,),
        )
    elif name.startswith(LIQUIDATION):
        fact = Liquidated(at_ms=at_ms, id=id_, quantity=fill.quantity, price=fill.price, fee=fill.fee)
    elif name.startswith(DELEVERAGING):
        fact = Deleveraged(at_ms=at_ms, id=id_, quantity=fill.quantity, price=fill.price)
    else:
        fact = Delivered(at_ms=at_ms, id=id_, price=fill.price)
    return Heard(facts=(fact,), account=True)
