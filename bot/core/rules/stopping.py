"""A stop where a rule wants it: placed where none of ours rests, moved where that gains enough.

What every rule that trails a stop has to heed, once for all of them: the stop only ever moves toward the
mark, stays clear of liquidation, and is left alone where the trader's own already protects the position.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.intents import MoveStop, PlaceStop
from bot.core.view import View


def stop_at(view: View, price: Decimal, *, gain: Decimal, clear: Decimal) -> PlaceStop | MoveStop | None:
    """The stop at ``price``, on the tick toward the mark; ``None`` where it would gain nothing.

    It rests at least the fraction ``clear`` of liquidation before it, and at most half way from there to the
    mark. Ours is moved if it comes ``gain`` nearer to the mark, or does not protect where it is.
    """
    sign, contract, stops = view.id.side.sign, view.contract, view.stops
    trigger = _on_tick(view, price)
    nearest = view.clear_of_liquidation(clear)
    if nearest is not None:
        trigger = max(trigger, nearest) if sign > 0 else min(trigger, nearest)
    if sign * (view.mark - trigger) <= 0 or trigger <= 0:
        return None
    ours, naked = stops.ours, stops.protecting is None
    if ours is None or ours.trigger is None:
        return PlaceStop(id=view.id, trigger=trigger) if naked else None
    ahead = sign * (trigger - ours.trigger)
    if ahead >= max(gain, contract.tick):
        return MoveStop(id=view.id, trigger=trigger)
    return MoveStop(id=view.id, trigger=trigger if ahead > 0 else ours.trigger) if naked else None


def nearer_stop(view: View, price: Decimal, *, gain: Decimal) -> PlaceStop | MoveStop | None:
    """The stop at ``price``, on the tick toward the mark, if that is ``gain`` nearer than what protects now.

    Beside a stop of the trader's own, which stays where it is, one of ours is placed. ``None`` where nothing
    is gained, or the mark is not beyond ``price`` yet.
    """
    sign, stops = view.id.side.sign, view.stops
    trigger, held = _on_tick(view, price), _held(view)
    if sign * (view.mark - trigger) <= 0 or trigger <= 0:
        return None
    if held is not None and sign * (trigger - held) < max(gain, view.contract.tick):
        return None
    if stops.ours is None:
        return PlaceStop(id=view.id, trigger=trigger)
    return MoveStop(id=view.id, trigger=trigger)


def best_stop(
    view: View, places: Iterable[tuple[Decimal, str]], *, gain: Decimal
) -> tuple[PlaceStop | MoveStop, str] | None:
    """Of several places, each with its reason, the nearest stop that there may be (``nearer_stop``)."""
    for price, why in sorted(places, key=lambda place: -view.id.side.sign * place[0]):
        stop = nearer_stop(view, price, gain=gain)
        if stop is not None:
            return stop, why
    return None


def may_gain(view: View, price: Decimal, *, gain: Decimal) -> bool:
    """Whether ``nearer_stop`` may set a stop at ``price`` once the mark is beyond it; for a wake.

    Up to a tick early, because the stop is rounded toward the mark.
    """
    held, tick = _held(view), view.contract.tick
    return held is None or view.id.side.sign * (price - held) > max(gain, tick) - tick


def trails_from(view: View, behind: Decimal, *, gain: Decimal) -> Decimal | None:
    """The mark beyond which a stop ``behind`` it gains against what protects now, up to a tick early.

    ``None`` where nothing protects: any stop gains.
    """
    held = _held(view)
    return None if held is None else held + view.id.side.sign * (max(gain, view.contract.tick) + behind)


def _held(view: View) -> Decimal | None:
    """Where the stop is that protects now."""
    rests = view.stops.protecting
    return None if rests is None else rests.trigger


def _on_tick(view: View, price: Decimal) -> Decimal:
    return view.contract.price_up(price) if view.id.side.sign > 0 else view.contract.price_down(price)
