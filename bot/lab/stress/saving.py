"""What would have saved a position that died: more margin before it began, or rules that act earlier.

More margin is worked out from the worst mark of the scenario, tried, and made smaller while that suffices; so
the answer has been played, and is at most an eighth too much. Earlier rules are the configured ones with
every ``below`` and ``restore_to`` farther away, tried one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bot.config.errors import ConfigError
from bot.config.read import Document
from bot.config.settings import Settings, resolve
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.targets import margin_for_distance
from bot.core.types import ZERO, MarginMode, Position, PositionId, Side
from bot.lab.replay.run import Plan
from bot.lab.stress.trial import RuleSet, Stage, with_more_margin
from bot.lab.tapes import PlayedPath, to_price

ENOUGH = (Decimal(1), Decimal("1.5"), Decimal(3), Decimal(8))
"""Multiples of what was worked out, until one suffices."""
HALVINGS = 3
EARLIER = (Decimal("1.25"), Decimal("1.5"), Decimal(2))
"""How much farther from liquidation rules act, until that suffices."""
_FARTHER = ("below", "restore_to", "calm")
_MOST = Decimal("0.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What would have sufficed; ``None`` where nothing that was tried did.

    ``margin`` is how much more in the settlement currency, ``earlier`` by which factor distances would have
    had to be greater.
    """

    margin: Mapping[PositionId, Decimal] | None
    earlier: Decimal | None


def saving(stage: Stage, dead: Sequence[PositionId]) -> Saving:
    """Look for what saves ``dead`` in this scenario."""
    return Saving(margin=_margin(stage, dead), earlier=_earlier(stage))


def _margin(stage: Stage, dead: Sequence[PositionId]) -> Mapping[PositionId, Decimal] | None:
    plan = _with_margins(stage.plan)
    worked_out = {id_: _needed(plan, id_) for id_ in dead}

    def more(factor: Decimal) -> dict[PositionId, Decimal]:
        contracts = plan.contracts
        return {id_: contracts[id_.symbol].margin_up(needed * factor) for id_, needed in worked_out.items()}

    enough = next((f for f in ENOUGH if stage.survives(with_more_margin(plan, more(f)))), None)
    if enough is None:
        return None
    low, high = ZERO if enough == ENOUGH[0] else ENOUGH[ENOUGH.index(enough) - 1], enough
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if stage.survives(with_more_margin(plan, more(middle))):
            high = middle
        else:
            low = middle
    return more(high)


def _with_margins(plan: Plan) -> Plan:
    """The same plan, with the margin of every isolated position written down."""
    openings = []
    for each in plan.openings:
        opening = each.opening
        if opening.mode is MarginMode.ISOLATED and opening.margin is None:
            opening = replace(opening, margin=_position(plan, opening.id).margin)
        openings.append(replace(each, opening=opening))
    return replace(plan, openings=tuple(openings))


def _position(plan: Plan, id_: PositionId) -> Position:
    """The position as it is opened."""
    opening = next(each.opening for each in plan.openings if each.opening.id == id_)
    entry = opening.entry or _first_mark(_path(plan, id_))
    value = plan.contracts[id_.symbol].notional(opening.quantity, entry)
    isolated = opening.mode is MarginMode.ISOLATED
    margin = (opening.margin or value / opening.leverage) if isolated else ZERO
    return Position(
        id=id_,
        quantity=opening.quantity,
        entry=entry,
        leverage=opening.leverage,
        mode=opening.mode,
        margin=margin,
    )


def _needed(plan: Plan, id_: PositionId) -> Decimal:
    """About what it lacks at the worst mark of the scenario."""
    path, position = _path(plan, id_), _position(plan, id_)
    mark = _first_mark(path)
    worst = int(path.mark_low.min()) if id_.side is Side.LONG else int(path.mark_high.max())
    target = min(abs(to_price(worst, path.exponent) / mark - 1) * Decimal("1.001"), Decimal("0.99"))
    account = next(each for each in plan.accounts if each.name == id_.account)
    contract = plan.contracts[id_.symbol]
    wallet = position.margin or account.balances.get(contract.settlement, ZERO)
    pool = Pool(position.mode, wallet, (Holding(position, contract),))
    needed = margin_for_distance(pool, id_, {id_.symbol: mark}, target)
    # Where nothing is missing at this mark, something else killed it: others of its pool, or funding.
    return max(needed, contract.notional(position.quantity, mark) / 100)


def _path(plan: Plan, id_: PositionId) -> PlayedPath:
    return next(path for path in plan.paths if path.symbol == id_.symbol)


def _first_mark(path: PlayedPath) -> Decimal:
    return to_price(path.bar(0)[0][2], path.exponent)


def _earlier(stage: Stage) -> Decimal | None:
    if not stage.rules.defended:
        return None
    for factor, settings in _farther(stage.rules.settings):
        other = Stage(stage.stretch, RuleSet(name=stage.rules.name, settings=settings), faults=stage.faults)
        if other.survives(other.plan):
            return factor
    return None


def _farther(settings: Settings) -> Iterator[tuple[Decimal, Settings]]:
    """The settings with every rule farther from liquidation, as far as its parameters allow."""
    for factor in EARLIER:
        values = deepcopy(settings.document.values)
        rules: list[dict[str, Any]] = values.get("rules", [])
        for rule in rules:
            params = rule.get("params", {})
            params.update(
                {name: min(_MOST, Decimal(params[name]) * factor) for name in _FARTHER if name in params}
            )
        try:
            made = resolve(Document(values=values, origins=settings.document.origins))
        except ConfigError:
            continue  # Some parameter has an end that this is beyond.
        yield factor, replace(made, config=made.config.model_copy(update={"paper": settings.config.paper}))
