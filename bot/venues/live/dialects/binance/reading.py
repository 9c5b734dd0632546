"""Reading an account and the market at Binance.

Positions come from the second version of positionRisk (COIN-M's only one is like it): it alone tells leverage
and margin mode together with the isolated wallet, in one answer, while the third version leaves both out and
would have to be matched with symbolConfig, read at another moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.core.facts import BarClosed, FundingRate, MarkPrice
from bot.core.timeframe import format_timeframe, parse_timeframe
from bot.core.types import ZERO, AccountName, ClientId, Order, Position, PositionId, PositionMode, Symbol
from bot.venues.live.dialects.binance.histories import account_of_order
from bot.venues.live.dialects.binance.holdings import algo_order, liquidation_of, plain_order, position_of
from bot.venues.live.dialects.binance.marks import bar, funding_of, mark_of
from bot.venues.live.dialects.binance.payloads import BOTH, MALFORMED, moment, rows, table, truth
from bot.venues.live.dialects.binance.section import Section
from bot.venues.live.exact import exact
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
from bot.venues.live.wire import Request

POSITIONS, BALANCES, ORDERS, ALGO_ORDERS = "positions", "balances", "orders", "algo orders"
ALL_SYMBOLS_WEIGHT = 40
TRADES_MAX = 1000
BARS_MAX = 1500
BAR_WEIGHTS = ((99, 1), (499, 2), (1000, 5))
DUAL, MULTI_ASSETS = "positionSide/dual", "multiAssetsMargin"
RIGHTS = Request(api=("sapi",), method="GET", path="account/apiRestrictions")


@dataclass(frozen=True, slots=True)
class BinanceReading:
    """The readings of one interface."""

    section: Section

    def account_requests(
        self, listing: Listing, among: Collection[Symbol] | None = None
    ) -> Mapping[str, Request]:
        """Positions, balances, and the two lists of orders: 40 each for all symbols, or 1 for each symbol."""
        section = self.section
        wanted = {
            POSITIONS: section.read("positionRisk", weight=5, api=section.positions),
            BALANCES: section.read("balance", weight=5, api=section.balances),
        }
        known = None if among is None else [listing.by_symbol.get(symbol) for symbol in sorted(among)]
        ids = None if known is None else [instrument.id for instrument in known if instrument is not None]
        for name, path in ((ORDERS, "openOrders"), (ALGO_ORDERS, "openAlgoOrders")):
            if ids is None or len(ids) >= ALL_SYMBOLS_WEIGHT:
                wanted[name] = section.read(path, weight=ALL_SYMBOLS_WEIGHT)
            else:
                wanted |= {f"{name} of {id_}": section.read(path, {"symbol": id_}) for id_ in ids}
        return wanted

    def account(self, name: AccountName, payloads: Mapping[str, Payload], listing: Listing) -> AccountState:
        """The account; a row that makes no sense becomes a flaw, an answer that is no list ``ValueError``."""
        flaws: list[str] = []
        positions: list[Position] = []
        liquidations: dict[PositionId, Decimal] = {}
        modes: set[PositionMode] = set()
        for row in rows(payloads[POSITIONS], POSITIONS):
            try:
                held = position_of(self.section, name, row, listing)
                if held is None:
                    continue
                positions.append(held)
                modes.add(PositionMode.ONE_WAY if row["positionSide"] == BOTH else PositionMode.HEDGE)
                price = liquidation_of(row)
            except MALFORMED as error:
                flaws.append(_flaw("position", row, error))
                continue
            if price is not None:
                liquidations[held.id] = price
        orders: list[Order] = []
        for what, payload in payloads.items():
            if what not in (POSITIONS, BALANCES):
                translate = algo_order if what.startswith(ALGO_ORDERS) else plain_order
                orders.extend(self._orders(name, payload, what, listing, translate, flaws))
        return AccountState(
            positions=tuple(positions),
            balances=tuple(_balances(rows(payloads[BALANCES], BALANCES), listing, flaws)),
            orders=tuple(orders),
            venue_liquidation=liquidations,
            flaws=tuple(flaws),
            modes=frozenset(modes),
        )

    def order_requests(
        self, instrument: Instrument, client_id: ClientId, *, conditional: bool
    ) -> Sequence[Request]:
        """The order by our id, then the latest trades of its symbol, which name the exchange's id only."""
        name = "clientAlgoId" if conditional else "origClientOrderId"
        path = "algoOrder" if conditional else "order"
        return (
            self.section.read(path, {"symbol": instrument.id, name: client_id}),
            self.section.read("userTrades", {"symbol": instrument.id, "limit": TRADES_MAX}, weight=5),
        )

    def order(
        self, instrument: Instrument, client_id: ClientId, payloads: Sequence[Payload]
    ) -> OrderState | None:
        """What became of it; ``ValueError`` while its trades do not yet come to what it executed."""
        return account_of_order(self.section, instrument, client_id, payloads)

    def market_requests(self, instruments: Sequence[Instrument]) -> Sequence[Request]:
        """One request for one symbol, or one for all."""
        if len(instruments) == 1:
            return (self.section.look("premiumIndex", {"symbol": instruments[0].id}),)
        return (self.section.look("premiumIndex", weight=10),)

    def market(self, payloads: Sequence[Payload], listing: Listing) -> Sequence[MarkPrice | FundingRate]:
        """Marks and funding; a row that makes no sense is left out, and its symbol stays as old as it is."""
        facts: list[MarkPrice | FundingRate] = []
        for payload in payloads:
            for row in [table(payload, "marks")] if isinstance(payload, dict) else rows(payload, "marks"):
                try:
                    instrument = listing.by_id.get(row["symbol"])
                    if instrument is None:
                        continue
                    at_ms = moment(row["time"], "time")
                    mark = mark_of(instrument, at_ms, row["markPrice"])
                    funding = funding_of(instrument, at_ms, row["lastFundingRate"], row["nextFundingTime"])
                except MALFORMED:
                    continue
                facts += (mark,) if funding is None else (funding, mark)
        return facts

    def bars_request(self, instrument: Instrument, timeframe_ms: int, count: int) -> Request:
        """The latest bars; the exchange gives 1500 at most. ``ValueError`` for a timeframe that it lacks."""
        asked = min(count, BARS_MAX)
        weight = next((weight for most, weight in BAR_WEIGHTS if asked <= most), 10)
        interval = interval_of(timeframe_ms)
        return self.section.look(
            "klines", {"symbol": instrument.id, "interval": interval, "limit": asked}, weight=weight
        )

    def bars(
        self, instrument: Instrument, timeframe_ms: int, payload: Payload, now_ms: int
    ) -> Sequence[BarClosed]:
        """The closed ones. ``ValueError`` if one makes no sense: indicators want them without a gap."""
        try:
            found = [
                bar(instrument, timeframe_ms, moment(row[0], "open time"), row[1:6])
                for row in rows(payload, "bars")
            ]
        except (TypeError, IndexError, KeyError) as error:
            raise ValueError(f"bars of {instrument.symbol}: {error!r}") from error
        return sorted((each for each in found if each.at_ms <= now_ms), key=lambda each: each.at_ms)

    def setup_requests(self) -> Sequence[Request]:
        """Position mode, and on USD-M whether several currencies back the positions at once."""
        dual = self.section.read(DUAL, weight=30)
        return (dual, self.section.read(MULTI_ASSETS, weight=30)) if self.section.multi_assets else (dual,)

    def setup(self, payloads: Sequence[Payload]) -> Setup:
        """Hedge mode or one-way; multi-assets mode is refused: no position has a margin of its own there."""
        hedge = truth(table(payloads[0], DUAL).get("dualSidePosition"), "dualSidePosition")
        refuse = []
        if self.section.multi_assets:
            several = table(payloads[1], MULTI_ASSETS).get("multiAssetsMargin")
            if truth(several, "multiAssetsMargin"):
                refuse.append(
                    "multi-assets mode is on, where all currencies back all positions; set single-asset mode"
                )
        return Setup(
            position_mode=PositionMode.HEDGE if hedge else PositionMode.ONE_WAY, refuse=tuple(refuse)
        )

    def rights_request(self) -> Request | None:
        """The rights are told by the spot host for every key."""
        return RIGHTS

    def rights(self, payload: Payload) -> KeyRights:
        """Trading futures, withdrawing, moving money between wallets or accounts, list of addresses.

        To trade in portfolio margin is a right of its own of keys that were made after it was turned on ("Get
        API Key Permission"); whether it is on, nobody tells.
        """
        told = table(payload, "rights")

        def right(field: str) -> bool | None:
            return None if told.get(field) is None else truth(told[field], field)

        moves = [right(field) for field in ("enableInternalTransfer", "permitsUniversalTransfer")]
        return KeyRights(
            trade=right("enableFutures"),
            withdraw=right("enableWithdrawals"),
            transfer=True if True in moves else None if None in moves else False,
            ip_restricted=right("ipRestrict"),
            portfolio_margin=right("enablePortfolioMarginTrading"),
        )

    def time_request(self) -> Request:
        """The exchange's clock."""
        return self.section.look("time")

    def time_ms(self, payload: Payload) -> int:
        """The exchange's clock."""
        return moment(table(payload, "time").get("serverTime"), "serverTime")

    def _orders(
        self,
        name: AccountName,
        payload: Payload,
        what: str,
        listing: Listing,
        translate: Callable[[Section, AccountName, Mapping[str, Any], Listing], Order | None],
        flaws: list[str],
    ) -> Iterator[Order]:
        for row in rows(payload, what):
            try:
                order = translate(self.section, name, row, listing)
            except MALFORMED as error:
                flaws.append(_flaw("order", row, error))
                continue
            if order is not None:
                yield order


INTERVALS = frozenset({"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"})
"""Not 3d and 1w, whose bars do not begin where ours do."""
TIMEFRAMES_MS = frozenset(map(parse_timeframe, INTERVALS))


def interval_of(timeframe_ms: int) -> str:
    """The exchange's name of a timeframe; ``ValueError`` for one that it does not have."""
    interval = format_timeframe(timeframe_ms)
    if interval not in INTERVALS:
        raise ValueError(f"Binance has no bars of {interval}; it has {', '.join(sorted(INTERVALS))}")
    return interval


def _balances(told: Sequence[Mapping[str, Any]], listing: Listing, flaws: list[str]) -> Iterator[Balance]:
    """The currencies that contracts settle in; ``crossWalletBalance`` leaves out isolated margin."""
    settling = {each.contract.settlement for each in listing.by_id.values()}
    for row in told:
        try:
            if row["asset"] not in settling:
                continue
            balance = Balance(
                currency=row["asset"],
                wallet=exact(row["crossWalletBalance"], "crossWalletBalance"),
                free=max(exact(row["availableBalance"], "availableBalance"), ZERO),
            )
        except MALFORMED as error:
            flaws.append(_flaw("balance", row, error))
            continue
        yield balance


def _flaw(kind: str, row: object, error: Exception) -> str:
    name = row.get("symbol", row.get("asset", "?")) if isinstance(row, dict) else type(row).__name__
    return f"{kind} {name!s:.40}: {type(error).__name__} {error!s:.160}"
