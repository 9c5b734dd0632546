"""Mistakes in what carries it all: the order of journal and sending, tasks, memory, lock and clock."""

from tests.faults.planted.substitution import Substitution

RUNTIME = "bot/runtime"

SUBSTITUTIONS = (
    Substitution(
        name="send_before_journal",
        path=f"{RUNTIME}/shell.py",
        old="            await self._journal.commit()\n            executor.submit(step.actions)\n",
        new="            executor.submit(step.actions)\n            await self._journal.commit()\n",
        breaks="what a process that is killed had sent, its journal does not know",
        weather=("crash",),
    ),
    Substitution(
        name="send_without_commit",
        path=f"{RUNTIME}/shell.py",
        old="            await self._journal.commit()\n            executor.submit(step.actions)\n",
        new="            executor.submit(step.actions)\n",
        breaks="what is sent is written down some time later",
        weather=("crash",),
    ),
    Substitution(
        name="task_death_swallowed",
        path=f"{RUNTIME}/shell.py",
        old="                self.cause = error\n                self._dying(error)\n            raise\n",
        new=(
            "                self.cause = error\n"
            "            if isinstance(error, asyncio.CancelledError):\n"
            "                raise\n"
        ),
        breaks="a part of the bot dies and the rest looks alive",
        weather=("disk broken",),
    ),
    Substitution(
        name="time_stands_still",
        path=f"{RUNTIME}/shell.py",
        old=(
            "            await self._clock.sleep(self._tick_ms)\n"
            "            await self.inbox.put((Tick(at_ms=self._clock.now_ms()),))\n"
        ),
        new="            await self._clock.sleep(self._tick_ms)\n",
        breaks="silence is no fact any more: nobody is blind, no deadline passes",
        noticed_by="tests/faults/walls/test_ticks.py",
    ),
    Substitution(
        name="the_account_is_not_read_first",
        path=f"{RUNTIME}/shell.py",
        old="            await self.inbox.put(inherited)\n",
        new="            pass\n",
        breaks="a run begins without what the one before it remembered",
        weather=("kill", "crash"),
    ),
    Substitution(
        name="age_checked_at_decision_only",
        path=f"{RUNTIME}/executor.py",
        old=(
            "        if late_ms >= 0:\n"
            '            return [self._outcome(action, OutcomeKind.NOT_APPLIED, f"{late_ms} ms '
            'past its deadline")]\n'
            "        batches = await self._executed(action, -late_ms)\n"
        ),
        new="        batches = await self._executed(action, 60_000)\n",
        breaks="what was decided before a pause of the machine is sent after it",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="an_error_is_a_refusal",
        path=f"{RUNTIME}/executor.py",
        old="            return [self._outcome(action, OutcomeKind.UNKNOWN, one_line(error))]\n",
        new="            return [self._outcome(action, OutcomeKind.NOT_APPLIED, one_line(error))]\n",
        breaks="an exception proves that nothing was done",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="silence_of_the_venue_is_a_refusal",
        path=f"{RUNTIME}/executor.py",
        old=(
            '            return [self._outcome(action, OutcomeKind.UNKNOWN, f"no answer within '
            '{within_ms} ms")]\n'
        ),
        new=(
            '            return [self._outcome(action, OutcomeKind.NOT_APPLIED, f"no answer '
            'within {within_ms} ms")]\n'
        ),
        breaks="what was not answered in time counts as not done",
        weather=("write hangs after",),
    ),
    Substitution(
        name="an_old_mark_replaces_a_new_one",
        path=f"{RUNTIME}/inbox.py",
        old="        overtaken = waiting is not None and waiting[0].at_ms > mark.at_ms\n",
        new="        overtaken = waiting is not None\n",
        breaks="under load the oldest mark that waits is the one that is believed",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="facts_are_dropped",
        path=f"{RUNTIME}/inbox.py",
        old="            self._others += 1\n            self._waiting[next(self._numbers)] = batch\n",
        new="            self._others += 1\n            self._waiting[next(self._numbers) % 2] = batch\n",
        breaks="a fact that waits is replaced by the next",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="nothing_is_remembered",
        path=f"{RUNTIME}/checkpoint.py",
        old="        if not _may_change(step):\n            return\n",
        new="        return\n",
        breaks="a restart forgets budgets, halts and everything that is on its way",
        weather=("kill",),
    ),
    Substitution(
        name="only_the_last_position_is_remembered",
        path=f"{RUNTIME}/checkpoint.py",
        old='    facts = [decode_fact(body["memory"]) for body in bodies[wholes[-1] :]]\n',
        new='    facts = [decode_fact(bodies[-1]["memory"])]\n',
        breaks="a restart forgets what was done for all positions but one",
        weather=("kill", "crash"),
        limits={"margin_per_position": 60, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="the_chain_has_no_links",
        path=f"{RUNTIME}/journal/rows.py",
        old='        f"{previous}\\x1f{seq}\\x1f{step}',
        new='        f"{seq}\\x1f{step}',
        breaks="rows can vanish from the journal unseen",
        weather=("crash",),
    ),
    Substitution(
        name="wall_clock_for_intervals",
        path=f"{RUNTIME}/clock.py",
        old="        return (self._offset_ns + _passed_ns()) // 1_000_000\n",
        new="        return time.time_ns() // 1_000_000\n",
        breaks="a correction of the machine's clock makes old data fresh, and fresh data old",
        noticed_by="tests/faults/walls/test_clocks.py",
    ),
    Substitution(
        name="a_lock_for_everybody",
        path=f"{RUNTIME}/lock.py",
        old="fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        new="fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        breaks="two bots act on one account and undo each other's work",
        noticed_by="tests/faults/walls/test_lock.py",
    ),
    Substitution(
        name="a_ban_is_forgotten_with_the_process",
        path=f"{RUNTIME}/starting/connecting.py",
        old="    gate.banned_for = ban.meet\n",
        new="",
        breaks="each start during a ban meets it again, which makes it longer",
        weather=("418", "kill"),
    ),
    Substitution(
        name="the_blind_are_well",
        path=f"{RUNTIME}/watchdogs/wellness.py",
        old="            return Ill(text=said, starting_helps=not banned)\n",
        new="            return None\n",
        breaks="whoever listens outside goes on hearing that all is well while nobody guards",
        weather=("outage",),
    ),
    Substitution(
        name="ticks_that_matter_are_not_written_down",
        path="bot/core/asking/watch.py",
        old="        self.untold = fact if silent else None\n",
        new="",
        breaks="a journal does not tell why a late mark ended no silence, and is taken for another's",
        weather=("outage", "frames late", "clock skew"),
        minutes=20,
    ),
)
