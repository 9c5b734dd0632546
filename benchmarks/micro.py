"""What a live mark can cost: inside the tripwire, a silent evaluation, one that ends in an action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from time import perf_counter

from benchmarks.year import ACCOUNT, ID, SYMBOL, contract, rules
from bot.core.capabilities import YES, Capabilities
from bot.core.decisions import Action
from bot.core.engine import Engine
from bot.core.facts import (
    AccountRead,
    BalanceChanged,
    InstrumentChanged,
    MarkPrice,
    OrdersChanged,
    PositionChanged,
)
from bot.core.intents import AddMargin
from bot.core.settings import EngineSettings, Limits, SeatbeltSettings
from bot.core.types import ClientId, MarginMode, Order, OrderKind, Position

ENTRY = Decimal(42_000)
CONTRACT = contract()
ROUNDS = 2_000


def guarded_engine() -> Engine:
    """An engine with the scenario's three rules on one protected isolated position."""
    levers = ("AddMargin", "ReducePosition", "PlaceStop", "MoveStop")
    capabilities = Capabilities(
        venue="bench", levers={(lever, mode): YES for lever in levers for mode in MarginMode}
    )
    entries = tuple(replace(entry, cooldown_ms=0) for entry in rules())
    engine = Engine(
        EngineSettings(
            rules=entries,
            limits=Limits(stale_after_ms=60_000),
            seatbelt=SeatbeltSettings(enabled=False),
            capabilities={ACCOUNT: capabilities},
        )
    )
    position = Position(
        id=ID,
        quantity=Decimal(1),
        entry=ENTRY,
        leverage=Decimal(10),
        mode=MarginMode.ISOLATED,
        margin=Decimal(4200),
    )
    stop = Order(
        client_id=ClientId("trader-1"),
        id=ID,
        kind=OrderKind.STOP_MARKET,
        reduces=True,
        quantity=Decimal(1),
        trigger=Decimal(38_500),
    )
    engine.fold(
        (
            InstrumentChanged(at_ms=0, contract=CONTRACT),
            BalanceChanged(at_ms=0, account=ACCOUNT, wallet=Decimal(10_000), free=Decimal(10_000)),
            PositionChanged(at_ms=0, id=ID, position=position),
            OrdersChanged(at_ms=0, id=ID, orders=(stop,)),
            AccountRead(at_ms=0, account=ACCOUNT),
            MarkPrice(at_ms=0, symbol=SYMBOL, price=ENTRY),
        )
    )
    return engine


def microseconds(work: Callable[[], object], times: int) -> float:
    """The best of seven rounds, per call."""
    best = float("inf")
    for _ in range(7):
        began = perf_counter()
        for _ in range(times):
            work()
        best = min(best, (perf_counter() - began) / times)
    return best * 1e6


def inside_the_tripwire() -> float:
    """``engine.step`` with a mark that nobody waits for."""
    engine = guarded_engine()
    mark = MarkPrice(at_ms=1, symbol=SYMBOL, price=ENTRY + 1)
    assert engine.step(mark) is None
    return microseconds(lambda: engine.step(mark), 100_000)


def silent_evaluation() -> float:
    """Every rule asked on one position, and every one stays silent."""
    engine = guarded_engine()
    balance = BalanceChanged(at_ms=1, account=ACCOUNT, wallet=Decimal(10_000), free=Decimal(10_000))
    step = engine.step(balance)
    assert step is not None
    assert not step.decisions
    return microseconds(lambda: engine.step(balance), ROUNDS)


def guarded_add_margin() -> float:
    """A mark that ends in an ``AddMargin`` through the guard; each time on a fresh engine."""
    mark = MarkPrice(at_ms=1, symbol=SYMBOL, price=Decimal(41_000))
    best = float("inf")
    for _ in range(ROUNDS):
        engine = guarded_engine()
        began = perf_counter()
        step = engine.step(mark)
        best = min(best, perf_counter() - began)
        assert step is not None
        assert [type(d.intent) for d in step.decisions if isinstance(d, Action)] == [AddMargin]
    return best * 1e6


def figures() -> list[tuple[str, str]]:
    """All three."""
    return [
        ("mark inside the tripwire", f"{inside_the_tripwire():.2f} us"),
        ("silent evaluation of three rules", f"{silent_evaluation():.1f} us"),
        ("mark to guarded AddMargin", f"{guarded_add_margin():.1f} us"),
    ]
