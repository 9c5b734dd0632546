"""A recorded crash, 10,000 held of each coin from the first price, some rules: how it ends, and without them.

Tapes are skipped where nobody has them. What is compared is what the account is worth at the end.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.config.rule_pages import toml
from bot.config.settings import Settings, load
from bot.core.settings import DAY_MS
from bot.core.types import ZERO, MarginMode
from bot.lab.replay.result import ReplayResult, Run
from bot.lab.replay.run import replay
from bot.lab.tapes import Tape, read_tape
from bot.runtime.journal.port import Journal

Rules = Mapping[str, Mapping[str, Any]]
"""Rules by name, with their parameters."""

CONFIG = """
schema_version = 1
mode = "paper"

[accounts.main]
margin_rules = "binance_usdm"
balance = {balance}
spot = {{ {spot} }}

[paper]
fees = {{ maker = 0.0002, taker = 0.0005 }}
spread = 0.0002
depth = {{ "*" = 2_000_000 }}

[[paper.positions]]
symbol = "{held}"
side = "{side}"
notional = 10_000
leverage = {leverage}
margin_mode = "{mode}"
entry = "first"

[seatbelt]
enabled = {seatbelt}

[contracts."*"]
lot = 0.001
min_notional = 5
max_leverage = 100
synthetic_tiers = true
tiers = [{{ floor = 0, rate = 0.01, max_leverage = 100 }}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a recorded crash, and the account that goes through it."""

    crash: str
    """The folder below ``data/crashes``."""
    tapes: tuple[str, ...]
    """Names in it, without their endings."""
    days: int | None = None
    """How much of it is played, at most."""
    side: str = "long"
    leverage: int = 10
    mode: str = "isolated"
    balance: int = 5_000
    seatbelt: bool = False
    quarterlies: Sequence[str] = ()
    """Coins of which there are dated contracts, with a modelled price."""
    held: str = "*"
    """The symbol a position is opened in; others are only played."""
    spot: str = ""
    """The coins held outright, as the file spells them."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an account came out of it: with the rules, and with none."""

    equity: Decimal
    undefended: Decimal
    liquidations: int
    undefended_liquidations: int
    locked: Decimal
    """What of the account is not in its wallet."""
    acts: Mapping[str, int]
    """How often each kind of intent was carried out."""


def endured(shared: Path, folder: Path, crash: str, *tapes: str, rules: Rules, **account: Any) -> Ending:
    """Play the tapes of a crash for an account; ``folder`` is where the configuration may be written."""
    played = in_crash(shared, folder, Window(crash=crash, tapes=tapes, **account), rules)
    sides = played.defended, played.undefended
    equity, undefended = map(worth, sides)
    wallet = sum((p.wallet for p in played.defended.figures.pools if p.mode is MarginMode.CROSS), ZERO)
    lost, undefended_lost = (len(each.record.liquidations) for each in sides)
    return Ending(equity, undefended, lost, undefended_lost, equity - wallet, Counter(acted(played.defended)))


def in_crash(
    shared: Path, folder: Path, window: Window, rules: Rules, journal: Journal | None = None
) -> ReplayResult:
    """The window played with ``rules``, and with none."""
    kept = None if journal is None else nullcontext(journal)
    return asyncio.run(replay(tapes_of(shared, window), settings_for(folder, window, rules), journal=kept))


def settings_for(folder: Path, window: Window, rules: Rules) -> Settings:
    """Its account, with these rules alone."""
    text = CONFIG.format(
        balance=window.balance,
        spot=window.spot,
        held=window.held,
        side=window.side,
        leverage=window.leverage,
        mode=window.mode,
        seatbelt=toml(window.seatbelt),
    )
    listed = [
        f'[[paper.quarterlies]]\nunderlying = "{coin}/USDT:USDT"\ndepth = 2_000_000'
        for coin in window.quarterlies
    ]
    tables = [f'[[rules]]\nuse = "{name}"\nparams = {toml(params)}' for name, params in rules.items()]
    path = folder / "crash.toml"
    path.write_text("\n\n".join((text, *listed, *tables)), encoding="utf-8")
    return load(path, {})


def worth(run: Run) -> Decimal:
    """What the account is worth at the end."""
    return sum((pool.equity for pool in run.figures.pools), ZERO)


def acted(run: Run) -> list[str]:
    """What its rules did, in order."""
    return [type(done.action.intent).__name__ for done in run.record.done]


def tapes_of(shared: Path, window: Window) -> list[Tape]:
    """The tapes of the window; what is paid of funding after its end changes nothing."""
    folder = shared / "data" / "crashes" / window.crash
    tapes = [read_tape(folder / f"{name}.csv.gz", symbol_map={}) for name in window.tapes]
    return tapes if window.days is None else [_first_days(tape, window.days) for tape in tapes]


def _first_days(tape: Tape, days: int) -> Tape:
    """The beginning of a tape of prices; one of rates as it is."""
    if tape.rates:
        return tape
    last = int(tape.times.searchsorted(tape.times[0] + days * DAY_MS))
    columns = {name: getattr(tape, name)[:last] for name in ("times", "open", "high", "low", "close")}
    volume = None if tape.volume is None else tape.volume[:last]
    return replace(tape, volume=volume, **columns)
