"""The same market at each exchange: three perpetuals, perhaps a quarterly, and positions in danger."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract, Tier
from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side, Symbol
from bot.simulator import World
from bot.simulator.market import MINUTE_MS, Bar
from bot.venues.paper import Opening, PaperAccount
from tests.building.contracts import BTC, a_contract
from tests.building.simulator import ALICE, BOB, ETH, a_world

D = Decimal
SOL = Symbol("SOL/USDT:USDT")
PRICES = {BTC: "50000", ETH: "2000", SOL: "100"}
TICKS = {BTC: D("0.1"), ETH: D("0.01"), SOL: D("0.01")}
BARS = 60
"""Minutes before the start; the range of each of them is a hundredth of the price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """What a test has to know of an exchange: how contracts are there, and what an account can be."""

    name: str
    rules: str
    tiers: tuple[Tier, ...]
    steps: dict[str, Any]
    mode: PositionMode = PositionMode.ONE_WAY
    quarterlies: bool = True
    both_modes: bool = True
    """Whether an account holds isolated and cross positions side by side; else Bob holds the cross ones."""

    @property
    def crosser(self) -> AccountName:
        """Who holds the cross position."""
        return ALICE if self.both_modes else BOB


def _tiers(caps: tuple[int, int], deduction: int = 0) -> tuple[Tier, ...]:
    low, high = caps
    return (
        Tier(floor=D(0), cap=D(low), rate=D("0.005"), max_leverage=D(100)),
        Tier(floor=D(low), cap=D(high), rate=D("0.01"), deduction=D(deduction), max_leverage=D(50)),
    )


_MONEY = _tiers((2_000_000, 4_000_000), 10_000)
BINANCE = Venue(name="binanceusdm", rules="binance_usdm", tiers=_MONEY, steps={"lot": D("0.001")})
BYBIT = Venue(name="bybit", rules="bybit_linear", tiers=_MONEY, steps={"lot": D("0.001")}, both_modes=False)
OKX = Venue(
    name="okx",
    rules="okx_linear",
    tiers=_tiers((1_000_000, 2_000_000)),  # In contracts.
    steps={"lot": D("0.0001"), "contract_size": D("0.01"), "min_notional": D(0)},
)
XT = Venue(
    name="xt",
    rules="xt_linear",
    tiers=_tiers((2_000_000, 4_000_000)),
    steps={"lot": D("0.0001"), "contract_size": D("0.0001"), "margin_step": D("0.0001")},
    mode=PositionMode.HEDGE,
    quarterlies=False,
)


def machine_ms() -> int:
    """The time of this machine, by which exchange and client agree."""
    return time.time_ns() // 1_000_000


def a_quarterly(now_ms: int) -> tuple[Symbol, int]:
    """A contract that is delivered in two months, and when."""
    day = (datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(days=60)).replace(
        hour=8, minute=0, second=0, microsecond=0
    )
    return Symbol(f"{BTC}-{day:%y%m%d}"), int(day.timestamp() * 1000)


def a_market_in_danger(venue: Venue) -> World:
    """Longs of 0.2 BTC and 2 ETH, isolated, and of 1000 SOL, cross: all with ten times leverage.

    Alice has 20000 USDT, the margin of her positions among it. Bob has 18000.
    """
    now_ms = machine_ms()
    dated, expiry_ms = a_quarterly(now_ms)
    contracts = [_contract(venue, symbol) for symbol in PRICES]
    if venue.quarterlies:
        contracts.append(_contract(venue, dated, expiry_ms=expiry_ms))
    accounts = tuple(
        PaperAccount(name=name, balance=D(balance), position_mode=venue.mode)
        for name, balance in ((ALICE, 20_000), (BOB, 18_000))
    )
    prices = {Symbol(symbol): price for symbol, price in PRICES.items()} | {dated: PRICES[BTC]}
    world = a_world(*contracts, hands=machine_ms, prices=prices, accounts=accounts)
    for symbol, price in PRICES.items():
        world.market.seed(symbol, _calm(D(price), now_ms))
    for account, symbol, quantity, mode in (
        (ALICE, BTC, "0.2", MarginMode.ISOLATED),
        (ALICE, ETH, "2", MarginMode.ISOLATED),
        (venue.crosser, SOL, "1000", MarginMode.CROSS),
    ):
        id_ = PositionId(account, symbol, Side.LONG)
        world.open(Opening(id=id_, quantity=D(quantity), leverage=D(10), mode=mode))
    return world


def _contract(venue: Venue, symbol: Symbol, **more: Any) -> Contract:
    tick = TICKS.get(symbol, TICKS[BTC])
    made: dict[str, Any] = {"tick": tick, "tiers": venue.tiers, "max_leverage": D(100)}
    return a_contract(symbol, venue=venue.rules, **(made | venue.steps | more))


def _calm(price: Decimal, now_ms: int) -> list[Bar]:
    first = now_ms - now_ms % MINUTE_MS - BARS * MINUTE_MS
    half = price / 200
    return [
        Bar(open_ms=first + i * MINUTE_MS, open=price, high=price + half, low=price - half, close=price)
        for i in range(BARS)
    ]
