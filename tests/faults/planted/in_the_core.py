"""Mistakes in what is decided: books, limits, states, memory."""

from tests.faults.planted.substitution import Substitution

CORE = "bot/core"

SUBSTITUTIONS = (
    Substitution(
        name="silence_is_a_refusal",
        path=f"{CORE}/deeds/ledger.py",
        old="        for entry in late:\n            entry.life = Life.UNKNOWN\n",
        new=(
            "        for entry in late:\n"
            "            entry.life = Life.NOT_APPLIED\n"
            "            self._close(entry)\n"
        ),
        breaks="after the deadline an intent counts as not carried out, and the next one is sent beside it",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="ids_without_an_epoch",
        path=f"{CORE}/deeds/ledger.py",
        old='return ClientId(f"{OUR_PREFIX}{self._epoch}-{self._sequence}")',
        new='return ClientId(f"{OUR_PREFIX}1-{self._sequence}")',
        breaks="after a restart client ids are given a second time",
        weather=("kill", "restart"),
    ),
    Substitution(
        name="a_lot_has_no_budget",
        path=f"{CORE}/deeds/ledger.py",
        old="            history.margin_in_lot += draws\n",
        new="",
        breaks="a position is fed beyond its budget",
        weather=("crash",),
    ),
    Substitution(
        name="a_day_has_no_budget",
        path=f"{CORE}/deeds/ledger.py",
        old="            spending.margin_in_day = self.day_margin(account, entry.currency, now_ms) + draws\n",
        new="            spending.margin_in_day = self.day_margin(account, entry.currency, now_ms)\n",
        breaks="an account spends more in a day than it may",
        weather=("crash",),
        limits={"margin_per_day": 60, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="an_account_has_no_budget",
        path=f"{CORE}/deeds/ledger.py",
        old="            spending.margin += draws\n",
        new="",
        breaks="an account spends more than it ever may",
        weather=("crash",),
        limits={"margin_per_account": 60, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="what_was_done_is_given_back",
        path=f"{CORE}/deeds/ledger.py",
        old="        if entry.failed:\n            history.last_failed_ms",
        new="        if entry.closed:\n            history.last_failed_ms",
        breaks="every addition returns its budget once it has been verified",
        weather=("crash",),
    ),
    Substitution(
        name="an_acknowledgement_closes",
        path=f"{CORE}/deeds/lives.py",
        old="CLOSED = FAILED | {Life.VERIFIED, Life.GIVEN_UP}\n",
        new="CLOSED = FAILED | {Life.VERIFIED, Life.GIVEN_UP, Life.APPLIED, Life.UNKNOWN}\n",
        breaks="an intent that nobody knows of does not hold its position up",
        weather=("write lost after",),
    ),
    Substitution(
        name="the_hour_is_not_counted",
        path=f"{CORE}/deeds/acted.py",
        old="        acted.append(now_ms)\n",
        new="        pass\n",
        breaks="there is no end to the actions of an hour",
        weather=("crash",),
        limits={"actions_per_hour": 3, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="nothing_latches",
        path=f"{CORE}/deeds/ledger.py",
        old="            history.latched.add(action.rule)\n",
        new="            pass\n",
        breaks="a rule repeats itself without effect until the balance is gone",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="what_flies_is_free",
        path=f"{CORE}/deeds/ledger.py",
        old=(
            "                if e.currency == currency and e.action.intent.id.account == account\n"
            "            ),\n"
            "            ZERO,\n"
            "        )"
        ),
        new=(
            "                if e.currency == currency and e.action.intent.id.account == account\n"
            "            ),\n"
            "            ZERO,\n"
            "        ) * 0"
        ),
        breaks="the balance is spent twice while an addition is on its way",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="two_at_a_time",
        path=f"{CORE}/guarding/guard.py",
        old="    entry = case.holder.history.in_flight\n    if entry is None:\n        return None\n",
        new=(
            "    entry = case.holder.history.in_flight\n"
            "    if entry is None or not entry.awaited:\n"
            "        return None\n"
        ),
        breaks="a second intent goes while nobody knows of the first",
        weather=("write hangs after", "crash"),
    ),
    Substitution(
        name="age_is_not_asked",
        path=f"{CORE}/guarding/guard.py",
        old="            if age_ms > own.get(symbol, general):\n",
        new="            if False:\n",
        breaks="what is decided is decided on marks of any age",
        weather=("crash",),
    ),
    Substitution(
        name="a_reserve_is_spent",
        path=f"{CORE}/guarding/guard.py",
        old="        reserve = ZERO if case.follow_up else budgets.reserve\n",
        new="        reserve = ZERO\n",
        breaks="what was never to be spent is spent",
        weather=("crash",),
        limits={"reserve": 1_000_000},
    ),
    Substitution(
        name="a_cooldown_of_nothing",
        path=f"{CORE}/guarding/patience.py",
        old="    if last is not None and now_ms < last + cooldown:\n",
        new="    if False:\n",
        breaks="a rule acts again before what it did is seen",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="exits_are_rounded_up",
        path=f"{CORE}/guarding/guard.py",
        old="        quantity = contract.quantity_down(intent.quantity)\n        # Venues",
        new="        quantity = intent.quantity\n        # Venues",
        breaks="an exit between two steps is refused by the exchange, every time",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="more_than_is_held",
        path=f"{CORE}/guarding/guard.py",
        old=(
            "        if intent.quantity >= position.quantity:\n"
            "            return replace(intent, quantity=position.quantity, then_add=ZERO)\n"
            "        quantity"
        ),
        new=(
            "        if intent.quantity >= position.quantity:\n"
            "            return replace(intent, quantity=2 * position.quantity, then_add=ZERO)\n"
            "        quantity"
        ),
        breaks="an exit is larger than the position it closes",
        weather=("a flatten",),
    ),
    Substitution(
        name="a_halt_is_a_suggestion",
        path=f"{CORE}/states.py",
        old="    BotState.HALTED: _NOTHING,\n",
        new="    BotState.HALTED: None,\n",
        breaks="a halt that a person ordered stops nothing",
        weather=("a halt", "crash"),
    ),
    Substitution(
        name="the_blind_act",
        path=f"{CORE}/states.py",
        old="    BotState.BLIND: _NOTHING,\n",
        new="    BotState.BLIND: None,\n",
        breaks="what cannot see acts",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="a_pause_is_a_suggestion",
        path=f"{CORE}/guarding/guard.py",
        old="            if case.now_ms < until_ms:\n",
        new="            if False:\n",
        breaks="a pause that a person ordered stops nothing",
        weather=("a pause", "crash"),
    ),
    Substitution(
        name="a_seatbelt_that_is_never_placed",
        path=f"{CORE}/fixed/seatbelt.py",
        old=(
            '            yield PlaceStop(id=view.id, trigger=place), "the position has no stop '
            'that protects it"\n'
        ),
        new="            return\n",
        breaks="a position rests without a stop and nobody does anything about it",
        weather=(),
    ),
    Substitution(
        name="any_stop_protects",
        path=f"{CORE}/accounts/protection.py",
        old='    return "the opposite leg" if stops_before(situation) is None else None\n',
        new='    return "the opposite leg" if stops_before(situation) is None else "a stop"\n',
        breaks="a NAKED position is shown as protected",
        weather=("stop expired", "write -1008"),
    ),
    Substitution(
        name="silence_is_not_blindness",
        path=f"{CORE}/asking/watch.py",
        old="                if silent_ms > self._allowed_ms(symbol) and symbol not in account.blind_to:\n",
        new="                if False:\n",
        breaks="marks stop coming and nobody is told",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="deadlines_are_not_judged",
        path=f"{CORE}/asking/watch.py",
        old="        for entry in self._ledger.overdue(at_ms):\n",
        new="        for entry in []:\n",
        breaks="an intent that nobody answered is waited for, and no exit may go meanwhile",
        noticed_by="tests/faults/walls/test_doubt.py",
    ),
    Substitution(
        name="once_blind_always_blind",
        path=f"{CORE}/asking/watch.py",
        old="            account.blind_to.discard(fact.symbol)\n",
        new="            pass\n",
        breaks="after one silence the bot never sees again",
        weather=("outage",),
    ),
    Substitution(
        name="a_link_that_is_down_is_up",
        path=f"{CORE}/intake/folding.py",
        old="            account.links_down.add(fact.link)\n",
        new="            pass\n",
        breaks="a lost account stream or key changes nothing",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="strangers_are_welcome",
        path=f"{CORE}/intake/strangers.py",
        old="        account.strangers.add(client_id)\n        account.halted = True\n",
        new="        account.strangers.add(client_id)\n",
        breaks="two bots act on one account, or a lost memory is acted on",
        weather=("another bot",),
    ),
    Substitution(
        name="late_news_is_news",
        path=f"{CORE}/intake/folding.py",
        old="        if fact.at_ms < self._reported_ms.get(key, fact.at_ms):\n            return True\n",
        new="",
        breaks="an older report of a position takes back what a later one told",
        noticed_by="tests/faults/walls/test_late_news.py",
    ),
    Substitution(
        name="a_position_that_is_gone_stays",
        path=f"{CORE}/intake/folding.py",
        old="                del account.holders[fact.id]\n",
        new="                return\n",
        breaks="a position that was closed is defended",
        weather=("adl", "crash"),
    ),
    Substitution(
        name="spending_is_forgotten",
        path=f"{CORE}/asking/carrying.py",
        old=(
            "        spending.margin, spending.day, spending.margin_in_day = spent.margin, "
            "spent.day, spent.margin_in_day\n"
        ),
        new="        spending.day = spent.day\n",
        breaks="a restart gives an account its whole budget again",
        weather=("crash", "kill"),
        limits={"margin_per_account": 60, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="what_was_done_for_a_lot_is_forgotten",
        path=f"{CORE}/asking/carrying.py",
        old="        margin_in_lot=record.margin_in_lot,\n",
        new="",
        breaks="a restart gives a position its whole budget again",
        weather=("crash", "kill"),
        limits={"margin_per_position": 60, "cooldown_ms": 1_000},
    ),
    Substitution(
        name="open_intents_are_forgotten",
        path=f"{CORE}/asking/carrying.py",
        old="    for intent in carried.open_intents:\n",
        new="    for intent in ():\n",
        breaks="what a killed run had sent is sent again by the next",
        weather=("kill near a write", "write hangs after"),
    ),
    Substitution(
        name="a_halt_is_forgotten",
        path=f"{CORE}/asking/carrying.py",
        old="        account.halted, account.paused_until_ms = known.halted, known.paused_until_ms\n",
        new="        account.paused_until_ms = known.paused_until_ms\n",
        breaks="a restart ends a halt that a person ordered",
        weather=("a halt", "kill"),
    ),
    Substitution(
        name="margin_that_brings_nothing",
        path=f"{CORE}/states.py",
        old="    BotState.RECOVERING: _NOTHING,\n",
        new="    BotState.RECOVERING: None,\n",
        breaks="the bot acts before it knows the account",
        noticed_by="tests/faults/walls/test_guard.py",
    ),
    Substitution(
        name="nobody_ever_acts",
        path=f"{CORE}/asking/arbiter.py",
        old="        for intent, reason in rule.decide(view):\n",
        new="        for intent, reason in ():\n",
        breaks="a bot that does nothing at all breaks no promise but this: that it acts",
    ),
)
