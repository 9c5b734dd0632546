"""Who is told of what, and when: the desk against hand-made days, and against random ones."""

from datetime import UTC, time
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.core.intents import Level
from bot.runtime.alerts.desk import Desk, Telling
from bot.runtime.alerts.notice import Notice
from bot.runtime.alerts.quiet import QuietHours
from bot.runtime.alerts.routes import Policy, Route

S, M, H = 1_000, 60_000, 3_600_000
ALL = frozenset(Level)
LOUD = frozenset({Level.CRITICAL})


def a_route(name: str = "phone", **changed: object) -> Route:
    return Route(**{"name": name, "levels": ALL, "per_minute": 10} | changed)  # type: ignore[arg-type]


def a_policy(*routes: Route, **changed: object) -> Policy:
    given = {"routes": routes or (a_route(),), "group_ms": 10 * S, "repeat_ms": 5 * M, "zone": UTC}
    return Policy(**given | changed)  # type: ignore[arg-type]


def a_notice(at_ms: int = 0, key: str = "naked", level: Level = Level.CRITICAL, **changed: object) -> Notice:
    return Notice(**{"at_ms": at_ms, "key": key, "level": level, "text": key} | changed)  # type: ignore[arg-type]


def told(desk: Desk, now_ms: int, *, works: bool = True) -> list[tuple[str, list[str]]]:
    """Let everything that is due go out now; to whom, and which texts."""
    tellings = desk.due(now_ms)
    for telling in tellings:
        desk.sent(telling, now_ms, told=works)
    return [(telling.channel, texts(telling)) for telling in tellings]


def texts(telling: Telling) -> list[str]:
    return [thread.notice.text for thread in telling.threads]


def day(
    desk: Desk, until_ms: int, *, every_ms: int = S, since_ms: int = 0
) -> list[tuple[int, str, list[str]]]:
    """Every message until then, with its time, when all channels work."""
    return [
        (now_ms, *message)
        for now_ms in range(since_ms, until_ms + 1, every_ms)
        for message in told(desk, now_ms)
    ]


def test_a_burst_goes_out_as_one_message_with_the_loudest_first() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, "a", Level.INFO))
    desk.hear(a_notice(4 * S, "b", Level.CRITICAL))
    desk.hear(a_notice(9 * S, "c", Level.WARNING))
    assert told(desk, 9 * S) == []
    assert told(desk, 10 * S) == [("phone", ["b", "c", "a"])]


def test_the_same_again_is_no_news() -> None:
    desk = Desk(a_policy())
    for at_ms in range(0, 60 * S, S):
        desk.hear(a_notice(at_ms, level=Level.WARNING))
    assert day(desk, 2 * M) == [(10 * S, "phone", ["naked"])]
    assert desk.threads[0].times == 60


def test_what_does_not_last_is_news_again_when_it_comes_back_later() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, level=Level.WARNING))
    assert len(day(desk, 10 * M)) == 1
    desk.hear(a_notice(10 * M, level=Level.WARNING))
    assert day(desk, 11 * M, since_ms=10 * M) == [(10 * M + 10 * S, "phone", ["naked"])]
    assert [thread.number for thread in desk.threads] == [1, 2]


def test_what_lasts_is_no_news_until_it_ended() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, level=Level.WARNING, lasts=True))
    assert len(day(desk, 10 * M)) == 1
    desk.hear(a_notice(10 * M, level=Level.WARNING, lasts=True))
    assert day(desk, 11 * M, since_ms=10 * M) == []


def test_the_end_is_told_to_those_who_know_of_it_and_nobody_else() -> None:
    desk = Desk(a_policy(a_route("phone"), a_route("mail", levels=frozenset({Level.INFO}))))
    desk.hear(a_notice(0, lasts=True))
    day(desk, M)
    desk.hear(a_notice(M, level=Level.INFO, text="protected again", over=True))
    assert day(desk, 10 * M, since_ms=M) == [(M + 10 * S, "phone", ["protected again"])]


def test_an_end_that_comes_while_the_message_is_on_its_way_is_told_too() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, lasts=True))
    (telling,) = desk.due(10 * S)
    desk.hear(a_notice(11 * S, level=Level.INFO, text="protected again", over=True))
    desk.sent(telling, 12 * S, told=True)
    assert day(desk, M, since_ms=12 * S) == [(21 * S, "phone", ["protected again"])]


def test_the_end_of_something_nobody_was_told_of_is_nothing() -> None:
    desk = Desk(a_policy())
    assert desk.hear(a_notice(0, over=True)) is None
    assert day(desk, M) == []


def test_what_became_louder_is_told_at_once_and_wants_to_be_seen_again() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, level=Level.WARNING, lasts=True))
    day(desk, M)
    desk.hear(a_notice(M, level=Level.CRITICAL, lasts=True))
    assert day(desk, 2 * M, since_ms=M) == [(M + 10 * S, "phone", ["naked"])]


def test_what_is_critical_is_told_again_until_somebody_has_seen_it() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0))
    assert [at_ms for at_ms, *_ in day(desk, 12 * M)] == [10 * S, 10 * S + 5 * M, 10 * S + 10 * M]
    assert desk.acknowledge([1], "ada") == [1]
    assert day(desk, H, since_ms=12 * M) == []


def test_acknowledging_without_a_number_means_everything_that_waits_for_it() -> None:
    desk = Desk(a_policy())
    for key in ("a", "b"):
        desk.hear(a_notice(0, key))
    desk.hear(a_notice(0, "c", Level.WARNING))
    assert desk.acknowledge([7], "ada") == []
    assert desk.acknowledge(None, "ada") == [1, 2]
    assert desk.acknowledge(None, "ada") == []


def test_a_second_channel_is_told_only_of_what_nobody_acknowledged() -> None:
    sms = a_route("sms", levels=LOUD, unacknowledged_after_ms=2 * M)
    desk = Desk(a_policy(a_route(), sms))
    desk.hear(a_notice(0, "seen"))
    desk.hear(a_notice(0, "unseen"))
    desk.acknowledge([1], "ada")
    assert [message for message in day(desk, 3 * M) if message[1] == "sms"] == [(2 * M, "sms", ["unseen"])]


def test_where_a_channel_fails_the_others_do_not_wait() -> None:
    sms = a_route("sms", levels=LOUD, unacknowledged_after_ms=H)
    desk = Desk(a_policy(a_route(), sms))
    desk.hear(a_notice(0))
    (telling,) = desk.due(10 * S)
    assert telling.channel == "phone"
    desk.sent(telling, 11 * S, told=False)
    assert [each.channel for each in desk.due(11 * S)] == ["sms"]


def test_a_channel_that_failed_tells_later_what_it_kept() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, level=Level.WARNING))
    assert told(desk, 10 * S, works=False) == [("phone", ["naked"])]
    assert told(desk, 14 * S) == []
    assert day(desk, M, since_ms=15 * S) == [(20 * S, "phone", ["naked"])]


def test_nobody_is_reached_once_every_channel_for_what_is_critical_is_dead() -> None:
    desk = Desk(a_policy(a_route(), a_route("mail", levels=frozenset({Level.INFO}))))
    desk.hear(a_notice(0))
    for now_ms in range(0, 10 * M, S):
        for telling in desk.due(now_ms):
            assert not desk.is_unheard
            desk.sent(telling, now_ms, told=telling.channel == "mail")
        if desk.is_unheard:
            break
    assert desk.is_unheard
    for now_ms in range(10 * M, 20 * M, S):
        told(desk, now_ms)
    assert not desk.is_unheard


def test_what_is_over_a_limit_waits_and_goes_out_together() -> None:
    desk = Desk(a_policy(a_route(per_minute=1)))
    desk.hear(a_notice(0, "a", Level.INFO))
    assert len(told(desk, 10 * S)) == 1
    desk.hear(a_notice(11 * S, "b", Level.INFO))
    desk.hear(a_notice(40 * S, "c", Level.INFO))
    assert day(desk, 2 * M, since_ms=11 * S) == [(70 * S, "phone", ["b", "c"])]


def test_a_channel_that_costs_money_is_used_so_often_in_a_day() -> None:
    desk = Desk(a_policy(a_route(per_day=3)))
    desk.hear(a_notice(0))
    assert len(day(desk, 20 * H, every_ms=10 * S)) == 3


def test_in_quiet_hours_only_what_is_excepted_makes_a_noise() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    quiet = QuietHours(begin=time(23), end=time(7), zone=berlin, excepted=LOUD)
    desk = Desk(a_policy(quiet=quiet, zone=berlin))
    # 1970-01-01 00:00 UTC is one in the morning in Berlin; it is seven there at 06:00 UTC.
    desk.hear(a_notice(0, "later", Level.WARNING))
    desk.hear(a_notice(0, "now"))
    desk.acknowledge(None, "ada")
    assert day(desk, 8 * H, every_ms=10 * S) == [(10 * S, "phone", ["now"]), (6 * H, "phone", ["later"])]


def test_a_digest_comes_once_a_day_even_when_there_is_nothing_in_it() -> None:
    desk = Desk(a_policy(a_route("mail", digest_at=time(8))))
    desk.hear(a_notice(0, "a", Level.INFO))
    messages = day(desk, 40 * H, every_ms=M)
    assert messages == [(8 * H, "mail", ["a"]), (32 * H, "mail", [])]


def test_numbers_go_on_where_the_last_run_ended() -> None:
    before = Desk(a_policy())
    before.hear(a_notice(0))
    desk = Desk(a_policy())
    for thread in before.threads:
        desk.restore(thread, S)
    assert desk.hear(a_notice(S)) is None
    assert day(desk, M) == [(10 * S, "phone", ["naked"])]
    other = desk.hear(a_notice(S, "other"))
    assert other is not None
    assert other.number == 2


LEVELS = st.sampled_from(list(Level))
HEARD = st.tuples(st.just("hear"), st.integers(0, 5), LEVELS, st.booleans())
ACKNOWLEDGED = st.tuples(st.just("acknowledge"))
PASSED = st.tuples(st.just("pass"), st.integers(1, 400))
FAILED = st.tuples(st.just("carry"), st.booleans())


@given(st.lists(st.one_of(HEARD, ACKNOWLEDGED, PASSED, FAILED), max_size=40), st.integers(1, 3))
def test_whatever_happens_everything_is_told_in_the_end_and_no_limit_is_passed(
    events: list[tuple[object, ...]], per_minute: int
) -> None:
    desk = Desk(a_policy(a_route(per_minute=per_minute), a_route("sms", levels=LOUD, per_day=5)))
    sent: dict[str, list[int]] = {"phone": [], "sms": []}
    latest: dict[int, int] = {}
    known: set[int] = set()
    now_ms, works = 0, True

    def turn(seconds: int) -> None:
        nonlocal now_ms
        for _ in range(seconds):
            now_ms += S
            for telling in desk.due(now_ms):
                sent[telling.channel].append(now_ms)
                if works and telling.channel == "phone":
                    known.update(thread.number for thread in telling.threads)
                desk.sent(telling, now_ms, told=works)

    for event in events:
        match event:
            case ("hear", key, level, over):
                thread = desk.hear(a_notice(now_ms, str(key), level, over=over))  # type: ignore[arg-type]
                if thread is not None:
                    latest[key] = thread.number  # type: ignore[index]
            case ("acknowledge",):
                desk.acknowledge(None, "ada")
            case ("pass", seconds):
                turn(seconds)  # type: ignore[arg-type]
            case ("carry", carries):
                works = bool(carries)
    works = True
    turn(11 * 60)
    assert set(latest.values()) <= known
    for channel, limit, within_ms in (("phone", per_minute, M), ("sms", 5, 24 * H)):
        for at_ms in sent[channel]:
            assert sum(1 for other in sent[channel] if at_ms - within_ms < other <= at_ms) <= limit


def test_what_began_again_before_anybody_heard_of_it_is_told_once_with_its_number_of_now() -> None:
    desk = Desk(a_policy())
    desk.hear(a_notice(0, lasts=True))
    desk.hear(a_notice(S, over=True))
    desk.hear(a_notice(2 * S, lasts=True))
    assert day(desk, M) == [(12 * S, "phone", ["naked"])]
    assert [(thread.number, thread.needs_somebody) for thread in desk.threads] == [(1, False), (2, True)]


def test_a_channel_that_is_new_after_a_restart_does_not_begin_with_the_news_of_days() -> None:
    before = Desk(a_policy())
    before.hear(a_notice(0, "old", Level.WARNING))
    before.hear(a_notice(0, "open"))
    day(before, M)
    desk = Desk(a_policy(a_route(), a_route("sms")))
    for thread in before.threads:
        desk.restore(thread, M)
    assert [message for message in day(desk, 2 * M, since_ms=M) if message[1] == "sms"] == [
        (M + 10 * S, "sms", ["open"])
    ]
