"""What a run leaves in its journal about itself, and how an engine is brought back from it.

``holdfast explain`` must answer after the run is over, too. The journal holds every fact that was looked at,
so an engine of the same settings that is fed them knows what the one of the run knew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bot.cli.capabilities_text import read, written
from bot.cli.failures import ExitCode, Failure
from bot.config import Settings
from bot.config.compose import contract, engine_settings
from bot.core.engine import Engine
from bot.core.settings import EngineSettings
from bot.core.types import AccountName, Symbol
from bot.runtime.journal import Journal
from bot.runtime.rebuild import rebuild
from bot.venues.paper.capabilities import capabilities_of

Started = Mapping[str, str]
_YES = "yes"


def started(command: str, settings: Settings, stale_after_ms: Mapping[Symbol, int], epoch: int) -> Started:
    """What the journal notes when a run begins: all that its configuration does not say.

    ``stale_after_ms`` has every traded symbol; ``epoch`` is the one in the engine's client ids.
    """
    return {
        "command": command,
        "config": settings.digest(),
        "stale_after_ms": json.dumps(dict(sorted(stale_after_ms.items()))),
        "engine_epoch": str(epoch),
    }


def started_on_market(
    command: str, settings: Settings, core: EngineSettings, symbols: Iterable[Symbol]
) -> Started:
    """What is noted when a run on a real market begins. ``symbols`` are those it may meet."""
    stale_after_ms = dict.fromkeys(symbols, core.limits.stale_after_ms)
    return {
        **started(command, settings, stale_after_ms, core.epoch),
        "capabilities": written(core.capabilities),
        "shadow": _YES if core.shadow else "",
    }


async def reconstructed(journal: Journal, note: Started, settings: Settings, path: Path) -> Engine:
    """The engine as it was when the run ended; Failure where the configuration is not that of the run.

    ``note`` is the body of the run's ``Started`` row. Raises ``RebuildDiffers`` where the journal does not
    lead to its own decisions.
    """
    if note["config"] != settings.digest():
        raise Failure(
            f"{path}: the last run ({note['command']}) had another configuration;"
            " name that one with --config, without overrides it did not have",
            ExitCode.CONFIG,
        )
    engine = _engine_settings(note, settings)
    return await rebuild(journal, lambda _: Engine(engine))


def _engine_settings(note: Started, settings: Settings) -> EngineSettings:
    stale_after_ms = {Symbol(symbol): int(ms) for symbol, ms in json.loads(note["stale_after_ms"]).items()}
    if "capabilities" in note:  # A run on a real market noted them: no file says what an exchange can do.
        core = engine_settings(
            settings, capabilities=read(note["capabilities"]), epoch=int(note["engine_epoch"])
        )
        return replace(core, shadow=note["shadow"] == _YES)
    # What a venue can do depends on its margin rules, never on the price step.
    contracts = [contract(settings, symbol, tick=Decimal(1)) for symbol in stale_after_ms]
    return engine_settings(
        settings,
        capabilities={
            AccountName(name): capabilities_of(contracts, account.position_mode)
            for name, account in settings.config.accounts.items()
        },
        stale_after_ms=stale_after_ms,
        epoch=int(note["engine_epoch"]),
    )
