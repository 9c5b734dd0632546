"""Tapes that a planted defect has to show on: some sought from seeds, some laid by hand.

Each hand-laid one is about one thing, so small that what is wrong can be read off.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from bot.core.margin.venues import RULES
from bot.core.rule import Rule
from bot.core.settings import RuleEntry
from bot.core.types import MarginMode, PositionId, PriceKind, RuleName, Side
from bot.lab.replay.agenda import ScheduledOpening
from bot.lab.replay.run import Plan
from bot.venues.paper.model import Opening, PaperAccount
from strategies.partial_close import PartialClose, PartialCloseParams
from strategies.top_up import TopUp, TopUpParams
from tests.building import FLAT_TIERS, MINUTE_MS, START_MS, a_contract
from tests.lab.replay import rules as odd
from tests.lab.replay.scenes import MAIN, SYMBOLS, Scene, a_scene, an_opening
from tests.lab.replay.seeking import Series, a_plan, seek

D = Decimal
SEEDS = 60
BARS = 30


def laid(*prices: list[int], shift: list[int] | None = None) -> list[Series]:
    """A flat bar for each price, a minute each; with ``shift`` trades are so far from the marks."""
    found = []
    for symbol, its in zip(SYMBOLS, prices, strict=False):
        series = Series(symbol)
        for bar, price in enumerate(its):
            series.add(START_MS + bar * MINUTE_MS, (price,) * 4, None if shift is None else shift[bar])
        found.append(series)
    return found


def stairs(length: int, step: int = 1) -> list[int]:
    return [1_000 - step * bar for bar in range(length)]


def near(below: str, *, shadow: bool = True, cooldown_ms: int = 0) -> RuleEntry:
    """Says once per state that liquidation is near; in shadow nothing comes of it."""
    rule = PartialClose(RuleName("near"), PartialCloseParams(below=D(below), fraction=D("0.1")))
    return RuleEntry(rule=rule, shadow=shadow, cooldown_ms=cooldown_ms)


def an_entry(rule: Rule[Any], cooldown_ms: int | None = None) -> RuleEntry:
    return RuleEntry(rule=rule, cooldown_ms=cooldown_ms)


def a_stage(
    *entries: RuleEntry, symbols: int = 1, cross: bool = False, balance: int = 1_000, **rest: Any
) -> Scene:
    """Longs of 5 at 100 with 10x under ``entries`` alone."""
    tick = rest.pop("tick", "0.1")
    return Scene(
        contracts=tuple(a_contract(symbol, tick=D(tick)) for symbol in SYMBOLS[:symbols]),
        openings=tuple(an_opening(symbol, cross=cross) for symbol in SYMBOLS[:symbols]),
        entries=entries,
        accounts=(PaperAccount(name=MAIN, balance=D(balance)),),
        seatbelt=False,
        **rest,
    )


def _stairs() -> Plan:
    """Down a tenth a minute, where the contract's tick is a half."""
    return a_plan(a_stage(near("0.05"), tick="0.5"), laid(stairs(60)))


def _together() -> Plan:
    """Two cross longs fall side by side: neither far enough alone."""
    scene = a_stage(near("0.05"), symbols=2, cross=True, balance=110)
    return a_plan(scene, laid(stairs(50, 2), stairs(50, 2)))


def _sinking() -> Plan:
    """Nobody defends two cross longs: they are liquidated together, long before either would be alone."""
    scene = a_stage(symbols=2, cross=True, balance=110)
    return a_plan(scene, laid(stairs(60, 2), stairs(60, 2)))


def _paying() -> Plan:
    """Funding takes a part of the wallet; then two cross longs fall side by side."""
    temper = odd.Temper(RuleName("temper"), odd.TemperParams(tense=D("0.5")))
    entry = RuleEntry(rule=temper, symbols=frozenset(SYMBOLS[:1]))
    funding = {SYMBOLS[0]: ((START_MS + 2 * MINUTE_MS, D("0.02")),)}
    scene = a_stage(entry, symbols=2, cross=True, balance=110, funding=funding)
    fall = [*[1_000] * 4, *stairs(60, 2)]
    return a_plan(scene, laid(fall, fall))


def _naked() -> Plan:
    """The other symbol of a cross pool falls, until liquidation of the first lies beyond its resting stop."""
    stop = odd.FixedStop(RuleName("stop"), odd.StopParams(away=D("0.05"), by=PriceKind.MARK))
    entry = RuleEntry(rule=stop, symbols=frozenset(SYMBOLS[:1]))
    scene = a_stage(entry, symbols=2, cross=True, balance=110)
    return a_plan(scene, laid([1_000] * 35, stairs(35, 5)))


def _drained() -> Plan:
    """Funding of one cross long takes what the other has to fall on."""
    scene = a_stage(
        near("0.05"),
        symbols=2,
        cross=True,
        balance=110,
        funding={SYMBOLS[1]: tuple((START_MS + bar * MINUTE_MS, D("0.01")) for bar in range(1, 12))},
    )
    return a_plan(scene, laid([*[1_000] * 12, *stairs(60, 1)], [1_000] * 72))


def _clock() -> Plan:
    """A calm tape, a rule that acts by the clock, bars of two lengths, funding on the minute."""
    clock = odd.Clockwork(RuleName("clock"), odd.ClockParams(every_ms=3 * MINUTE_MS + 1, notify=True))
    levels = [
        odd.BarLevel(RuleName(f"bar_{minutes}"), odd.LevelParams(timeframe_ms=minutes * MINUTE_MS))
        for minutes in (1, 3)
    ]
    funding = {SYMBOLS[0]: ((START_MS + 8 * MINUTE_MS, D("0.001")),)}
    scene = a_stage(an_entry(clock, 1_000), *(an_entry(rule) for rule in levels), funding=funding)
    return a_plan(scene, laid([1_000] * 20))


def _ladder() -> Plan:
    """Two rules want to act at one mark; the second gets its chance when the first has acted."""
    first = odd.MarkDependent(RuleName("first"), odd.NearParams(below=D("0.08"), times=2))
    scene = a_stage(an_entry(first, 3 * MINUTE_MS), near("0.08", shadow=False, cooldown_ms=2 * MINUTE_MS))
    return a_plan(scene, laid(stairs(30, 2)))


def _apart() -> Plan:
    """Marks stand still while trades fall to a stop that waits for them."""
    stop = odd.FixedStop(RuleName("stop"), odd.StopParams(away=D("0.02")))
    return a_plan(a_stage(an_entry(stop)), laid([1_000] * 30, shift=[-bar for bar in range(30)]))


def _tight() -> Plan:
    """Two isolated longs fall together; the free balance is enough for one of them, and replies take time."""
    rule = TopUp(RuleName("top_up"), TopUpParams(below=D("0.06"), restore_to=D("0.1"), max_times=3))
    scene = a_stage(an_entry(rule), symbols=2, balance=130, latency_ms=20_000)
    return a_plan(scene, laid(stairs(16, 5), stairs(16, 5)))


def _flat() -> Plan:
    """A long that is alive at 99.9 in the lower tier and at 100.1 in the upper one, and dead between.

    At 100 it is worth 500 and has an equity of 9.9: 5 are asked for up to there, 10 above. So at 99.9
    liquidation is 0.8 % below, at 100.1 it is here. Prices jump over the place where it is dead.
    """
    contract = a_contract(
        SYMBOLS[0], tiers=FLAT_TIERS, rules=replace(RULES["binance_usdm"], tier_deduction=False)
    )
    held = Opening(
        id=PositionId(MAIN, SYMBOLS[0], Side.LONG),
        quantity=D(5),
        leverage=D(50),
        mode=MarginMode.ISOLATED,
        entry=D(100),
        margin=D("9.9"),
    )
    scene = Scene(
        contracts=(contract,),
        openings=(ScheduledOpening(at_ms=START_MS, opening=held),),
        entries=(near("0.005"),),
        seatbelt=False,
    )
    return a_plan(scene, laid([999, 999, 1_001, 1_001, 999, 1_001]))


LAID: Mapping[str, Callable[[], Plan]] = {
    "stairs": _stairs,
    "together": _together,
    "sinking": _sinking,
    "paying": _paying,
    "naked": _naked,
    "drained": _drained,
    "clock": _clock,
    "ladder": _ladder,
    "apart": _apart,
    "tight": _tight,
    "flat": _flat,
}


@cache
def tape(name: int | str) -> Plan:
    """The plan of that name; a seed means a scene of its own and a tape that seeks its edges."""
    if isinstance(name, str):
        return LAID[name]()
    random = Random(name)
    return seek(a_scene(random), random, BARS)


def tapes(telling: int | str) -> Iterator[Plan]:
    """All of them, the one that is known to tell first."""
    yield tape(telling)
    for name in (*LAID, *range(SEEDS)):
        if name != telling:
            yield tape(name)
