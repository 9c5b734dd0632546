"""Reading a page must not hold up the commit of an action: what is asked for is found, not searched for."""

import sqlite3

import pytest

from bot.runtime.journal import JournalQuery
from bot.runtime.journal.schema import SCHEMA
from bot.runtime.journal.sqlite import selection

RARE = "INSERT INTO row VALUES (?, 1, 'fact', ?, 0, 'main', ?, ?, '{}', '')"
MARKS = 20_000


@pytest.fixture
def database() -> sqlite3.Connection:
    """Many prices, and a liquidation and an action at the very beginning."""
    made = sqlite3.connect(":memory:")
    for statement in SCHEMA.statements:
        made.execute(statement)
    made.execute(RARE, (1, "Liquidated", "BTC", None))
    made.execute(RARE, (2, "Action", "BTC", "top_up"))
    made.executemany(RARE, ((seq, "MarkPrice", "BTC", None) for seq in range(3, MARKS)))
    made.executemany(RARE, ((seq, "Refusal", "ETH", "top_up") for seq in range(MARKS, 2 * MARKS)))
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (JournalQuery(kind="Liquidated", latest=True), [1]),
        (JournalQuery(kind="Liquidated", symbol="BTC", latest=True), [1]),
        (JournalQuery(kind="Action", symbol="BTC", rule="top_up", latest=True), [2]),
        (JournalQuery(kind="Action", rule="top_up", latest=True), [2]),
        (JournalQuery(kind="Action", since_ms=1, latest=True), []),
        (JournalQuery(kind="Stopped"), []),
        (JournalQuery(kind="Refusal", symbol="BTC"), []),
        (JournalQuery(symbol="XRP"), []),
    ],
)
def test_rare_rows_are_found_without_going_through_all(
    database: sqlite3.Connection, query: JournalQuery, found: list[int]
) -> None:
    statement, parameters = selection(query)
    hundreds = 0

    def count() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    database.set_progress_handler(count, 100)
    assert [row[0] for row in database.execute(statement, parameters)] == found
    assert hundreds < 10, "more than a thousand instructions for a handful of rows"
