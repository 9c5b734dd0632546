"""What the simulated Binance does that no source confirms, and how somebody could settle it."""

from __future__ import annotations

from bot.venues.live.terms import Assumed

ASSUMED = (
    Assumed(
        what="key, time window and signature are checked in this order",
        settle="send a request that is wrong in two ways and see which code comes back",
    ),
    Assumed(
        what="after 50 requests beyond a 429 an address is banned for two minutes with 418",
        settle="documented only as 'repeatedly'; not worth a ban",
    ),
    Assumed(
        what="a private stream with an unknown listen key is refused with 401",
        settle="connect to /private/ws with an invented key",
    ),
    Assumed(
        what="the connection of an expired listen key stays open after listenKeyExpired",
        settle="let a key expire on the test network and watch the socket for an hour",
    ),
    Assumed(
        what="all public streams are served on every path; Binance has split them into /public and /market",
        settle="subscribe to a mark price on /public",
    ),
    Assumed(
        what="the order that a conditional one becomes keeps its client id",
        settle="let a stop trigger on the test network and compare c with caid",
    ),
    Assumed(
        what="of one trade come NEW, ACCOUNT_UPDATE and TRADE in this order",
        settle="record the user stream of a market order",
    ),
    Assumed(
        what="MARGIN_CALL is sent once when the margin ratio passes 80 %",
        settle="hold a small position near its liquidation on the test network",
    ),
    Assumed(
        what="a reduce-only order beyond the position, or without one, is refused with -2022",
        settle="send both on the test network; some sources say that it is cut to the position",
    ),
    Assumed(
        what="reduce-only conditional orders end with their position",
        settle="close a position by hand with a STOP_MARKET resting; GTE_GTC ones are documented to end",
    ),
    Assumed(
        what="no margin is reserved for resting limit orders",
        settle="it is, at Binance; the paper exchange checks it when the order is placed and when it fills",
    ),
    Assumed(
        what="an insurance fund's fee of a liquidation is one INSURANCE_CLEAR beside REALIZED_PNL",
        settle="read the income history of an account that was liquidated",
    ),
    Assumed(
        what="for all symbols an order has a million lots at most, a limit is within 5 % of the mark",
        settle="exchangeInfo has each symbol's own figures",
    ),
    Assumed(
        what="the index was always the mark, its premium nought, and open interest what it is now",
        settle="they are not; the simulator keeps no other history",
    ),
    Assumed(
        what="COIN-M klines over more than 200 days, and open interest before 30 days ago, are -1130",
        settle="ask for 201 days of /dapi/v1/klines, and for openInterestHist of last year",
    ),
    Assumed(
        what="too many requests for funding rates or statistics get 429 until their five minutes end",
        settle="documented as limits; the code and what Retry-After says are not",
    ),
    Assumed(
        what="with a symbol leverageBracket answers a list",
        settle="ask for one; the documentation shows an object",
    ),
    Assumed(
        what="fill-or-kill is refused with -5021 where it would not fill whole",
        settle="send a FOK order larger than the book: it may also be taken and expire unfilled",
    ),
    Assumed(
        what="a GTD order is EXPIRED within a second after its date; for any other the date means nothing",
        settle="let one end on the test network, and send goodTillDate with GTC",
    ),
    Assumed(
        what="a trailing stop is met at its exact distance from the best price, which nothing tells of",
        settle="let one follow the price on the test network and record the user stream beside the trades",
    ),
    Assumed(
        what="the triggerPrice of a trailing stop is 0, and a callbackRate out of bounds is -1130",
        settle="place one on the test network, and one with 10.1 %",
    ),
    Assumed(
        what="priceProtect is said of an order and prevents nothing",
        settle="trigger one on the test network with mark and last price more than triggerProtect apart",
    ),
    Assumed(
        what="a conditional order that fills nothing when it is triggered and may not rest is EXPIRED itself",
        settle="trigger STOP orders with IOC, FOK, GTX on the test network; it may be FINISHED",
    ),
    Assumed(
        what="priceMatch beside a price is -1106, and of a conditional order it is -5037",
        settle="send both; Binance takes the second and asks the book when it triggers",
    ),
    Assumed(
        what="closePosition on the side that the order would open is -2022",
        settle="send BUY for LONG with closePosition in hedge mode",
    ),
    Assumed(
        what="multi-assets mode is refused for isolated positions that are open, not for symbols set so",
        settle="switch with a symbol on isolated margin and no position in it",
    ),
    Assumed(
        what="TRADE_LITE comes right before the ORDER_TRADE_UPDATE of its trade",
        settle="record the user stream of a market order",
    ),
    Assumed(
        what="on the websocket API no request is -1013, an unknown method -1020, a log-on with HMAC -4056",
        settle="send all three to wss://ws-fapi.binance.com/ws-fapi/v1",
    ),
    Assumed(
        what="an annual basis rate is over the part of 365 days that is left",
        settle="compare /futures/data/basis of a quarterly with klines of its pair",
    ),
    Assumed(
        what="bars of 3 days, weeks and months are -1120, because 34 days are remembered",
        settle="they exist at Binance",
    ),
    Assumed(
        what="orders and trades of more than seven days at once are -4165",
        settle="ask allOrders for eight days; the code is documented, for what is not",
    ),
    Assumed(
        what="an endpoint that exists at Binance and not here is -4084",
        settle="they answer there; docs/binance.md lists them with the reasons",
    ),
    Assumed(
        what="a change of an order that names the other side finds no such order",
        settle="send PUT order with the wrong side on the test network",
    ),
    Assumed(
        what="each price of the market is one trade of the smallest quantity",
        settle="nobody can: the market of a tape has no strangers",
    ),
    Assumed(
        what="a countdown of countdownCancelAll leaves conditional orders alone",
        settle="start one on the test network with a stop resting",
    ),
)
