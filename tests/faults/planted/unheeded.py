"""Mistakes in heeding an exchange: refusals, marks that stand still, what others do to the account."""

from tests.faults.planted.substitution import Substitution

LIVE = "bot/venues/live"

SUBSTITUTIONS = (
    Substitution(
        name="a_mark_that_stands_still_is_believed",
        path=f"{LIVE}/datagate.py",
        old="        frozen = source is Source.STREAM and self._is_frozen(seen, mark, index)\n",
        new="        frozen = False\n",
        breaks="the market falls, the stream repeats an old mark, and the bot sees no danger",
        weather=("mark frozen", "crash"),
    ),
    Substitution(
        name="a_refusal_is_not_looked_into",
        path=f"{LIVE}/venue.py",
        old="        if not isinstance(verdict, Rejected):\n            return proven\n",
        new="        if verdict is not None:\n            return proven\n",
        breaks="what was refused because nothing is left to reduce is asked for again on an old reading",
        weather=("reduce-only refused", "below the minimum", "crash"),
    ),
    Substitution(
        name="what_others_move_passes_for_ours",
        path=f"{LIVE}/looking.py",
        old="(act.confirmed and seen.sight is not Sight.UNCLEAR)",
        new="seen.sight is not Sight.UNCLEAR",
        breaks="what the trader puts in counts as our margin, and what he takes out hides it: it goes twice",
        weather=("user: margin meanwhile", "crash"),
    ),
    Substitution(
        name="what_a_stream_tells_waits_its_turn",
        path=f"{LIVE}/feed.py",
        old="        self.ear.hint = self._hint\n",
        new="",
        breaks="a leg of a hedge that was deleveraged stays naked until the next reading",
        weather=("adl", "crash"),
    ),
    Substitution(
        name="another_position_mode_is_nothing",
        path=f"{LIVE}/account.py",
        old="        for other in state.modes - {self.mode}:\n",
        new="        for other in ():\n",
        breaks="every order is refused from then on, and the bot goes on as if it could act",
        weather=("user: position mode",),
    ),
)
