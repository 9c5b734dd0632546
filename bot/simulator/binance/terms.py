"""What a request says of an order, read and checked before the matching engine sees it.

Pages "New Order", "New Algo Order", "Common Definition" (filters, enumerations) and "Error Code". Where a
page says that two parameters exclude each other and not with which code, it is -1106 (assumed).
"""

from __future__ import annotations

import re
from decimal import Decimal

from bot.core.contracts import Contract
from bot.core.types import PositionId, PositionMode, Side
from bot.simulator.binance.asking import Ask
from bot.simulator.binance.errors import BinanceError
from bot.simulator.binance.listing import ALGO_ORDERS_MAX, LOTS_MAX, ORDERS_MAX, PRICE_BAND
from bot.simulator.binance.office import Office
from bot.simulator.binance.shapes import plain

CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
"""Page "New Order", newClientOrderId."""
MATCHES = {
    f"{name}{suffix}": (name == "OPPONENT", level)
    for name in ("OPPONENT", "QUEUE")
    for suffix, level in (("", 1), ("_5", 5), ("_10", 10), ("_20", 20))
}
"""Whose side of the book priceMatch takes its price from, the other's or one's own, and which level."""
PREVENTIONS = frozenset({"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"})
SOONEST_MS, LATEST_MS = 600_000, 253_402_300_799_000
"""How far ahead goodTillDate has to be, and before when."""
SECOND_MS = 1000
WORKING_TYPES = frozenset({"MARK_PRICE", "CONTRACT_PRICE"})
RESPONSES = frozenset({"ACK", "RESULT"})


def side_of(ask: Ask) -> Side:
    """LONG for a buy."""
    side = ask.text("side").upper()
    if side not in ("BUY", "SELL"):
        raise BinanceError(-1117)
    return Side.LONG if side == "BUY" else Side.SHORT


def position_of(office: Office, ask: Ask, contract: Contract) -> tuple[PositionId, bool]:
    """The position an order acts on, and whether it reduces it.

    One-way: BOTH, and reduceOnly says that it reduces. Hedge: LONG or SHORT, and the side says it; reduceOnly
    "Cannot be sent in Hedge Mode" (page "New Order").
    """
    towards = side_of(ask)
    given = ask.params.get("positionSide", "BOTH").upper()
    hedge = office.mode(ask.account) is PositionMode.HEDGE
    if hedge != (given in ("LONG", "SHORT")):
        raise BinanceError(-4061)
    if hedge:
        if "reduceOnly" in ask.params:
            raise BinanceError(-1106, "reduceonly")
        side = Side[given]
        return PositionId(ask.account, contract.symbol, side), side is not towards
    reduces = ask.flag("reduceOnly") or ask.flag("closePosition")
    side = towards.opposite if reduces else towards
    return PositionId(ask.account, contract.symbol, side), reduces


def check_open(office: Office, contract: Contract) -> None:
    """-4108 for a symbol that is not traded now."""
    ticker = office.world.market[contract.symbol]
    if ticker.halted or not ticker.known or contract.expired(office.now_ms):
        raise BinanceError(-4108)


def check_room(office: Office, ask: Ask, contract: Contract, *, algo: bool) -> None:
    """Filters MAX_NUM_ORDERS, which counts all of them, and MAX_NUM_ALGO_ORDERS."""
    open_orders = office.world.view(ask.account).open_orders
    if len(open_orders) < ALGO_ORDERS_MAX:
        return
    mine = [order for order in open_orders if order.id.symbol == contract.symbol]
    if len(mine) >= ORDERS_MAX:
        raise BinanceError(-2025)
    if algo and sum(order.conditional for order in mine) >= ALGO_ORDERS_MAX:
        raise BinanceError(-4045)


def check_quantity(contract: Contract, quantity: Decimal) -> None:
    """What is refused before the matching engine sees it."""
    if quantity <= 0:
        raise BinanceError(-4003)
    if quantity % contract.lot:
        raise BinanceError(-1111)
    if quantity > contract.lot * LOTS_MAX:
        raise BinanceError(-4005)


def client_id_of(ask: Ask, name: str, now_ms: int) -> str:
    """The client's id of an order, or one made up for it."""
    given = ask.params.get(name, "")
    if given and not CLIENT_ID.fullmatch(given):
        raise BinanceError(-4015)
    return given or f"web_{now_ms}{id(ask) % 1_000_000}"


def limit_of(office: Office, ask: Ask, contract: Contract) -> Decimal:
    """The limit of a plain limit order, sent or taken from the book, where it may be (PERCENT_PRICE)."""
    buy = side_of(ask) is Side.LONG
    limit = ask.needed("price") if matched(ask) is None else _from_book(office, ask, contract, buy=buy)
    mark = office.world.market[contract.symbol].mark
    # A buy may not be far above the mark, a sell not far below it.
    highest = contract.price_down(mark * (1 + PRICE_BAND))
    lowest = contract.price_up(mark * (1 - PRICE_BAND))
    if buy and limit > highest:
        raise BinanceError(-4016, plain(highest))
    if not buy and limit < lowest:
        raise BinanceError(-4024, plain(lowest))
    if ask.params.get("timeInForce", "").upper() == "GTX" and crosses(office, contract, limit, buy=buy):
        raise BinanceError(-5022)
    return limit


def limit_beside(ask: Ask, contract: Contract, trigger: Decimal) -> Decimal:
    """The limit of a conditional order, which may not be far beyond its trigger.

    A limit taken from the book would be known only when it is triggered, and is refused.
    """
    if matched(ask) is not None:
        raise BinanceError(-5037)
    limit, buy = ask.needed("price"), side_of(ask) is Side.LONG
    highest = contract.price_down(trigger * (1 + PRICE_BAND))
    lowest = contract.price_up(trigger * (1 - PRICE_BAND))
    if buy and limit > highest:
        raise BinanceError(-4183, plain(highest))
    if not buy and limit < lowest:
        raise BinanceError(-4184, plain(lowest))
    return limit


def matched(ask: Ask) -> tuple[bool, int] | None:
    """Where priceMatch takes the limit from; ``None`` where it is sent."""
    given = ask.params.get("priceMatch", "").upper()
    if given in ("", "NONE"):
        return None
    if given not in MATCHES:
        raise BinanceError(-5037)
    if ask.params.get("price"):
        raise BinanceError(-1106, "price")
    return MATCHES[given]


def _from_book(office: Office, ask: Ask, contract: Contract, *, buy: bool) -> Decimal:
    match = matched(ask)
    assert match is not None, "the limit was sent"
    opposite, level = match
    bids, asks = office.world.market.book(contract.symbol, level)
    side = asks if buy is opposite else bids
    if len(side) < level:
        raise BinanceError(-5041)
    return side[level - 1][0]


def crosses(office: Office, contract: Contract, limit: Decimal, *, buy: bool) -> bool:
    """Whether an order at this limit would trade at once."""
    bids, asks = office.world.market.book(contract.symbol, 1)
    return limit >= asks[0][0] if buy else limit <= bids[0][0]


def expiry_of(ask: Ask, now_ms: int) -> int | None:
    """GoodTillDate of an order that is good till one, to the second; ``None`` for any other."""
    if ask.params.get("timeInForce", "").upper() != "GTD":
        return None
    until_ms = int(ask.needed("goodTillDate"))
    if not now_ms + SOONEST_MS < until_ms < LATEST_MS:
        raise BinanceError(-5040)
    return until_ms - until_ms % SECOND_MS


def noted_of(ask: Ask, kind: str) -> dict[str, str]:
    """What comes back with the order as it was sent: nothing here depends on it."""
    noted = {"type": kind, "timeInForce": ask.params.get("timeInForce", "").upper() or "GTC"}
    for name in ("selfTradePreventionMode", "priceMatch", "priceProtect"):
        if ask.params.get(name):
            noted[name] = ask.params[name].upper()
    if noted.get("selfTradePreventionMode", "NONE") not in PREVENTIONS:
        raise BinanceError(-5039)
    if ask.params.get("workingType", "CONTRACT_PRICE").upper() not in WORKING_TYPES:
        raise BinanceError(-4031, ask.params["workingType"])
    if ask.params.get("newOrderRespType", "ACK").upper() not in RESPONSES:
        raise BinanceError(-1136)
    return noted
