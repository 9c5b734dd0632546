"""Mistakes in how we talk to an exchange: what replies prove, what may be sent, what is believed."""

from tests.faults.planted.substitution import Substitution

LIVE = "bot/venues/live"

REPLIES = (
    Substitution(
        name="trust_exchange_error",
        path=f"{LIVE}/outcome.py",
        old=(
            "code in codes.rejected:\n"
            "        return Rejected(code=code, proof=proof, clock=code in codes.clock)\n"
            "    return Unknown(proof=proof)"
        ),
        new=(
            "code in codes.rejected:\n"
            "        return Rejected(code=code, proof=proof, clock=code in codes.clock)\n"
            "    return Rejected(code=code, proof=proof)"
        ),
        breaks="an error code that says nothing (-1007) counts as a refusal although the order went through",
        weather=("write -1007 after",),
    ),
    Substitution(
        name="trust_id_none",
        path=f"{LIVE}/outcome.py",
        old="return Applied(payload=payload, proof=proof) if proven else Unknown(proof=proof)",
        new="return Applied(payload=payload, proof=proof)",
        breaks="a 200 without an order in it counts as one that was placed",
        weather=("write null before",),
    ),
    Substitution(
        name="a_lost_reply_is_not_sent",
        path=f"{LIVE}/outcome.py",
        old='return Unknown(proof=reply.error or "no complete answer")',
        new='return Unsent(proof=reply.error or "no complete answer")',
        breaks="a connection that broke after the order was taken counts as one that never stood",
        weather=("write lost after",),
    ),
    Substitution(
        name="a_gateway_page_is_a_refusal",
        path=f"{LIVE}/outcome.py",
        old="    except _MALFORMED:\n        return Unknown(proof=proof)\n    if code is not None:",
        new=(
            "    except _MALFORMED:\n"
            "        return Rejected(code=str(reply.status), proof=proof)\n"
            "    if code is not None:"
        ),
        breaks="a page of html in place of the answer counts as a refusal",
        weather=("write html",),
    ),
    Substitution(
        name="a_server_error_is_a_refusal",
        path=f"{LIVE}/outcome.py",
        old="    if not succeeded(reply.status):\n        return Unknown(proof=proof)",
        new=(
            "    if not succeeded(reply.status):\n"
            "        return Rejected(code=str(reply.status), proof=proof)"
        ),
        breaks="a 5xx in JSON without a code counts as a refusal",
        weather=("write 5xx json",),
    ),
    Substitution(
        name="retry_on_timeout",
        path=f"{LIVE}/sending.py",
        old="            await asyncio.wait({sending}, timeout=ANSWER_MS / 1000)\n",
        new=(
            "            await asyncio.wait({sending}, timeout=ANSWER_MS / 1000)\n"
            "            if not sending.done() or sending.result().status is None:\n"
            "                sending = asyncio.ensure_future(line.call(request))\n"
            "                await asyncio.wait({sending}, timeout=ANSWER_MS / 1000)\n"
        ),
        breaks="what nobody answered is sent again: two additions, two orders",
        weather=("write lost after",),
    ),
    Substitution(
        name="leaving_is_not_noted",
        path=f"{LIVE}/sending.py",
        old="            act.left_ms = self._now_ms()\n",
        new="",
        breaks="what was cut off on its way counts as never sent",
        weather=("write hangs after",),
    ),
)

RESOLVING = (
    Substitution(
        name="one_look_is_proof",
        path=f"{LIVE}/open_acts.py",
        old="return began_ms >= self._second_ms(act)",
        new="return True",
        breaks="one query answered from behind proves that an order is not there",
        weather=("write lost after", "query lag"),
    ),
    Substitution(
        name="looks_before_the_window_is_over",
        path=f"{LIVE}/open_acts.py",
        old="        if began_ms < act.left_ms + settles_ms:\n            return False\n",
        new="",
        breaks="a request that is still on its way counts as not carried out, and is carried out later",
        noticed_by="tests/faults/walls/test_windows.py",
    ),
    Substitution(
        name="what_was_confirmed_is_disproved",
        path=f"{LIVE}/open_acts.py",
        old="        if act.confirmed or act.left_ms is None:\n            return False",
        new="        if act.left_ms is None:\n            return False",
        breaks="a lagging query outweighs the exchange's own confirmation",
        weather=("long lag",),
    ),
    Substitution(
        name="nobody_looks_again",
        path=f"{LIVE}/venue.py",
        old="            await self.acts.due()\n",
        new="            await asyncio.Event().wait()\n",
        breaks="an intent that is unknown once stays so for ever and holds its position up",
        weather=("write lost after",),
    ),
    Substitution(
        name="margin_is_seen_at_once",
        path=f"{LIVE}/effect.py",
        old=(
            "    if share >= _MOSTLY:\n"
            "        return Effect(sight=Sight.DONE, proof=proof, alone=abs(share - 1) <= _ALONE)\n"
        ),
        new="    if share >= -1:\n        return Effect(sight=Sight.DONE, proof=proof, alone=True)\n",
        breaks="an addition that never arrived counts as done",
        weather=("write lost before", "crash"),
    ),
    Substitution(
        name="a_stop_that_is_not_there_rests",
        path=f"{LIVE}/effect.py",
        old='return Effect(sight=Sight.NOT_DONE, proof="no order has our id")',
        new='return Effect(sight=Sight.DONE, proof="no order has our id")',
        breaks="a stop that was never placed counts as one that rests",
        weather=("write lost before",),
    ),
    Substitution(
        name="an_exit_that_shows_nowhere_did_not_happen",
        path=f"{LIVE}/effect.py",
        old="return Effect(sight=Sight.NOT_DONE, proof=proof, doubtful=moved)",
        new="return Effect(sight=Sight.DONE, proof=proof)",
        breaks="an exit that never happened counts as done",
        weather=("write lost before", "a flatten"),
    ),
    Substitution(
        name="an_earlier_run_is_forgotten_by_the_venue",
        path=f"{LIVE}/venue.py",
        old="        same = before is not None and before.id == made.id\n        self.acts.add(",
        new="        same = before is not None and before.id == made.id\n        (lambda _: None)(",
        breaks="what a killed run had sent is never looked for",
        weather=("kill near a write", "write hangs after"),
    ),
)

SENDING = (
    Substitution(
        name="cancel_first_replace",
        path=f"{LIVE}/plan.py",
        old=(
            "            requests = (acting.place_stop(position, instrument, trigger, action.client_id, by),)"
        ),
        new=(
            "            requests = (\n"
            "                *(levers.cancel(instrument, old, state) for old in replaces),\n"
            "                acting.place_stop(position, instrument, trigger, action.client_id, by),\n"
            "            )"
        ),
        breaks="while a stop is moved there is none, and where placing fails there never is",
        weather=("write -1008",),
    ),
    Substitution(
        name="reduce_only_dropped",
        path=f"{LIVE}/dialects/binance/acting.py",
        old='            params["reduceOnly"] = "false" if opens else "true"\n',
        new='            params["reduceOnly"] = "false"\n',
        breaks="an exit larger than what is left opens a position the other way",
        weather=("crash",),
    ),
    Substitution(
        name="the_wrong_side_of_a_hedged_symbol",
        path=f"{LIVE}/dialects/binance/acting.py",
        old='return {"positionSide": side.upper()} if self.mode is PositionMode.HEDGE else {}',
        new='return {"positionSide": side.opposite.upper()} if self.mode is PositionMode.HEDGE else {}',
        breaks="in hedge mode an exit of the long opens a short",
        weather=("crash",),
    ),
    Substitution(
        name="foreign_stops_are_replaced",
        path=f"{LIVE}/plan.py",
        old=(
            "        if order.id == id_ and order.kind.is_stop and order.reduces and "
            "order.client_id.startswith(OUR_PREFIX)\n"
        ),
        new="        if order.id == id_ and order.kind.is_stop and order.reduces\n",
        breaks="the trader's own stops are cancelled with ours",
        weather=("crash", "a stop of the user"),
    ),
    Substitution(
        name="margin_with_the_wrong_sign",
        path=f"{LIVE}/dialects/binance/acting.py",
        old='"type": ADD if amount > 0 else REDUCE,',
        new='"type": REDUCE if amount > 0 else ADD,',
        breaks="what was to be added is taken out",
        weather=("crash",),
    ),
    Substitution(
        name="the_old_stop_is_left",
        path=f"{LIVE}/venue.py",
        old="                verdict = await self._sender.one(request, made.urgency)\n",
        new="                verdict = None\n",
        breaks="stops pile up: each move leaves the one before it resting",
        weather=("crash",),
    ),
    Substitution(
        name="the_old_stop_goes_before_the_new_is_seen",
        path=f"{LIVE}/venue.py",
        old="        stands = gone or act.action.client_id in resting\n",
        new="        stands = True\n",
        breaks="the last stop is cancelled for one that the exchange has ended since",
        weather=("stops expire at once", "crash"),
    ),
    Substitution(
        name="a_ban_is_not_sat_out",
        path=f"{LIVE}/gate.py",
        old="        self.close(wait_ms or BAN_MS, emergencies=True)\n",
        new="        self.close(wait_ms or BAN_MS, emergencies=False)\n",
        breaks="emergencies go on through a ban, and each of them makes it longer",
        weather=("418", "crash"),
    ),
    Substitution(
        name="too_many_is_not_heard",
        path=f"{LIVE}/gate.py",
        old='        if reply.status not in (TOO_MANY, BANNED):\n            return ""',
        new='        if reply.status:\n            return ""',
        breaks="requests go on although the exchange asked to be left alone",
        weather=("429",),
    ),
    Substitution(
        name="the_window_has_no_end",
        path=f"{LIVE}/gate.py",
        old="        if len(self._task_logs) + weight > limit:\n            return False\n",
        new="",
        breaks="nothing is throttled: the exchange bans the address",
        noticed_by="tests/faults/walls/test_throttle.py",
    ),
)

SEEING = (
    Substitution(
        name="a_jump_raises_no_doubt",
        path=f"{LIVE}/datagate.py",
        old="        if abs(jump) > most:\n",
        new="        if False:\n",
        breaks="a frame that is wrong by a factor of ten moves money",
        weather=("stubborn spike",),
    ),
    Substitution(
        name="two_frames_of_one_stream_agree",
        path=f"{LIVE}/datagate.py",
        old="            if claim.source is not source:\n                return claim\n",
        new="            return claim\n",
        breaks="a stream that is wrong twice is believed",
        weather=("stubborn spike",),
    ),
    Substitution(
        name="the_first_mark_is_believed",
        path=f"{LIVE}/datagate.py",
        old='            return "the first mark of it"\n',
        new='            return ""\n',
        breaks="whatever a stream says first after a start is acted on",
        weather=("a start into a spike",),
    ),
    Substitution(
        name="a_doubt_is_for_ever",
        path=f"{LIVE}/datagate.py",
        old="        for claim in seen.claims.values():\n",
        new="        for claim in ():\n",
        breaks="a crash is held for a spike although the second source confirms it",
        weather=("crash",),
    ),
    Substitution(
        name="old_frames_are_news",
        path=f"{LIVE}/datagate.py",
        old="        if mark.at_ms <= seen.at_ms:\n            return Judgement(verdict=Verdict.OVERTAKEN)\n",
        new="",
        breaks="a frame that was overtaken on its way counts as the price of now",
        noticed_by="tests/faults/walls/test_late_news.py",
    ),
    Substitution(
        name="the_future_is_believed",
        path=f"{LIVE}/clock.py",
        old="return at_ms > self.now_ms() + FUTURE_MS",
        new="return False",
        breaks="a mark dated an hour ahead is fresh for an hour",
        weather=("absurd frame",),
    ),
    Substitution(
        name="an_older_reading_is_believed",
        path=f"{LIVE}/account.py",
        old="if found.began_ms < (self.began_ms if partial else self.complete_ms):",
        new="if partial and False:",
        breaks="a slow answer takes back what a later one has told",
        noticed_by="tests/faults/walls/test_late_news.py",
    ),
    Substitution(
        name="deaf_streams_are_kept",
        path=f"{LIVE}/market_watch.py",
        old="            await self._renew(silence if deaf else sick)\n",
        new="",
        breaks="a connection that is silent for ever is waited for, for ever",
        weather=("market line mute", "market line half open"),
    ),
    Substitution(
        name="silence_is_not_asked_about",
        path=f"{LIVE}/market_watch.py",
        old="            await self._ask(self._silent, inbox)\n",
        new="            await asyncio.sleep(0)\n",
        breaks="while a stream is silent nobody asks for the mark",
        weather=("market line mute", "market line half open"),
    ),
    Substitution(
        name="an_unread_account_is_not_said",
        path=f"{LIVE}/feed.py",
        old="        if not because or not self._account_up or self._refused:\n",
        new="        if because is not None:\n",
        breaks="the account is not read for minutes and the bot goes on deciding",
        weather=("418",),
    ),
    Substitution(
        name="a_revoked_key_is_a_bad_line",
        path=f"{LIVE}/our_key.py",
        old="        return bool(error.code) and error.code in self._codes\n",
        new="        return False\n",
        breaks="a key that was revoked looks like a bad network, for ever",
        weather=("key revoked",),
    ),
    Substitution(
        name="one_reading_and_no_more",
        path=f"{LIVE}/feed.py",
        old="            wait_ms = max(0, counts_ms + self._pace_ms(venue) - self._now_ms())\n",
        new="            wait_ms = 3_600_000\n",
        breaks="what no stream tells is found out an hour later",
        weather=("user line mute",),
    ),
    Substitution(
        name="a_stream_that_ended_is_left",
        path=f"{LIVE}/streams.py",
        old='            self._flaws.note(f"stream {subscription.name}", why)\n',
        new="            return\n",
        breaks="a subscription that ended once never starts again",
        weather=("market line closes",),
    ),
)

SUBSTITUTIONS = (*REPLIES, *RESOLVING, *SENDING, *SEEING)
