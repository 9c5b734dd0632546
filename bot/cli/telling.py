"""Tells people on a board what happens in a run, in the words of the journal, and leaves out the noise."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from bot.cli.journal_text import decision_text, fact_text
from bot.cli.table import Board
from bot.cli.text import clock as time_of_day
from bot.cli.text import exact, flagged
from bot.core.decisions import Action, Decision, Refusal, StateChanged
from bot.core.facts import MET, Command, Delivered, Fact, Liquidated, OrdersChanged, Outcome, PositionChanged
from bot.core.intents import Level, MoveStop, PlaceStop
from bot.core.settings import SEATBELT
from bot.core.states import BotState
from bot.core.step import Step
from bot.core.types import Order, PositionId, RuleName, Symbol
from bot.runtime.alerts.wording import named

_SAID_MAX = 50
_RULES_MAX = 10_000
REPEAT_MS = 60_000
"""A rule that is refused the same thing for the same reason again is told of once in this time."""
_TROUBLES = frozenset({"NAKED", "silent", "strained", "unheard", *BotState}) - {BotState.ARMED}
"""States that people want to hear the end of."""
_ALWAYS = "account:"
"""What people hear of each change of: how the bot stands."""
_OWN_PARTS = 3
"""Epoch and number follow our prefix; a slice of an order has its own number behind them."""


class Teller:
    """An observer of steps. ``stops`` says what each resting stop is, by its client id, for the table."""

    def __init__(self, board: Board, synthetic: AbstractSet[Symbol] = frozenset()) -> None:
        """Tell it on ``board``; the prices of ``synthetic`` symbols are modelled, and every line says so."""
        self.stops: dict[str, str] = {}
        self._board = board
        self._synthetic = synthetic
        self._said: deque[str] = deque(maxlen=_SAID_MAX)
        self._rules: dict[str, RuleName] = {}
        self._refused_ms: dict[tuple[object, ...], int] = {}

    def observe(self, step: Step) -> None:
        """Say what people want to hear of."""
        for fact in step.facts:
            if isinstance(fact, OrdersChanged):
                self._note_stops(fact.orders)
            self._say(step.at_ms, *self._heard(fact))
        for decision in step.decisions:
            if isinstance(decision, Action):
                self._note_action(decision)
            if not self._is_repeated(decision):
                self._say(step.at_ms, *self._told(decision))

    # -- inside -------------------------------------------------------------------------------------

    def _say(self, at_ms: int, text: str, level: str) -> None:
        """Once: at one moment a rule may be refused the same thing twice, each time in another state."""
        line = f"{time_of_day(at_ms)}  {text}"
        if text and line not in self._said:
            self._said.append(line)
            self._board.say(line, level)

    def _is_repeated(self, decision: Decision) -> bool:
        """Whether this was refused a moment ago: an account that is read again asks every rule again."""
        if not isinstance(decision, Refusal):
            return False
        about = (decision.id, decision.rule, type(decision.intent), decision.because)
        before_ms = self._refused_ms.get(about)
        if before_ms is not None and decision.at_ms - before_ms < REPEAT_MS:
            return True
        self._refused_ms[about] = decision.at_ms
        return False

    def _note_action(self, action: Action) -> None:
        self._rules[action.client_id] = action.rule
        if len(self._rules) > _RULES_MAX:
            del self._rules[next(iter(self._rules))]

    def _rule_of(self, client_id: str) -> RuleName | None:
        return self._rules.get("-".join(client_id.split("-")[:_OWN_PARTS]))

    def _note_stops(self, orders: Sequence[Order]) -> None:
        """Which rule's each resting stop is: the table names it."""
        for order in orders:
            rule = self._rule_of(order.client_id) or "stop"
            self.stops[order.client_id] = f"{rule} at {exact(order.trigger)}"

    def _heard(self, fact: Fact) -> tuple[str, str]:
        """What befell a position, and how loud; nothing for what the decisions tell."""
        match fact:
            case Outcome(proof=proof) if proof == MET and fact.fills:
                rule, fill = self._rule_of(fact.client_id) or "your own", fact.fills[-1]
                text = f"{rule}: its stop was met: {exact(fill.quantity)} at {exact(fill.price)}"
                return f"{self._name(fact.id)}  {text}", "action"
            case Command():
                return fact_text(fact), Level.WARNING
            case Liquidated():
                return f"{self._name(fact.id)}  LIQUIDATED at {exact(fact.price)}", Level.CRITICAL
            case Delivered():
                return f"{self._name(fact.id)}  delivered at {exact(fact.price)}", Level.WARNING
            case PositionChanged(position=None):
                return f"{self._name(fact.id)}  is closed", Level.WARNING
            case _:
                return "", Level.INFO

    def _told(self, decision: Decision) -> tuple[str, str]:
        """A decision in words, and how loud; nothing for what would only be noise."""
        if isinstance(decision, StateChanged):
            told = decision.subject.startswith(_ALWAYS) or _is_over(decision)
            silent = decision.level is Level.INFO and not told
            return "" if silent else decision_text(decision, self._synthetic), decision.level
        text = decision_text(decision, self._synthetic)
        line = f"{self._name(decision.id)}  {decision.rule}: {text}"
        if isinstance(decision, Refusal):
            return line, Level.WARNING
        routine = decision.rule == SEATBELT and isinstance(decision.intent, PlaceStop | MoveStop)
        return line, Level.INFO if routine else "action"

    def _name(self, id_: PositionId) -> str:
        return flagged(named(id_), id_.symbol in self._synthetic)


def _is_over(change: StateChanged) -> bool:
    """Whether it ends what people were told of: they would go on worrying."""
    return change.was in _TROUBLES
