"""Faults that pass over some seeds by themselves, each with a chance of its own.

They came to the lab when seeds were known already for what they had shown. Drawn beside the other weather
they leave the draws of every seed as they were, and a seed over which none passes is the run it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from functools import partial
from random import Random

from bot.core.types import MarginMode, OrderKind, Position, PositionMode
from bot.simulator import OrderTerms
from bot.simulator.binance.section import market_id
from bot.simulator.faults import Fault, FaultKind
from bot.venues.paper import PaperError
from tests.faults.evidence import Cause, Who
from tests.faults.on_the_wire import MARKS, WRITES
from tests.faults.scene import FIRST_PRICES, MAIN, an_opening
from tests.faults.weather import Deed, Lab, Weather

SHARE, PACE_MS = 0.15, 90_000
LARGER = {"leverage refused": 0.5}
"""Shares of what seldom finds anything to befall, and changes nothing where it does not."""
ORDERS = r"/order\?"
EXITS = rf"{ORDERS}(?=.*(reduceOnly=true|side=SELL.*positionSide=LONG|side=BUY.*positionSide=SHORT))"
"""Orders that only reduce, in either position mode."""
MARGIN = r"/positionMargin\?"
NOTHING_TO_REDUCE = '{"code":-2022,"msg":"ReduceOnly Order is rejected."}'
TOO_SMALL = '{"code":-4164,"msg":"Order\'s notional must be no smaller than 5."}'
NO_LEVERAGE = '{"code":-4161,"msg":"Leverage reduction is not supported in Isolated Margin Mode."}'
NEW_CODE = '{"code":-4999,"msg":"Please migrate to the new endpoint."}'
SOON_MS, WAITS_MS = 300, 60_000
STARTING_MS = 30_000
"""So long after its start a process may yet learn how positions are kept."""
POSITION_MODE = "user: position mode"


def frozen(weather: Weather) -> None:
    """The stream repeats the mark of a symbol, with times of its own, while last price and index go on."""
    world = weather.lab.exchange.world
    symbol = weather.a_symbol()
    stuck = partial(with_mark, market_id(world.contracts[symbol]), str(world.market[symbol].mark))
    fault = Fault(kind=FaultKind.REPLACE_FRAME, method="WS", path=MARKS, count=None)
    (number,) = weather.last("mark frozen", weather.seconds(10, 60), [fault])
    weather.lab.exchange.rewritten[number] = stuck


def with_mark(name: str, mark: str, text: str) -> str:
    """A frame of marks in which that of one contract is another."""
    rows = [row | {"p": mark} if row["s"] == name else row for row in json.loads(text)]
    return json.dumps(rows)


def reduce_only_refused(weather: Weather) -> None:
    """Exits are refused although there is something to be reduced, as where resting orders claim it all."""
    _refuse(weather, "reduce-only refused", EXITS, NOTHING_TO_REDUCE)


def below_the_minimum(weather: Weather) -> None:
    """Orders are refused as too small, whatever the filters said."""
    _refuse(weather, "below the minimum", ORDERS, TOO_SMALL)


def leverage_refused(weather: Weather) -> None:
    """A cut of leverage is refused, as it is where the margin mode does not allow it."""
    _refuse(weather, "leverage refused", r"/leverage\?", NO_LEVERAGE)


def _refuse(weather: Weather, name: str, path: str, body: str) -> None:
    fault = Fault(
        kind=FaultKind.ERROR_BEFORE, method="POST", path=path, status=400, body=body, count=weather.few()
    )
    weather.order(name, fault)


def unknown_code(weather: Weather) -> None:
    """The exchange answers in a code that nobody has heard of, whether or not it did what was asked."""
    kind = weather.random.choice([FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER])
    weather.order("write unknown code", Fault(kind=kind, path=WRITES, status=400, body=NEW_CODE))


def margin_meanwhile(weather: Weather) -> None:
    """A reply to an addition of margin is lost, and the trader moves margin himself in the same second."""
    kind = weather.random.choice([FaultKind.LOST_BEFORE, FaultKind.LOST_AFTER])
    number = weather.order("user: margin meanwhile", Fault(kind=kind, method="POST", path=MARGIN))
    lab = weather.lab
    until_ms = weather.ends_ms(WAITS_MS)

    def look() -> None:
        waits = any(fault.fault_id == number for fault in lab.exchange.world.faults.waiting())
        if not waits and lab.time.now_ms < until_ms:
            _move_margin(lab, weather.random)
        elif waits:
            lab.time.after(SOON_MS, look)

    look()


def _move_margin(lab: Lab, random: Random) -> None:
    """By any amount but that of the request before."""
    world, ledger = lab.exchange.world, lab.exchange.ledger
    asked = [each for each in ledger.requests.values() if each.path.endswith("/positionMargin")][-1]
    contract = lab.exchange.wire._office.by_id[asked.params["symbol"]]
    share = Decimal(random.choice(["-0.9", "0.5", "1.2", "3"]))
    amount = contract.margin_down(Decimal(asked.params["amount"]) * share)
    for id_, held in world.view(MAIN).positions.items():
        if id_.symbol == contract.symbol and held.mode is MarginMode.ISOLATED:
            with ledger.because(Cause(who=Who.USER, what="margin meanwhile")):
                if world.move_margin(id_, amount) is None:
                    ledger.margin_moved(id_, amount)


def position_mode(weather: Weather) -> None:
    """The trader closes everything, keeps his positions in the other mode from now on, and opens one anew.

    A while later he does the same to have it as it was, or starts the bot again.
    """
    ledger = weather.lab.exchange.ledger
    changed = [fault for fault in ledger.faults if fault.kind == POSITION_MODE]
    if (changed and changed[-1].until_ms > weather.lab.time.now_ms) or not _change_mode(weather):
        return
    for_ms = weather.seconds(60, 150)
    ledger.injected(POSITION_MODE, until_ms=weather.ends_ms(for_ms))
    restarts, changed_ms = weather.random.random() < 0.5, weather.lab.time.now_ms

    def mend() -> None:
        life = weather.lab.life
        back = not restarts and _change_mode(weather)
        if life is not None and not (back and life.started_ms < changed_ms - STARTING_MS):
            life.stop("the position mode was changed")

    weather.later(for_ms, mend)


def _change_mode(weather: Weather) -> bool:
    world, ledger = weather.lab.exchange.world, weather.lab.exchange.ledger
    now = world.exchange.desk.position_mode(MAIN)
    other = PositionMode.ONE_WAY if now is PositionMode.HEDGE else PositionMode.HEDGE
    with ledger.because(Cause(who=Who.USER, what="position mode")):
        view = world.view(MAIN)
        for order in view.open_orders:
            world.cancel(MAIN, order.order_id)
        for position in view.positions.values():
            world.place(_closing(position, weather.lab.time.now_ms))
        if world.set_position_mode(MAIN, other) is not None:
            return False
        ledger.was_set(MAIN, "", "position mode", other)
        id_ = weather.random.choice(sorted(view.positions)) if view.positions else None
        if id_ is not None and id_.symbol in FIRST_PRICES:
            contract, mark = world.contracts[id_.symbol], world.market[id_.symbol].mark
            mode = weather.random.choice(list(MarginMode))
            with suppress(PaperError):
                world.open(an_opening(weather.random, id_, mark, contract.lot, mode))
    return True


def _closing(position: Position, now_ms: int) -> OrderTerms:
    return OrderTerms(
        client_id=f"web-{now_ms}-{position.id.symbol}-{position.id.side}",
        id=position.id,
        kind=OrderKind.MARKET,
        quantity=position.quantity,
        reduces=True,
    )


FRONTS: Mapping[str, Deed] = {
    "mark frozen": frozen,
    "reduce-only refused": reduce_only_refused,
    "below the minimum": below_the_minimum,
    "leverage refused": leverage_refused,
    "write unknown code": unknown_code,
    "user: margin meanwhile": margin_meanwhile,
    POSITION_MODE: position_mode,
}


def fronts(seed: int, lab: Lab, stop_ms: int) -> list[Weather]:
    """Those that may pass over a seed; over most seeds most of them do not."""
    found = []
    for name, deed in FRONTS.items():
        share = LARGER.get(name, SHARE)
        front = Weather(Random(f"{seed} {name}"), lab, stop_ms, {name: deed}, share)
        front.choose(front.kinds, PACE_MS)
        found.append(front)
    return found
