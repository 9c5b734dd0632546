"""One bot at one exchange, hurt again and again, and audited when it has been let be at last."""

import random
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from bot.runtime.journal import JournalRow
from tests.building.venues import BINANCE, Venue
from tests.faults.kill.audit import audit, deeds_in, open_deeds, prefixes
from tests.faults.kill.scene import Hand, a_scene, stirring
from tests.faults.kill.tally import Tally
from tests.faults.kill.victim import Victim
from tests.faults.waiting import thread_of, waited_ms

SETTLED_WITHIN_S = 45.0
"""An intent without a proof is looked for that long, with patience where other sources say otherwise."""
STILL_S = 8.0
"""A process that stands still does so for so long at most."""
BUSY_S = 1.5
"""A bot that is armed is let act for so long at most."""
STARTING_S = 2.0
ACTING_S = 0.4
"""What was asked for by a price is done, and read back, within so much."""
_POLL_S = 0.2


class Lane:
    """A bot, its exchange, and what was seen of its journal so far."""

    def __init__(self, hand: Hand, config: Path, chance: random.Random) -> None:
        self.hand = hand
        self.victim = Victim(config)
        self.chance = chance
        self.tally = Tally()
        hand.is_quiet = lambda: self.victim.state() == "armed" and self.open_intents() == 0
        self._exchange = thread_of(hand.exchange)
        self._waited_ms = 0
        self.seen: list[tuple[int, str]] = []
        """Rows that were committed for certain: number and hash."""

    def start(self) -> None:
        """Start it, from another address than before: nobody may ask for so many starts in a minute."""
        self.hand.exchange.wire.peer = f"start {self.victim.starts}"
        self._waited_ms = waited_ms(0, self._exchange)  # No process has the number 0: the exchange alone.
        self.victim.start()

    def arm(self) -> None:
        """Start it, and wait until it guards."""
        self.start()
        self.until_armed()

    def until_armed(self) -> None:
        """Wait until it guards, and note how long that took it."""
        self.tally.armed_s.append(self.victim.until("armed"))
        waited = waited_ms(self.victim.pid, self._exchange) - self._waited_ms
        self.tally.waited_s.append(waited / 1000)
        self.tally.worked_s.append(self.victim.worked_s())

    def kill_somewhere(self) -> None:
        """Start it and end it without warning: on its way up, or at work."""
        moment = self.chance.choice(("starting", "working", "acting", "acting"))
        if moment == "starting":
            self.start()
            time.sleep(self.chance.uniform(0, STARTING_S))
            self.tally.while_starting += 1
        else:
            self.arm()
            time.sleep(self.chance.uniform(0, BUSY_S))
            self.note(self.victim.last_row())
            if moment == "acting":
                self.chance.choice((self.hand.fall, self.hand.slip, self.hand.shake))()
                time.sleep(self.chance.uniform(0, ACTING_S))
        self.victim.kill()
        self.tally.kills += 1
        self.look()

    def note(self, row: tuple[int, str] | None) -> None:
        """A row that it said is committed."""
        if row is not None:
            self.seen.append(row)

    def look(self) -> list[JournalRow]:
        """The journal as it was left: verified, and an extension of what was seen before."""
        rows = self.victim.rows()
        self.tally.violations += prefixes(rows, self.seen)
        if rows:
            self.seen = [(rows[-1].seq, rows[-1].hash)]
        return rows

    def settle(self) -> None:
        """Let it guard until every intent has its outcome, end it in order, and audit."""
        self.hand.calm()
        end = time.monotonic() + SETTLED_WITHIN_S * self.victim.slowness
        while self.open_intents() and time.monotonic() < end:
            time.sleep(_POLL_S)
        code = self.victim.stop()
        if code != 0:
            self.tally.violations.append(f"it ended with {code}: {self.victim.errors()}")
        rows = self.look()
        found = audit(self.hand.exchange.world, rows, self.hand.margin_moves)
        self.tally.violations += found.violations
        self.tally.count(found.deeds)
        self.tally.rows += len(rows)

    def open_intents(self) -> int:
        """How many it has, by what it says itself; one, while it does not answer."""
        rows = self.latest_rows()
        return len(open_deeds(deeds_in(rows))) if rows else 1

    def latest_rows(self) -> list[JournalRow]:
        """Its latest actions and outcomes; empty while it does not answer."""
        rows: list[JournalRow] = []
        for kind in ("Opened", "Action", "Outcome"):
            page = self.victim.ask("journal", kind=kind, latest=True)
            if page is None:
                return []
            rows += [JournalRow(**row) for row in page]
        return sorted(rows)


Part = Callable[[Lane, int], None]
"""Hurts the bot of a lane so often."""


class Share(NamedTuple):
    """What one lane does, how often, and at which exchange."""

    part: Part
    number: int
    venue: Venue = BINANCE


def lane(folder: Path, seed: int, share: Share) -> Tally:
    """One lane from beginning to end; what went wrong is a violation, with the seed it went wrong with."""
    with a_scene(folder, seed, share.venue) as (hand, config):
        one = Lane(hand, config, random.Random(seed + 1))
        try:
            share.part(one, share.number)
            if not one.victim.is_alive():
                one.arm()
            one.settle()
        except AssertionError as error:
            one.tally.violations.append(f"seed {seed}: {error}")
        finally:
            one.victim.kill()
        return one.tally


def lanes(
    folder: Path,
    seed: int,
    shares: Sequence[Share],
    jobs: int = 2,
    tell: Callable[[Tally], None] | None = None,
) -> Tally:
    """Each share in a lane of its own, so many side by side; ``tell`` hears of each as it ends."""
    tally = Tally()
    with ProcessPoolExecutor(jobs) as pool:
        running = [
            pool.submit(lane, folder / f"lane{each}", seed + 1000 * each, share)
            for each, share in enumerate(shares)
        ]
        for each in as_completed(running):
            tally.add(each.result())
            if tell is not None:
                tell(each.result())
    return tally


def shared(part: Part, number: int, jobs: int) -> list[Share]:
    """The same part in so many lanes, each with a share of the ``number``."""
    numbers = [number // jobs + (each < number % jobs) for each in range(jobs)]
    return [Share(part, each) for each in numbers if each]


def kill_at_random(one: Lane, number: int) -> None:
    """So many kills at random moments."""
    with stirring(one.hand):
        for _ in range(number):
            one.kill_somewhere()
        if not one.victim.is_alive():
            one.arm()


def stop_and_go(one: Lane, number: int) -> None:
    """So many times the process stands still for a while and goes on: nothing it saw before is fresh then."""
    one.arm()
    with stirring(one.hand):
        for _ in range(number):
            time.sleep(one.chance.uniform(0, BUSY_S))
            one.victim.send(signal.SIGSTOP)
            time.sleep(one.chance.uniform(STILL_S / 10, STILL_S))
            one.victim.send(signal.SIGCONT)
            one.tally.stops += 1
            if one.victim.gave_up(within_s=BUSY_S):
                one.tally.restarts += 1  # It found out how long it had stood still, and ended on purpose.
                one.arm()
            one.victim.until_again("armed")
    one.look()
