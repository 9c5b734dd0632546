"""Plays one rule on a recorded crash: a position of 10,000 at the first price, with the rule and without.

Tapes are skipped where nobody has them. The figures compared are what is left of the account.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.config.settings import load
from bot.core.types import MarginMode
from bot.lab.replay.run import replay
from bot.lab.tapes import read_tape

CONFIG = """
schema_version = 1
mode = "paper"

[accounts.main]
margin_rules = "binance_usdm"
balance = {balance}

[paper]
fees = {{ maker = 0.0002, taker = 0.0005 }}
spread = 0.0002
depth = {{ "*" = 2_000_000 }}

{quarterlies}
[[paper.positions]]
symbol = "*"
side = "{side}"
notional = 10_000
leverage = {leverage}
margin_mode = "{mode}"
entry = "first"

[seatbelt]
enabled = {seatbelt}

[limits]
cooldown = "1m"
{rules}
[contracts."*"]
tick = "auto"
lot = 0.001
min_notional = 5
max_leverage = 100
synthetic_tiers = true
tiers = [{{ floor = 0, rate = 0.01, max_leverage = 100 }}]

[replay]
stale_after_intervals = 3
path = "nearest"
"""


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


def _spelt(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_spelt, value))}]"
    return str(value)


def endured(
    shared: Path,
    folder: Path,
    crash: str,
    *tapes: str,
    rules: Mapping[str, Mapping[str, Any]],
    side: str = "long",
    leverage: int = 10,
    mode: str = "isolated",
    balance: int = 5_000,
    seatbelt: bool = False,
    quarterlies: Sequence[str] = (),
) -> Ending:
    """Play the tapes of a crash; ``folder`` is where the configuration may be written.

    Of the coins in ``quarterlies`` there are dated contracts, with a modelled price.
    """
    written = ""
    for use, params in rules.items():
        given = ", ".join(f"{name} = {_spelt(value)}" for name, value in params.items())
        written += f'\n[[rules]]\nuse = "{use}"\nparams = {{ {given} }}\n'
    path = folder / "crash.toml"
    path.write_text(
        CONFIG.format(
            balance=balance,
            side=side,
            leverage=leverage,
            mode=mode,
            rules=written,
            seatbelt=str(seatbelt).lower(),
            quarterlies="\n".join(
                f'[[paper.quarterlies]]\nunderlying = "{coin}/USDT:USDT"\ndepth = 2_000_000'
                for coin in quarterlies
            ),
        ),
        encoding="utf-8",
    )
    recorded = [
        read_tape(shared / "data" / "crashes" / crash / f"{tape}.csv.gz", symbol_map={}) for tape in tapes
    ]
    result = asyncio.run(replay(recorded, load(path, {})))
    acts: dict[str, int] = {}
    for done in result.defended.record.done:
        kind = type(done.action.intent).__name__
        acts[kind] = acts.get(kind, 0) + 1
    sides = result.defended, result.undefended
    equity, undefended = (sum((pool.equity for pool in each.figures.pools), Decimal(0)) for each in sides)
    wallet = sum((p.wallet for p in result.defended.figures.pools if p.mode is MarginMode.CROSS), Decimal(0))
    lost, undefended_lost = (len(each.record.liquidations) for each in sides)
    return Ending(equity, undefended, lost, undefended_lost, equity - wallet, acts)
