"""The exchange a run of the matrix is played on, and the bot's configuration: a position for each cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from bot.core.contracts import Contract, Tier
from bot.core.types import MarginMode, PositionId, Side, Symbol
from bot.simulator import World
from bot.venues.paper import Opening, PaperAccount
from tests.building.contracts import BTC, a_contract
from tests.building.exchange import Exchange
from tests.building.simulator import ALICE, a_world
from tests.building.venues import Venue, a_quarterly, machine_ms
from tests.faults.loop.matrix import Cell, Kind

RULES = Path(__file__).parent / "rules"
DANGER, RELIEF, DEEPER = Decimal(97), Decimal(103), Decimal(95)
"""Where the mark goes from 100, so that the rules act; and where it goes on to, so that they want an exit."""
HELD, LEVERAGE = Decimal(10), Decimal(10)
TIERS = (Tier(floor=Decimal(0), cap=Decimal(20_000_000), rate=Decimal("0.01"), max_leverage=Decimal(100)),)
HEAD = """\
mode = "live"

[accounts.main]
venue = "{venue}"
position_mode = "{mode}"
keys = {{ api_key = "env:ALICES_KEY", secret = "env:ALICES_SECRET"{word} }}
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

[limits]
cooldown = "1s"
hedge_depth = 0
actions_per_hour = 10000

[seatbelt]
enabled = false
"""
RULE = """
[[rules]]
name = "{name}"
use = "{use}"
symbols = [{symbols}]
params = {{ above = {above}, below = {below} }}
"""


def position_of(cell: Cell) -> PositionId:
    """The position of a cell."""
    return PositionId(ALICE, cell.symbol, Side.LONG)


def dated_of(cell: Cell) -> Symbol:
    """The quarterly beside it."""
    symbol, _ = a_quarterly(machine_ms())
    return Symbol(symbol.replace("BTC/", f"{cell.base}/"))


def leg_of(cell: Cell) -> PositionId:
    """Its hedge."""
    return PositionId(ALICE, dated_of(cell), Side.SHORT)


def exit_rule(kind: Kind) -> str:
    """What the rule is called that wants the exit."""
    return f"{kind.name}-{kind.meanwhile}"


def a_stage(venue: Venue, cells: Sequence[Cell]) -> World:
    """Alice holds a long of ten in every symbol, bought at 100 with ten times leverage, and money enough."""
    _, expiry_ms = a_quarterly(machine_ms())
    # Bybit tells the position mode of an account without positions by this one.
    contracts = [_contract(venue, symbol) for symbol in (BTC, *(cell.symbol for cell in cells))]
    contracts += [_contract(venue, dated_of(cell), expiry_ms) for cell in cells if cell.kind.dated]
    account = PaperAccount(name=ALICE, balance=Decimal(1_000_000), position_mode=venue.mode)
    world = a_world(*contracts, hands=machine_ms, accounts=(account,))
    for cell in cells:
        world.open(Opening(id=position_of(cell), quantity=HELD, leverage=LEVERAGE, mode=MarginMode.ISOLATED))
    return world


def _contract(venue: Venue, symbol: Symbol, expiry_ms: int | None = None) -> Contract:
    return a_contract(
        symbol,
        venue=venue.rules,
        tick=Decimal("0.1"),
        tiers=TIERS,
        max_leverage=Decimal(100),
        expiry_ms=expiry_ms,
        **venue.steps,
    )


def a_configuration(venue: Venue, exchange: Exchange, cells: Sequence[Cell]) -> str:
    """One rule for each kind of action, and one for each thing that has to be there before."""
    text = HEAD.format(
        venue=venue.name,
        mode=venue.mode,
        word=', passphrase = "env:ALICES_WORD"' if venue.name == "okx" else "",
        port=exchange.port,
        ca_file=exchange.ca_file,
    )
    of_kind: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        of_kind[cell.kind.name].append(cell)
    for mine in of_kind.values():
        kind = mine[0].kind
        symbols = ", ".join(f'"{cell.symbol}"' for cell in mine)
        for use in kind.before:
            name = f"{use}-before-{kind.name}"
            text += _rule(name, use, symbols, Decimal(0), RELIEF)
        if kind.meanwhile:
            text += _rule(exit_rule(kind), kind.meanwhile, symbols, Decimal(0), DEEPER)
        above, below = (RELIEF, RELIEF * 2) if kind.rises else (Decimal(0), DANGER)
        text += _rule(kind.name, kind.rule, symbols, above, below)
    return text


def _rule(name: str, use: str, symbols: str, above: Decimal, below: Decimal) -> str:
    return RULE.format(name=name, use=RULES / f"{use}.py", symbols=symbols, above=above, below=below)
