"""What a seed begins with: an exchange with its contracts, an account with positions, a bot with its rules.

Prices are near those of the real coins, so that steps, minima and tiers matter as they do there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from bot.core.contracts import Contract, Tier, Tiers
from bot.core.margin.venues import RULES
from bot.core.rule import Rule
from bot.core.settings import Limits, RuleEntry, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, RuleName, Side, Symbol
from bot.simulator import ApiKey, Clock, World
from bot.venues.paper import MarketModel, Opening, PaperAccount, PaperError
from strategies.atr_stop import AtrStop, AtrStopParams
from strategies.cut_leverage import LeverageCut, LeverageCutParams
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.quarterly_hedge import QuarterlyHedge, QuarterlyHedgeParams
from strategies.top_up import TopUp, TopUpParams
from tests.faults.passing import US, Time

D = Decimal
MAIN = AccountName("main")
KEY = ApiKey(key="a-key", secret="a-secret-canary", account=MAIN)
START_MS = 1_798_099_200_000
"""A day before the nearer quarterly is delivered: 2026-12-24, 08:00 UTC."""
DELIVERY_MS = 1_798_185_600_000
LATER_MS = 1_806_048_000_000
BTC, ETH, SOL = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT"), Symbol("SOL/USDT:USDT")
NEARER, LATER = Symbol("BTC/USDT:USDT-261225"), Symbol("BTC/USDT:USDT-270326")
FIRST_PRICES = {BTC: D(60_000), ETH: D(3_000), SOL: D(150), NEARER: D(60_010), LATER: D(60_600)}
STEPS = {
    BTC: ("0.1", "0.001", 125),
    ETH: ("0.01", "0.001", 100),
    SOL: ("0.01", "0.1", 50),
    NEARER: ("0.1", "0.001", 50),
    LATER: ("0.1", "0.001", 50),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The beginning of a seed's run."""

    world: World
    start_ms: int
    """The lab's time nought, in milliseconds UTC."""
    rules: tuple[RuleEntry, ...]
    limits: Limits
    seatbelt: SeatbeltSettings
    mode: PositionMode
    positions: tuple[PositionId, ...]


def a_scene(seed: int, time: Time, *, delivery: bool) -> Scene:
    """The scene of a seed; with ``delivery`` the nearer quarterly is held and delivered ten minutes later."""
    random = Random(f"{seed} scene")
    start_ms = DELIVERY_MS - 600_000 if delivery else START_MS
    contracts = [a_contract(symbol, start_ms, random) for symbol in STEPS]
    mode = random.choice([PositionMode.ONE_WAY, PositionMode.ONE_WAY, PositionMode.HEDGE])
    world = World(
        accounts=[
            PaperAccount(name=MAIN, balance=D(random.randint(2_000, 40_000)), position_mode=mode),
        ],
        contracts=contracts,
        keys=[KEY],
        model=MarketModel(maker_fee=D("0.0002"), taker_fee=D("0.0005"), spread=D("0.0002")),
        clock=Clock(lambda: start_ms + time.now_us // US),
        insurance_fund=D(10_000_000),
    )
    for contract in contracts:
        world.move(contract.symbol, FIRST_PRICES[contract.symbol], gap=True)
    held = tuple(_open(world, random, start_ms, with_dated=delivery))
    return Scene(
        world=world,
        start_ms=start_ms,
        rules=some_rules(random),
        limits=some_limits(random),
        seatbelt=SeatbeltSettings(
            enabled=random.random() < 0.9,
            clear_of_liquidation=D(random.choice(["0.005", "0.01", "0.02"])),
            tolerance=D(random.choice(["0.001", "0.002", "0.005"])),
        ),
        mode=mode,
        positions=held,
    )


def a_contract(symbol: Symbol, start_ms: int, random: Random) -> Contract:
    """A contract with steps as the exchange has them and three tiers of a seed's own."""
    tick, lot, leverage = STEPS[symbol]
    expiry_ms = {NEARER: DELIVERY_MS, LATER: LATER_MS}.get(symbol)
    return Contract(
        symbol=symbol,
        tick=D(tick),
        lot=D(lot),
        min_quantity=D(lot),
        min_notional=D(random.choice([5, 20, 100])),
        max_leverage=D(leverage),
        funding_interval_ms=8 * 3_600_000,
        expiry_ms=expiry_ms,
        tiers=tiers(random, leverage),
        rules=RULES["binance_usdm"],
    )


def tiers(random: Random, leverage: int) -> Tiers:
    """Three tiers whose requirement is continuous."""
    ends = [D(random.choice([5_000, 20_000])), D(random.choice([50_000, 250_000]))]
    rates = [D("0.004"), D("0.01"), D("0.025")]
    found: list[Tier] = []
    floor, deduction = D(0), D(0)
    for number, rate in enumerate(rates):
        if found:
            deduction += floor * (rate - found[-1].rate)
        cap = ends[number] if number < len(ends) else None
        most = D(max(1, leverage // (number + 1)))
        found.append(Tier(floor=floor, cap=cap, rate=rate, deduction=deduction, max_leverage=most))
        floor = cap or floor
    return tuple(found)


def an_opening(random: Random, id_: PositionId, price: Decimal, lot: Decimal, mode: MarginMode) -> Opening:
    """A position worth a few thousand."""
    notional = D(random.randint(500, 12_000))
    quantity = max(lot, (notional / price // lot) * lot)
    return Opening(id=id_, quantity=quantity, leverage=D(random.choice([3, 4, 5, 6, 8, 10])), mode=mode)


def _open(world: World, random: Random, start_ms: int, *, with_dated: bool) -> list[PositionId]:
    held = []
    symbols = random.sample([BTC, ETH, SOL], random.choice([1, 1, 2, 2, 3]))
    for symbol in [*symbols, *([NEARER] if with_dated else [])]:
        id_ = PositionId(MAIN, symbol, random.choice(list(Side)))
        mode = random.choice([MarginMode.ISOLATED, MarginMode.ISOLATED, MarginMode.CROSS])
        contract = world.contracts[symbol]
        try:
            world.open(an_opening(random, id_, FIRST_PRICES[symbol], contract.lot, mode))
        except PaperError:
            continue  # Too much for this wallet: one position less.
        held.append(id_)
    return held


def some_rules(random: Random) -> tuple[RuleEntry, ...]:
    """A few of the shipped rules, in the order of the ladder."""
    shares: dict[Callable[[Random], Rule[Any]], float] = {
        _atr_stop: 0.3,
        _top_up: 0.7,
        _cut: 0.5,
        _hedge: 0.6,
        _close: 0.6,
    }
    chosen = [make for make, share in shares.items() if random.random() < share]
    return tuple(RuleEntry(rule=make(random)) for make in chosen or [_top_up])


def some_limits(random: Random) -> Limits:
    """Budgets that are generous, tight or absent."""

    def budget(*amounts: int) -> Decimal | None:
        amount = random.choice([None, *amounts])
        return None if amount is None else D(amount)

    return Limits(
        margin_per_position=budget(100, 1_000, 5_000),
        margin_per_campaign=budget(1_500, 5_000),
        margin_per_day=budget(300, 2_000, 10_000),
        margin_per_account=budget(2_000, 20_000),
        hedge_notional=budget(1_000, 20_000),
        reserve=D(random.choice([0, 100, 1_000])),
        cooldown_ms=random.choice([1_000, 5_000, 20_000, 60_000]),
        actions_per_hour=random.choice([20, 60, 200]),
        equal_actions=random.choice([5, 20]),
        hedge_depth=D(0),
    )


def _near(random: Random) -> Decimal:
    return D(random.choice([random.randint(20, 90), random.randint(90, 300)])) / 1000


def _top_up(random: Random) -> Rule[TopUpParams]:
    below = _near(random)
    params = TopUpParams(below=below, restore_to=below + D("0.03"), max_times=random.randint(1, 4))
    return TopUp(RuleName("top_up"), params)


def _cut(random: Random) -> Rule[LeverageCutParams]:
    params = LeverageCutParams(below=_near(random), leverage=D(random.randint(2, 6)))
    return LeverageCut(RuleName("cut_leverage"), params)


def _close(random: Random) -> Rule[PartialCloseParams]:
    below = _near(random)
    params = random.choice(
        [
            PartialCloseParams(below=below, restore_to=below + D("0.03")),
            PartialCloseParams(below=below, fraction=D("0.3")),
            PartialCloseParams(below=below, loss_cap=D(200)),
        ]
    )
    return PartialClose(RuleName("partial_close"), params)


def _hedge(random: Random) -> Rule[QuarterlyHedgeParams]:
    params = QuarterlyHedgeParams(
        below=_near(random),
        calm=D("0.45"),
        ratio=D(random.choice(["0.5", "1"])),
        leverage=D(5),
        days=1,
        roll_days=0,
    )
    return QuarterlyHedge(RuleName("quarterly_hedge"), params)


def _atr_stop(random: Random) -> Rule[AtrStopParams]:
    params = AtrStopParams(multiple=D(random.choice([2, 4])), timeframe="1m", length=5, step=D("0.5"))
    return AtrStop(RuleName("atr_stop"), params)
