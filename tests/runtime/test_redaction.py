"""Secrets do not get out by the usual doors, and no text can make looking for them slow."""

import asyncio
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.decisions import Decision, StateChanged
from bot.runtime.journal import JournalQuery, MemoryJournal
from bot.runtime.journal.rows import Head, rows_after, steps_from
from bot.runtime.rebuild import RebuildDiffers, rebuild
from bot.runtime.redaction import hide, redact
from tests.runtime.builders import T0, a_mark, a_step
from tests.runtime.fakes import FakeEngine


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"sign": "0af3", "n": 1}', '{"sign": "***", "n": 1}'),
        (r'"body": "{\"sign\": \"0af3\"}"', r'"body": "{\"sign\": \"***\"}"'),
        ("OK-ACCESS-SIGN: q1w2", "OK-ACCESS-SIGN: ***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent bearer abcdefgh.ijklmnop-1 to", "sent bearer *** to"),
        ("GET /ws/listenKey?listenKey=pq12&x=1", "GET /ws/listenKey?listenKey=***&x=1"),
        ("POST https://api.telegram.org/bot123:ABC-d_e/getMe", "POST https://api.telegram.org/bot***/getMe"),
        ("'password': 'two words', 'n': 1", "'password': '***', 'n': 1"),
        (r'"secret": "ab\/cd"', '"secret": "***"'),
        ("the design: plain; a bearer of news", "the design: plain; a bearer of news"),
        ("ratio 0.5, sign of the times", "ratio 0.5, sign of the times"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "piece",
    ["a-", "token", "token ", "token:", "-api-key", "secret='", "\\", '"', "sign \\", "bearer ", "bot12"],
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = perf_counter()
    redact(text)
    redact("token" + text)
    redact("token=" + text)
    assert perf_counter() - began < 2


@given(
    st.lists(
        st.sampled_from(["token", "sign", "Bearer ", "=", ": ", '"', "'", "\\", " ", "x", "bot123:abc", "*"]),
        max_size=20,
    ).map("".join)
)
def test_hiding_twice_is_hiding_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def parked(because: str) -> StateChanged:
    return StateChanged(at_ms=T0, subject="rule:top_up", was="ARMED", now="PARKED", because=because)


def journal_of(*decisions: Decision) -> MemoryJournal:
    """A journal that holds the steps as they come back from their rows."""
    rows, _ = rows_after(Head(), [a_step(facts=(a_mark(),), decisions=decisions)])
    journal = MemoryJournal()
    for step in steps_from(rows):
        journal.append(step)
    return journal


def test_what_a_rule_says_is_written_without_secrets() -> None:
    async def main() -> str:
        journal = MemoryJournal()
        journal.append(a_step(decisions=(parked("KeyError: token=s3cr3t"),)))
        await journal.commit()
        return (await journal.read(JournalQuery(kind="StateChanged")))[0].body

    body = asyncio.run(main())
    assert "token=***" in body
    assert "s3cr3t" not in body


async def rebuilt(written: StateChanged, again: StateChanged) -> None:
    journal = journal_of(written)
    await journal.commit()
    await rebuild(journal, lambda _: FakeEngine(lambda _: (again,)))


def test_a_journal_with_hidden_secrets_is_rebuilt() -> None:
    same = parked("KeyError: token=s3cr3t in top_up")
    asyncio.run(rebuilt(same, same))


def test_a_journal_is_rebuilt_by_somebody_who_does_not_know_the_secret() -> None:
    hide("horse-battery")
    asyncio.run(rebuilt(parked("lost horse-battery, and horse-battery"), parked("lost other, and other")))


def test_what_is_not_hidden_must_still_be_the_same() -> None:
    for again in ("KeyError: token=s3cr3t in atr_stop", "ValueError: token=s3cr3t in top_up", ""):
        with pytest.raises(RebuildDiffers):
            asyncio.run(rebuilt(parked("KeyError: token=s3cr3t in top_up"), parked(again)))


def test_a_listen_key_in_the_path_of_a_stream_is_hidden() -> None:
    key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    told = f"RequestTimeout: Connection to wss://dstream.binance.com/ws/{key} timed out due to a ping-pong"
    assert redact(told) == (
        "RequestTimeout: Connection to wss://dstream.binance.com/ws/*** timed out due to a ping-pong"
    )
    public = "wss://fstream.binance.com/market/ws/btcusdt@markPrice@1s"
    assert redact(public) == public
