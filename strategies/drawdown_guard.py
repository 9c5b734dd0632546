"""Allow less, tier by tier, the deeper the account's drawdown is, and close everything at the last."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.core.held.equity import Drawdown
from bot.core.intents import Posture, ReducePosition, SetPosture
from bot.core.rule import Decisions, Needs, Params, Ratio, Rule, Timeframe
from bot.core.timeframe import parse_timeframe
from bot.core.types import RuleName
from bot.core.units import Unit
from bot.core.view import View
from bot.core.wake import BarClose, Wake


class DrawdownGuardParams(Params):
    """The tiers, as drawdowns from the account's best, and how a drawdown is measured."""

    rising = (("yellow", "orange", "red"),)

    yellow: Ratio = Decimal("0.10")
    """From here on nothing new is taken on, and no margin is given back."""
    orange: Ratio = Decimal("0.20")
    """From here on other rules may only reduce and move stops."""
    red: Ratio = Decimal("0.35")
    """From here on everything is closed that was held when the drawdown became so deep."""
    relax: Ratio = Decimal("0.8")
    """A tier is left when the drawdown is below this fraction of where it begins."""
    timeframe: Timeframe = "5m"
    """The drawdown is measured where bars of this length close."""
    length: Annotated[int, Field(ge=1, le=1000), Unit("bars")] = 12
    """So many bars the smoothed drawdown is an exponential mean of; it counts where the raw one is deeper."""


class DrawdownGuard(Rule[DrawdownGuardParams]):
    """Watches what the account is worth in the currency a position settles in.

    Closes go in order of risk relieved per cost, one after the other. A position that was opened during the
    red tier was opened knowingly: it is not closed, but may only be reduced.
    """

    proposes = (SetPosture, ReducePosition)

    def __init__(self, name: RuleName, params: DrawdownGuardParams) -> None:
        """Read the timeframe once."""
        super().__init__(name, params)
        self._depth = Drawdown(parse_timeframe(params.timeframe), params.length, params.red)
        self._bar = BarClose(self._depth.timeframe_ms)

    def needs(self) -> Needs:
        """The account's drawdown."""
        return Needs(drawdowns=frozenset({self._depth}))

    def wake(self, view: View) -> Wake:
        """Where a bar closes, which is where the drawdown is measured."""
        return self._bar

    def decide(self, view: View) -> Decisions:
        """Set the posture of the tier; in the red one close what comes first."""
        depth = view.memory.drawdown(self._depth)
        if depth is None:
            return
        stance = view.memory.stance
        held = Posture.NORMAL if stance is None else stance.posture
        posture, deep = self._tier(depth.drawdown, held), f"drawdown {depth.drawdown:.2%}"
        if posture is not held:
            yield SetPosture(id=view.id, posture=posture), deep
        since_ms = depth.deep_since_ms
        if since_ms is None or view.position.opened_ms > since_ms:
            return
        if view.exits(pool=False)[:1] == (view.id,):
            yield ReducePosition(id=view.id, quantity=view.position.quantity), f"{deep}, closing everything"

    def _tier(self, drawdown: Decimal, held: Posture) -> Posture:
        """The posture that belongs to a drawdown; a tier once entered is left a little later."""
        params = self.params
        tiers = ((Posture.REDUCE_ONLY, params.orange), (Posture.CAUTIOUS, params.yellow))
        order = tuple(Posture)
        for posture, begins in tiers:
            stays = order.index(held) >= order.index(posture)
            if drawdown >= (begins * params.relax if stays else begins):
                return posture
        return Posture.NORMAL
