"""What is the matter with the exchange, its market or our rights, for a while or at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from bot.core.types import OUR_PREFIX
from bot.simulator.binance.section import market_id
from bot.simulator.faults import Fault, FaultKind
from tests.faults.evidence import Cause, Who
from tests.faults.scene import KEY, MAIN
from tests.faults.weather import Deed, Weather

K = FaultKind


def lag(weather: Weather) -> None:
    random = weather.random
    ms = random.choice([700, 2_000, 4_500])
    weather.last("query lag", weather.seconds(5, 40), [Fault(kind=K.LAG, count=None, ms=ms)])


def limited(weather: Weather) -> None:
    wait_ms = weather.seconds(2, 10)
    fault = Fault(kind=K.LIMITED, count=None, retry_after_s=wait_ms // 1_000)
    weather.last("429", wait_ms, [fault])


def banned(weather: Weather) -> None:
    wait_ms = weather.seconds(10, 90)
    fault = Fault(kind=K.BANNED, count=None, retry_after_s=wait_ms // 1_000)
    weather.last("418", wait_ms, [fault])


def outage(weather: Weather) -> None:
    faults = [
        Fault(kind=K.ERROR_BEFORE, status=503, count=None),
        Fault(kind=K.REFUSE, status=503, count=None),
        Fault(kind=K.MUTE, count=None, method="WS"),
    ]
    weather.last("outage", weather.seconds(5, 90), faults)


def unreachable(weather: Weather) -> None:
    exchange = weather.lab.exchange
    ledger = weather.lab.exchange.ledger
    for_ms = weather.seconds(3, 60)
    exchange.unreachable = True
    ledger.injected("unreachable", until_ms=weather.ends_ms(for_ms))
    weather.later(for_ms, lambda: setattr(exchange, "unreachable", False))


def skewed(weather: Weather) -> None:
    random = weather.random
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    for_ms = weather.seconds(10, 90)
    world.clock.skew_ms = random.choice([-1, 1]) * random.choice([600, 2_000, 8_000])
    ledger.injected("clock skew", str(world.clock.skew_ms), until_ms=weather.ends_ms(for_ms))
    weather.later(for_ms, lambda: setattr(world.clock, "skew_ms", 0))


def revoked(weather: Weather) -> None:
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    for_ms = weather.seconds(10, 90)
    world.keys.revoke(KEY.key)
    ledger.injected("key revoked", until_ms=weather.ends_ms(for_ms))
    weather.later(for_ms, lambda: world.keys.revoke(KEY.key, revoked=False))


def key_expires(weather: Weather) -> None:
    exchange = weather.lab.exchange
    ledger = weather.lab.exchange.ledger
    if exchange.wire.expire_sessions(MAIN):
        ledger.injected("listen key expired")


def halted(weather: Weather) -> None:
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    symbol, for_ms = weather.a_symbol(), weather.seconds(10, 60)
    world.market[symbol].halted = True
    weather.lab.prices.halted.add(symbol)
    ledger.injected("market halted", symbol, until_ms=weather.ends_ms(for_ms))

    def resume() -> None:
        world.market[symbol].halted = False
        weather.lab.prices.halted.discard(symbol)

    weather.later(for_ms, resume)


def crash(weather: Weather) -> None:
    random = weather.random
    ledger = weather.lab.exchange.ledger
    symbol = weather.a_symbol()
    ppm = random.choice([-1, -1, 1]) * random.randint(30_000, 250_000)
    ledger.injected("crash", f"{symbol} by {ppm} ppm")
    if "-" not in symbol:
        weather.lab.prices.crash(symbol, ppm, random.choice([0, 1, 5, 30]))


def deleveraged(weather: Weather) -> None:
    random = weather.random
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    held = list(world.view(MAIN).positions.values())
    if held:
        position = random.choice(held)
        lot = world.contracts[position.id.symbol].lot
        quantity = max(lot, position.quantity / 2 // lot * lot)
        with ledger.because(Cause(who=Who.VENUE, what="deleveraging")):
            world.deleverage(position.id.symbol, position.id.side, quantity)
        ledger.injected("adl", str(position.id))


def funded(weather: Weather) -> None:
    random = weather.random
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    symbol = weather.a_symbol()
    if "-" not in symbol:
        world.market[symbol].funding_rate = Decimal(random.randint(-75, 75)) / 10_000
        with ledger.because(Cause(who=Who.VENUE, what="funding")):
            world.settle_funding(symbol)
        ledger.injected("funding", symbol)


def expired(weather: Weather) -> None:
    random = weather.random
    world = weather.lab.exchange.world
    ledger = weather.lab.exchange.ledger
    ours = [o for o in world.view(MAIN).open_orders if o.client_id.startswith(OUR_PREFIX)]
    if ours:
        order = random.choice(ours)
        with ledger.because(Cause(who=Who.VENUE, what="expiry")):
            world.cancel(MAIN, order.order_id)
        ledger.injected("stop expired", order.client_id)


def tiers_change(weather: Weather) -> None:
    """The exchange asks for a tenth more of maintenance in every tier from now on."""
    world, office = weather.lab.exchange.world, weather.lab.exchange.wire._office
    symbol = weather.a_symbol()
    before = world.contracts[symbol]
    more = Decimal("1.1")
    tiers = tuple(
        replace(tier, rate=tier.rate * more, deduction=tier.deduction * more) for tier in before.tiers
    )
    contract = replace(before, tiers=tiers)
    world.contracts[symbol] = office.contracts[symbol] = contract
    office.by_id[market_id(contract)] = contract
    weather.lab.exchange.ledger.injected("tiers change", symbol)


DEEDS: Mapping[str, Deed] = {
    "query lag": lag,
    "429": limited,
    "418": banned,
    "outage": outage,
    "unreachable": unreachable,
    "clock skew": skewed,
    "key revoked": revoked,
    "listen key expired": key_expires,
    "market halted": halted,
    "crash": crash,
    "adl": deleveraged,
    "funding": funded,
    "stop expired": expired,
    "tiers change": tiers_change,
}
