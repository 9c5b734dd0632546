"""What ``holdfast simulator`` is made of: tapes and configuration here, a served world there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from heapq import merge
from operator import attrgetter
from pathlib import Path

from bot.config import Settings
from bot.config.compose import (
    PlannedPosition,
    contract,
    market_model,
    opening,
    paper_accounts,
    planned_positions,
)
from bot.core.contracts import Contract
from bot.core.margin.venues import rules_for
from bot.core.types import AccountName, MarginMode, PositionMode, Symbol
from bot.lab.tapes import PathOrder, PricePath, group, price_path, read_tape, to_price
from bot.lab.tapes.tape import Tape
from bot.simulator import ApiKey, Bar, Clock, SimulatorServer, World
from bot.simulator.certificates import kept_certificate
from bot.simulator.playing import Moment
from bot.simulator.venues import HOSTS, ONE_MARGIN_MODE, WIRES
from bot.venues.paper import Opening

PASSPHRASE = "holdfast"  # noqa: S105 - it opens nothing but this simulator
"""OKX has one; the others ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A world and what will happen in it."""

    world: World
    moments: Iterator[Moment]
    history: int
    """Bars of the tapes that were over when it began."""


def machine_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def keys_for(settings: Settings) -> list[ApiKey]:
    """One key per configured account. They open nothing but this simulator."""
    return [
        ApiKey(key=f"{name}-key", secret=f"{name}-secret", passphrase=PASSPHRASE, account=account.name)
        for account in paper_accounts(settings)
        for name in (str(account.name),)
    ]


def compose(
    settings: Settings, venue: str, files: Sequence[Path], symbol_map: dict[str, str], warm_up_ms: int
) -> Composition:
    """A world with the accounts and positions of ``settings`` and the prices of the tapes.

    The first ``warm_up_ms`` of the tapes are history when it begins: clients find them as bars.
    """
    grouped = group([read_tape(file, symbol_map=symbol_map) for file in files])
    paths = {Symbol(each.symbol): price_path(each, order=PathOrder.NEAREST) for each in grouped}
    funding = {Symbol(each.symbol): each.funding for each in grouped}
    contracts = [_contract(settings, venue, symbol, path) for symbol, path in paths.items()]
    world = World(
        accounts=paper_accounts(settings, contracts),
        contracts=contracts,
        keys=keys_for(settings),
        model=market_model(settings, paths),
        clock=Clock(machine_ms),
        insurance_fund=settings.config.paper.insurance_fund,
    )
    start_ms = min(int(path.times[0]) for path in paths.values()) + warm_up_ms
    history = sum(_seed(world, symbol, path, funding[symbol], start_ms) for symbol, path in paths.items())
    planned = tuple(_as_kept_at(venue, planned_positions(settings, paths)))
    openings = _openings(settings, planned, {c.symbol: c for c in contracts}, paths, start_ms)
    played = [
        _moments(symbol, path, funding[symbol], start_ms, openings.get(symbol, ()))
        for symbol, path in paths.items()
    ]
    return Composition(world=world, moments=merge(*played, key=attrgetter("at_ms")), history=history)


def serve(composition: Composition, venue: str, folder: Path, port: int) -> SimulatorServer:
    """The server, not started yet."""
    wire = WIRES[venue](composition.world)
    certificate = kept_certificate(folder, HOSTS)
    return SimulatorServer(composition.world, [wire], folder=folder, port=port, certificate=certificate)


def introduction(server: SimulatorServer, venue: str, history: int) -> str:
    """Everything a person needs to connect."""
    url, ca_file = f"https://localhost:{server.port}", server.ca_file.resolve()
    symbol = min(server.world.contracts)
    lines = [
        f"{venue} simulated at {url}, under the names {', '.join(sorted(server.wires[0].hosts))}",
        f"certificate {ca_file}; clients verify it as they verify the exchange's",
        f"control     curl --cacert {ca_file} {url}/state",
        f'            curl --cacert {ca_file} {url}/faults -d \'{{"kind": "lost_after"}}\'',
        f'            curl --cacert {ca_file} {url}/market -d \'{{"symbol": "{symbol}", "by": -0.05}}\'',
        f"history     {history} bars; what follows is played now",
    ]
    keys = list(server.world.keys)
    for key in keys:
        mode = server.world.exchange.desk.position_mode(key.account)
        # One account has the names of the shipped example, so that what is printed can be pasted beside it.
        name = "HOLDFAST" if len(keys) == 1 else f"HOLDFAST_{str(key.account).upper()}"
        passphrase = f' {name}_PASSPHRASE="{key.passphrase}"' if venue == "okx" else ""
        where = f'api_key = "env:{name}_KEY", secret = "env:{name}_SECRET"'
        if venue == "okx":
            where += f', passphrase = "env:{name}_PASSPHRASE"'
        lines += [
            "",
            f'export {name}_KEY="{key.key}" {name}_SECRET="{key.secret}"{passphrase}',
            "",
            f"[accounts.{key.account}]",
            f'venue = "{venue}"',
            f'position_mode = "{"hedge" if mode is PositionMode.HEDGE else "one_way"}"',
            f"keys = {{ {where} }}",
            f'loopback = {{ port = {server.port}, ca_file = "{ca_file}" }}',
        ]
    return "\n".join(lines)


def _contract(settings: Settings, venue: str, symbol: Symbol, path: PricePath) -> Contract:
    """The configured contract under the margin rules of the exchange that is stood in for."""
    made = contract(settings, symbol, tick=Decimal(1).scaleb(-path.exponent))
    return replace(made, rules=rules_for(venue, made.kind))


def _first_bar(path: PricePath, start_ms: int) -> int:
    """The first bar that is played: of a tape that is over by then, the last one."""
    return min(int(path.times.searchsorted(start_ms)), len(path) - 1)


def _seed(world: World, symbol: Symbol, path: PricePath, funding: Tape | None, start_ms: int) -> int:
    """What was before the start, moved in time so that it ends now; settlements at the close of their bar."""
    count = _first_bar(path, start_ms)
    shift = world.clock.now_ms() - start_ms
    # On the minute, or bars of the tape would lie across bars of the clock.
    shift -= shift % max(60_000, path.interval_ms)
    columns = zip(
        path.times[:count].tolist(),
        *(column[:count].tolist() for column in (path.open, path.last_high, path.last_low, path.close)),
        strict=True,
    )
    world.market.seed(
        symbol,
        (
            Bar(
                open_ms=at_ms + shift,
                open=to_price(opened, path.exponent),
                high=to_price(high, path.exponent),
                low=to_price(low, path.exponent),
                close=to_price(close, path.exponent),
            )
            for at_ms, opened, high, low, close in columns
        ),
    )
    if funding is not None and count:
        for at_ms, rate in zip(funding.times.tolist(), funding.rates, strict=True):
            bar = int(path.times[:count].searchsorted(at_ms, side="right")) - 1
            if bar >= 0 and at_ms <= start_ms:
                close = to_price(int(path.close[bar]), path.exponent)
                world.market[symbol].settled.append((at_ms + shift, rate, close))
    return count


def _as_kept_at(venue: str, positions: Sequence[PlannedPosition]) -> Iterator[PlannedPosition]:
    """The configured positions; where an account has one margin mode for all, all in that of its first."""
    modes: dict[AccountName, MarginMode] = {}
    for planned in positions:
        mode = modes.setdefault(planned.id.account, planned.mode)
        if venue in ONE_MARGIN_MODE and planned.mode is not mode:
            yield replace(planned, mode=mode, margin=None)
        else:
            yield planned


def _openings(
    settings: Settings,
    positions: Sequence[PlannedPosition],
    contracts: dict[Symbol, Contract],
    paths: dict[Symbol, PricePath],
    start_ms: int,
) -> dict[Symbol, tuple[Opening, ...]]:
    """The configured positions, as they are opened at the first price that is played."""
    found: dict[Symbol, tuple[Opening, ...]] = {}
    for planned in positions:
        symbol = planned.id.symbol
        path = paths[symbol]
        _, last, _ = path.bar(_first_bar(path, start_ms))[0]
        made = opening(settings, planned, contracts[symbol], to_price(last, path.exponent))
        found[symbol] = (*found.get(symbol, ()), made)
    return found


def _moments(
    symbol: Symbol,
    path: PricePath,
    funding: Tape | None,
    start_ms: int,
    openings: tuple[Opening, ...],
) -> Iterator[Moment]:
    """The prices of one symbol from the start on; a bar that does not follow the one before is a gap."""
    first = _first_bar(path, start_ms)
    settled = _settlements(funding, start_ms)
    due = next(settled, None)
    for number in range(first, len(path)):
        for point, (at_ms, last, mark) in enumerate(path.bar(number)):
            rate = None
            while due is not None and due[0] <= at_ms:
                rate, due = due[1], next(settled, None)
            begins = number == first and not point
            follows = number > first and path.times[number] - path.times[number - 1] == path.interval_ms
            yield Moment(
                at_ms=at_ms,
                symbol=symbol,
                mark=to_price(mark, path.exponent),
                last=to_price(last, path.exponent),
                gap=not point and not follows,
                rate=rate,
                openings=openings if begins else (),
            )


def _settlements(funding: Tape | None, start_ms: int) -> Iterator[tuple[int, Decimal]]:
    if funding is not None and funding.rates is not None:
        for at_ms, rate in zip(funding.times.tolist(), funding.rates, strict=True):
            if at_ms > start_ms:
                yield at_ms, rate
