"""How an alert says what was done and to what: in few words, the doing first, for a screen that is locked."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from bot.core.facts import Fill
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    ReducePosition,
    SellOption,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import AccountName, PositionId, Side, Symbol


def named(id_: PositionId) -> str:
    """A position in few letters: ``BTC long``; a dated contract shows its date."""
    base, _, rest = id_.symbol.partition("/")
    date = rest.partition("-")[2]
    return f"{base}-{date} {id_.side}" if date else f"{base} {id_.side}"


def position(text: str) -> PositionId | None:
    """The position that ``account/symbol/side`` names, ``None`` for any other text."""
    account, _, rest = text.partition("/")
    symbol, _, side = rest.rpartition("/")
    if not symbol or side not in set(Side):
        return None
    return PositionId(AccountName(account), Symbol(symbol), Side(side))


def figure(number: Decimal) -> str:
    """A number as it is, without trailing zeros and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(ratio: Decimal) -> str:
    """A fraction as percent, one digit behind the point."""
    return f"{ratio * 100:.1f}%"


def done(intent: Intent) -> str:
    """What was done, in the past tense, without whose position it is."""
    match intent:
        case AddMargin(amount=amount):
            return f"added {figure(amount)} margin"
        case WithdrawMargin(amount=amount):
            return f"took back {figure(amount)} margin"
        case CutLeverage(leverage=leverage):
            return f"cut leverage to {figure(leverage)}"
        case ReducePosition(quantity=quantity):
            return f"closed {figure(quantity)}"
        case OpenHedge(symbol=symbol, quantity=quantity):
            return f"hedged {figure(quantity)} in {symbol}"
        case CloseHedge(symbol=symbol, quantity=quantity):
            return f"closed {figure(quantity)} of the hedge in {symbol}"
        case PlaceStop(trigger=trigger):
            return f"placed a stop at {figure(trigger)}"
        case MoveStop(trigger=trigger):
            return f"moved the stop to {figure(trigger)}"
        case CancelStop():
            return "took a stop away"
        case PlaceTakeProfit(trigger=trigger):
            return f"placed a take-profit at {figure(trigger)}"
        case BuyOption(symbol=symbol, quantity=quantity):
            return f"bought {figure(quantity)} {symbol}"
        case SellOption(symbol=symbol, quantity=quantity):
            return f"sold {figure(quantity)} {symbol}"
        case TransferCollateral(amount=amount, source=source):
            return f"moved {figure(amount)} here from {source}"
        case SetPosture(posture=posture):
            return f"set the posture {posture}"
        case Notify(text=text):
            return text
        case _:  # pragma: no cover
            assert_never(intent)


def at_price(fills: tuple[Fill, ...]) -> str:
    """At which mean price it was filled; empty where nothing was."""
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    if not quantity:
        return ""
    value = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    finest = min((fill.price for fill in fills), key=_step)
    return f" at {figure((value / quantity).quantize(_step(finest)))}"


def _step(price: Decimal) -> Decimal:
    """One in the last digit of a price."""
    return Decimal((0, (1,), min(int(price.as_tuple().exponent), 0)))
