"""What the contract suite plays a rule with: its parameters, positions, and beats that make it act.

A rule ``strategies/NAME.py`` has its example in ``examples/NAME.py`` beside this file, as ``EXAMPLE``. The
beats have to make the rule act at least once, or every promise would be kept by doing nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from bot.config.rule_files import Catalogue
from bot.core.contracts import Contract
from bot.core.rule import Params, Rule
from bot.core.settings import Limits, RuleEntry
from bot.core.types import Position, RuleName, Symbol
from tests.building.core import BTC, ETH, D, Desk, a_contract, a_position

HERE = Path(__file__).parent / "examples"
SHIPPED = sorted(Catalogue.of().sources)
"""Every rule that comes along, by the name of its file."""
MINUTE, HOUR = 60_000, 3_600_000

Beat = Callable[[Desk], object]
"""Something that happens at the desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One rule at work."""

    params: Mapping[str, Any]
    beats: Sequence[Beat]
    """What happens after the positions were seen at a mark of 100, one after the other."""
    draw: Callable[[Random], Mapping[str, Any]] | None
    """Parameters that act on tapes of half an hour, for the oracle (``tests.lab.replay.test_defences``).
    ``None`` where the rule needs scenes of its own, and has them."""
    rule: type[Rule[Any]] | None = None
    """Instead of the shipped rule of that name: a planted one, that breaks a promise."""
    held: Sequence[Position] = (a_position(),)
    before: Sequence[Beat] = ()
    """What is known already when the positions are seen: marks, books, closed bars."""
    contracts: Sequence[Contract] = (a_contract(), a_contract(ETH))
    cooldown_ms: int | None = None
    limits: Limits = field(default_factory=Limits)
    free: str = "1000"


def example_of(name: str) -> Example:
    """The example of a shipped rule, or of a planted one; fails where there is none."""
    if name not in SHIPPED:
        planted: Mapping[str, Example] = import_module("tests.strategies.contract.planted").PLANTED
        return planted[name]
    assert (HERE / f"{name}.py").is_file(), f"strategies/{name}.py has no example in {HERE}"
    example = import_module(f"tests.strategies.contract.examples.{name}").EXAMPLE
    assert isinstance(example, Example), f"examples/{name}.py has no EXAMPLE"
    return example


def rule_named(name: str, params: Mapping[str, Any], called: str | None = None) -> Rule[Any]:
    """A shipped rule with these parameters."""
    kind = Catalogue.of().sources[name].load()
    checked: Params = kind.params_type().model_validate(params)
    return kind(RuleName(called or name), checked)


def entry_of(name: str, example: Example) -> RuleEntry:
    """The rule of an example, as a configuration would arm it."""
    kind = example.rule
    if kind is None:
        rule = rule_named(name, example.params)
    else:
        rule = kind(RuleName(name), kind.params_type().model_validate(example.params))
    return RuleEntry(rule=rule, cooldown_ms=example.cooldown_ms)


# -- beats --------------------------------------------------------------------------------------------


def mark(price: str, *, after_ms: int = 1_000, symbol: Symbol = BTC) -> Beat:
    """A mark price, a second later unless told otherwise."""
    return lambda desk: desk.mark(price, symbol, after_ms=after_ms)


def hour(price: str, width: str = "2", *, timeframe_ms: int = HOUR) -> Beat:
    """A bar later: a mark, and a bar of that width around it that closes there."""

    def beat(desk: Desk) -> None:
        desk.mark(price, after_ms=timeframe_ms)
        high, low = D(price) + D(width) / 2, D(price) - D(width) / 2
        desk.bar(price, str(high), str(low), price, timeframe_ms=timeframe_ms)

    return beat


def changes_to(position: Position) -> Beat:
    """The position is another one: more was bought, or margin was taken out."""
    return lambda desk: desk.holds(position, mark=None)


def files() -> Iterator[str]:
    """The rules that have an example."""
    return (path.stem for path in sorted(HERE.glob("*.py")))
