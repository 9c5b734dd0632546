"""What was done for one position, lot by lot, and the intents of it whose outcome is not proven yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.decisions import Action
from bot.core.deeds.lives import CLOSED, FAILED, UNANSWERED
from bot.core.held.carried import Life
from bot.core.held.losses import NO_LOSSES, Losses
from bot.core.held.lots import NO_LOT, Lot
from bot.core.intents import CancelStop, Intent, MoveStop, ReducePosition, SetPosture
from bot.core.settings import RESERVED_NAMES
from bot.core.types import ZERO, ClientId, Position, RuleName

_TAKING_STOPS = (MoveStop, CancelStop, ReducePosition)
"""What may take a resting stop of ours away."""


@dataclass(slots=True, eq=False)
class Entry:
    """One intent's life. ``follow_up`` marks the return of margin that a reduction released."""

    action: Action
    before: Position | None
    """The position when the intent was prepared: the pre-image its effect is measured against. ``None``
    where there was none any more: a stop that outlived it is cancelled."""
    follow_up: bool
    currency: str
    """What the position settles in: the money of the intent."""
    promised: Decimal = ZERO
    """What it will take from the free balance if it is applied."""
    life: Life = Life.PREPARED
    code: str = ""
    proof: str = ""
    filled: Decimal = ZERO
    """How much outcomes told that it traded."""
    gone: bool = False
    """Whether the position was closed meanwhile: it holds nothing up any more, its outcome still counts."""

    @property
    def traded(self) -> bool:
        """Whether an outcome told of a trade."""
        return self.filled > 0

    @property
    def closed(self) -> bool:
        """Whether its outcome is proven, or it was given up."""
        return self.life in CLOSED

    @property
    def takes_stops(self) -> bool:
        """Whether a stop of ours may be gone by it."""
        return isinstance(self.action.intent, _TAKING_STOPS)

    @property
    def awaited(self) -> bool:
        """Whether its answer is still out. After it, and before the proof, an exit may go."""
        return self.life in UNANSWERED

    @property
    def failed(self) -> bool:
        """Whether it is proven that nothing came of it."""
        return self.life in FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A lot that is gone, of which nobody told when it was opened, and what was done for it."""

    entry: Decimal
    times_acted: Mapping[RuleName, int]
    said: Mapping[RuleName, Action]
    postures: Mapping[RuleName, SetPosture]
    lot: Lot
    actions: int
    margin: Decimal
    hedge_margin: Decimal
    withdrawn: Decimal
    funding: Decimal


@dataclass(slots=True, eq=False)
class History:
    """What has been done for one position, lot by lot."""

    lot_ms: int = 0
    times_acted: dict[RuleName, int] = field(default_factory=dict)
    last_acted_ms: dict[RuleName, int] = field(default_factory=dict)
    last_failed_ms: dict[RuleName, int] = field(default_factory=dict)
    """When an action of a rule was prepared that then proved not applied."""
    actions_in_lot: int = 0
    """How many actions the lot has seen, exits aside."""
    margin_in_lot: Decimal = ZERO
    """Margin added to it."""
    hedge_margin_in_lot: Decimal = ZERO
    """What hedges opened for it lock, or locked."""
    margin_in_streak: Decimal = ZERO
    """Margin added without a long pause, whatever the lot."""
    margin_added_ms: int | None = None
    """When margin was last added."""
    equal: dict[RuleName, tuple[Intent, Position | None, int]] = field(default_factory=dict)
    """Each rule's last intent, the position it met, and how often the same two met in a row."""
    latched: set[RuleName] = field(default_factory=set)
    unfilled: dict[RuleName, int] = field(default_factory=dict)
    """How many reductions of a rule in a row left something unfilled at their bound."""
    last_action: Action | None = None
    postures: dict[RuleName, SetPosture] = field(default_factory=dict)
    """What each rule has set, where it is not the ordinary thing."""
    in_flight: Entry | None = None
    """The unresolved intent, of which there is at most one (exits while another is unknown aside)."""
    losses: Losses = NO_LOSSES
    """What became of our stops on this lot."""
    withdrawn_in_lot: Decimal = ZERO
    """Margin that was taken back out again."""
    funding_in_lot: Decimal = ZERO
    """Funding received; below 0 it was paid."""
    lot: Lot = NO_LOT
    """What is remembered of the present lot itself."""
    former: Former | None = None
    """The lot before, where whatever comes next may still turn out to be it."""
    said: dict[RuleName, Action] = field(default_factory=dict)
    """Each rule's last alert or posture: nothing that is sent."""
    gone: dict[ClientId, int | None] = field(default_factory=dict)
    """Stops of ours that rest no longer, and since when it is not known how they ended; ``None``: by us."""

    @property
    def unexplained_ms(self) -> int | None:
        """Since when a stop is gone of which nobody has told yet how it ended."""
        return max((since for since in self.gone.values() if since is not None), default=None)

    @property
    def margin_in_campaign(self) -> Decimal:
        """What all acts on the lot have put up."""
        return self.margin_in_lot + self.hedge_margin_in_lot

    @property
    def margin_left(self) -> Decimal:
        """Margin that was added to the lot and has not been taken back."""
        return max(ZERO, self.margin_in_lot - self.withdrawn_in_lot)

    def new_lot(self, opened_ms: int) -> bool:
        """Another lot: what was done for the old one no longer counts, latches and streaks stay.

        The same lot reported once more, even after it seemed closed, changes nothing. Whether it is another.
        """
        if opened_ms == self.lot_ms:
            return False
        self.lot_ms = opened_ms
        self.begin()
        return True

    def gone_lot(self, entry: Decimal) -> None:
        """The lot is gone, which was entered at that price.

        Where nobody tells when one was opened, whatever comes next is another, but for one of the same entry:
        readings have been wrong, and a budget that a wrong reading renews is none.
        """
        if self.lot_ms:
            self.forget_stops()
            return
        former = Former(
            entry=entry,
            times_acted=dict(self.times_acted),
            said=dict(self.said),
            postures=dict(self.postures),
            lot=self.lot,
            actions=self.actions_in_lot,
            margin=self.margin_in_lot,
            hedge_margin=self.hedge_margin_in_lot,
            withdrawn=self.withdrawn_in_lot,
            funding=self.funding_in_lot,
        )
        self.begin()
        self.former = former

    def seen_again(self, entry: Decimal) -> None:
        """There is a lot again, entered at that price: what was done for it counts if it is the former."""
        former, self.former = self.former, None
        if former is None or former.entry != entry:
            return
        self.times_acted.update(former.times_acted)
        self.said.update(former.said)
        self.postures.update(former.postures)
        self.lot, self.actions_in_lot = former.lot, former.actions
        self.margin_in_lot, self.withdrawn_in_lot = former.margin, former.withdrawn
        self.hedge_margin_in_lot, self.funding_in_lot = former.hedge_margin, former.funding

    def concerns(self, entry: Entry) -> bool:
        """Whether an intent was prepared for the present lot."""
        before = entry.before
        return before is not None and before.opened_ms == self.lot_ms and (self.lot_ms > 0 or not entry.gone)

    def begin(self) -> None:
        """Nothing has been done for the present lot."""
        self.times_acted.clear()
        self.said.clear()
        self.postures.clear()
        self.lot = NO_LOT
        self.actions_in_lot = 0
        self.margin_in_lot = self.hedge_margin_in_lot = self.withdrawn_in_lot = self.funding_in_lot = ZERO
        for rule in RESERVED_NAMES:  # They are never latched, and what was in vain then is no reason to wait.
            self.equal.pop(rule, None)
        self.forget_stops()

    def forget_stops(self) -> None:
        """What became of the stops so far is of no matter any more."""
        self.losses = NO_LOSSES
        self.gone.clear()
