"""What a joint shock costs those positions that move together, and which of them relieves it.

Within a group everything moves at once, each by the shock times its beta; the worse of a fall and a rise
counts. Positions outside the group do not move: of two groups neither is set against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bot.core.contracts import Contract
from bot.core.held.exposure import JointLoss
from bot.core.rule import Needs
from bot.core.rules.comovement import Comovement
from bot.core.types import ONE, ZERO, PositionId
from bot.core.view import View

_FARTHEST = Decimal("0.95")
"""The farthest that a price is taken to go, as a fraction."""


class Shock(NamedTuple):
    """A joint move of a group, a fraction, and what each of its positions loses in it."""

    move: Decimal
    lost: tuple[JointLoss, ...]

    @property
    def cost(self) -> Decimal:
        """What it takes of all of them together, in settlement currency; below 0 they gain."""
        return sum((each.money for each in self.lost), ZERO)

    @property
    def word(self) -> str:
        """What kind of move it is."""
        return "fall" if self.move < 0 else "rise"

    @property
    def first(self) -> PositionId:
        """The first by name of those the rule looks at: one of a group speaks for all."""
        return min(each.id for each in self.lost if each.watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shocks:
    """Joint moves by ``size``, a fraction, of what ``moves`` says goes together.

    With ``everywhere`` the positions of all accounts count together. No estimated
    beta is so large that the shock would leave no price.
    """

    moves: Comovement
    size: Decimal
    everywhere: bool = False

    def __post_init__(self) -> None:
        """ValueError where the shock would leave no price of a coin whose beta is given."""
        farthest = max(self.moves.betas.values(), default=ONE)
        if self.size * farthest >= 1:
            raise ValueError(
                f"shock {self.size} with a beta of {farthest} leaves no price: their product must be below 1"
            )

    def needs(self) -> Needs:
        """What the account is worth, or all of them are, and the returns that betas are estimated from."""
        return Needs(
            indicators=self.moves.estimated,
            beside=self.moves.beside,
            equity=True,
            everywhere=self.everywhere,
        )

    def equity(self, view: View) -> Decimal | None:
        """What may be lost: the worth of the account, or of all; ``None`` while anything is not known."""
        return view.memory.equity_everywhere if self.everywhere else view.memory.equity

    def worst(self, view: View) -> Shock:
        """The worse of a fall and a rise, for the group of the view's coin; a fall where they are alike."""
        falls, rises = self._shock(view, -self.size), self._shock(view, self.size)
        return falls if falls.cost >= rises.cost else rises

    def relief(self, view: View, shock: Shock, money: Decimal) -> Decimal | None:
        """How much of the view's position takes ``money`` off the cost: up to whole lots, at most all of it.

        ``None`` where another one that loses in the shock goes first (``View.exits``).
        """
        losing = {each.id: each.money for each in shock.lost if each.money > 0}
        order = view.exits(pool=False, everywhere=self.everywhere)
        if next((id_ for id_ in order if id_ in losing), None) != view.id:
            return None
        return view.contract.quantity_up(view.position.quantity * min(ONE, money / losing[view.id]))

    def _shock(self, view: View, move: Decimal) -> Shock:
        group, most = self.moves.group(view, everywhere=self.everywhere), _FARTHEST / self.size

        def moved(contract: Contract) -> Decimal | None:
            if group is not None and contract.index not in group:
                return None
            return move * self.moves.beta(view, contract.symbol, most=most)

        return Shock(move, view.joint_losses(moved, everywhere=self.everywhere))
