"""Whether the guard is really well: one function that everybody asks who tells the world outside.

To be alive is not enough. A process that turns its loop and is deaf, locked out or halted guards nothing, and
a watchdog that is fed all the same hides just that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.core.states import AccountStatus, BotState

TURN_MS = 5_000
"""Time passes in ticks of a second and each is folded and committed: without a turn for this long, something
holds up the fold loop or the disk."""
LOOP_MS = 2_000
"""A loop that stands for so long is not well, though it may yet go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What there is to be seen.

    ``turned_ms`` is how long ago facts were last folded and committed, ``clock`` says what is wrong with the
    time of the exchange and is empty mostly. ``banned``: the exchange lets nobody pass for now.
    """

    accounts: Sequence[AccountStatus]
    turned_ms: int
    late_ms: int
    clock: str
    banned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill:
    """Something is wrong. ``starting_helps``: a process that is started anew may be without it.

    A halt, a key that is not accepted and a ban it would only meet again, and each start during a ban makes
    that longer.
    """

    text: str
    starting_helps: bool


def ills(signs: Signs) -> tuple[Ill, ...]:
    """All that is wrong; nothing: it is really well."""
    return tuple(_ills(signs))


def _ills(signs: Signs) -> Iterator[Ill]:
    if not signs.accounts:
        yield Ill(text="no account is known yet", starting_helps=True)
    for account in signs.accounts:
        ill = _of_account(account, banned=signs.banned)
        if ill is not None:
            yield ill
    if signs.clock:
        yield Ill(text=signs.clock, starting_helps=not signs.banned)
    if signs.turned_ms > TURN_MS:
        yield Ill(text=f"nothing was folded and committed for {signs.turned_ms} ms", starting_helps=True)
    if signs.late_ms > LOOP_MS:
        yield Ill(text=f"the loop came {signs.late_ms} ms late", starting_helps=True)


def _of_account(account: AccountStatus, *, banned: bool) -> Ill | None:
    said = f"{account.name} is {account.state}: {account.because}"
    match account.state:
        case BotState.ARMED | BotState.REDUCING if account.silent:
            silent = ", ".join(account.silent)
            return Ill(text=f"{account.name}: no fresh mark of {silent}", starting_helps=not banned)
        case BotState.ARMED:
            return None
        case BotState.REDUCING:
            # Chosen by a person it is what was wanted; otherwise one has to look.
            return None if account.flattening is not None else Ill(text=said, starting_helps=False)
        case BotState.HALTED | BotState.AUTH_LOST:
            return Ill(text=said, starting_helps=False)
        case BotState.BLIND | BotState.RECOVERING:
            return Ill(text=said, starting_helps=not banned)
        case _:
            assert_never(account.state)
