"""The ambiguity matrix at Binance, played whole; and that whoever judges it sees what is wrong."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.types import MarginMode, Position
from bot.simulator import AccountView, MarginMove
from tests.building.simulator import ALICE
from tests.faults.loop.judging import Found, Judgement, Moments, judge
from tests.faults.loop.matrix import KINDS, TROUBLES, VENUES, Cell, Way, cells, kinds_at
from tests.faults.loop.playing import GOAL_MS
from tests.faults.loop.running import Played, divided, run
from tests.faults.loop.stage import position_of
from tests.faults.loop.table import held
from tests.faults.waiting import Waiting

D = Decimal
MOVED_MS, ARRIVED_MS = 1_000, 1_010
ADD, CLOSED = KINDS[0], next(trouble for trouble in TROUBLES if trouble.name == "closed")


@pytest.mark.slow
def test_no_lost_reply_makes_binance_do_anything_twice_or_never() -> None:
    played = [each for some in run("binanceusdm", kinds_at("binanceusdm"), TROUBLES) for each in some]
    found = {f"{e.cell.kind.name}, {e.cell.trouble.name}, {e.cell.executed}": e.judgement for e in played}
    assert len(found) == 11 * (13 * 2 + 2) + 13 * 2
    assert held(played, GOAL_MS), {name: each for name, each in found.items() if not each.good}


def an_action(number: int, at_ms: int) -> dict[str, Any]:
    return _row("Action", {"client_id": f"hf-1-{number}", "at_ms": at_ms})


def an_outcome(number: int, kind: str, at_ms: int, proof: str = "seen") -> dict[str, Any]:
    return _row("Outcome", {"client_id": f"hf-1-{number}", "kind": kind, "at_ms": at_ms, "proof": proof})


def _row(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "rule": ADD.name, "symbol": "C000/USDT:USDT", "body": body}


DONE_AT_ONCE = [an_action(1, 1_000), an_outcome(1, "unknown", 1_100), an_outcome(1, "verified", 1_200)]
DONE_LATER = [
    an_action(1, 1_000),
    an_outcome(1, "unknown", 1_100),
    an_outcome(1, "not_applied", 6_000),
    an_action(2, 6_000),
    an_outcome(2, "verified", 6_100),
]

NOT_SENT = "not sent: its deadline passed while it waited for its turn"
HELD_UP = [
    an_action(0, 900),
    an_outcome(0, "not_applied", 1_000, proof=NOT_SENT),
    *DONE_AT_ONCE,
]
"""A machine that is busy let the first intent wait for too long, and the fault met the second."""
TOO_SOON = [*DONE_LATER[:2], an_action(2, 5_900), DONE_LATER[2], DONE_LATER[4]]


def test_a_leverage_that_nobody_answered_is_what_a_hedge_met() -> None:
    unknown = "not sent: what has to be set before it is unknown: no answer within 1500 ms"
    rows = [an_action(1, 1_000), an_outcome(1, "not_applied", 1_600, proof=unknown), *DONE_LATER[3:]]
    assert judged(False, rows, [6_050]) is Found.OK


def judged(
    executed: bool, rows: Sequence[Any], moved_ms: Sequence[int], margin: str = "110", waited_ms: int = 0
) -> Found:
    cell = Cell(venue="binanceusdm", kind=ADD, trouble=CLOSED, executed=executed, base="C000")
    id_ = position_of(cell)
    position = Position(
        id=id_, quantity=D(10), entry=D(100), leverage=D(10), mode=MarginMode.ISOLATED, margin=D(margin)
    )
    view = AccountView(
        account=ALICE,
        at_ms=9_000,
        positions={id_: position},
        wallets={},
        orders={},
        open_orders=(),
        trades=(),
        income=(),
        margin_moves=tuple(
            MarginMove(move_id=n, id=id_, at_ms=at_ms, amount=D(10), currency="USDT")
            for n, at_ms in enumerate(moved_ms)
        ),
    )
    moments = Moments(
        moved_ms=MOVED_MS, arrived_ms=ARRIVED_MS, within_ms=GOAL_MS, waited_ms=lambda _, __: waited_ms
    )
    return judge(cell, rows, view, moments).found


@pytest.mark.parametrize(
    ("executed", "rows", "moved_ms", "found"),
    [
        (True, DONE_AT_ONCE, [1_050], Found.OK),
        (False, DONE_LATER, [6_050], Found.OK),
        (True, HELD_UP, [1_050], Found.OK),
        (True, HELD_UP[:2], [1_050], Found.WRONG),
        (True, DONE_AT_ONCE, [1_050, 1_150], Found.DOUBLE),
        (True, DONE_LATER, [1_050, 6_050], Found.DOUBLE),
        (True, DONE_AT_ONCE, [], Found.LOST),
        (False, DONE_AT_ONCE, [], Found.LOST),
        (True, DONE_LATER, [1_050], Found.WRONG),
        (False, DONE_LATER, [5_900], Found.WRONG),
        (False, DONE_AT_ONCE, [1_050], Found.WRONG),
        (True, [], [1_050], Found.WRONG),
        (True, DONE_AT_ONCE[:2], [1_050], Found.LATE),
        (True, [DONE_AT_ONCE[0], an_outcome(1, "verified", 7_100)], [1_050], Found.LATE),
        (True, [DONE_AT_ONCE[0], an_outcome(1, "verified", 1_100, proof="")], [1_050], Found.WRONG),
        (
            False,
            TOO_SOON,
            [6_050],
            Found.WRONG,
        ),
    ],
)
def test_the_judge_tells_what_is_wrong_with_a_cell(
    executed: bool, rows: Sequence[Any], moved_ms: Sequence[int], found: Found
) -> None:
    assert judged(executed, rows, moved_ms) is found


@pytest.mark.parametrize(("waited_ms", "found"), [(199, Found.LATE), (200, Found.BUSY)])
def test_a_proof_is_late_where_no_want_of_a_processor_explains_it(waited_ms: int, found: Found) -> None:
    proven = an_outcome(1, "verified", ARRIVED_MS + GOAL_MS + 200)
    rows = [an_action(1, 1_000), proven]
    assert judged(True, rows, [1_050], waited_ms=waited_ms) is found


def test_what_threads_waited_for_a_processor_is_added_up(tmp_path: Path) -> None:
    threads = {"7/task/1": 3_000_000, "7/task/2": 1_000_000, "self/task/9": 3_000_000, "self/task/8": 9}
    for thread, waited_ns in threads.items():
        (tmp_path / thread).mkdir(parents=True)
        (tmp_path / thread / "schedstat").write_text(f"5000000 {waited_ns} 12\n")
    waiting = Waiting(7, 9, tmp_path)
    assert waiting.between(0, 10) == 0
    waiting.look(1_000)
    (tmp_path / "7" / "task" / "1" / "schedstat").write_text("6000000 53000000 13\n")
    waiting.look(2_000)
    waiting.look(3_000)
    assert waiting.waited_ms == [7, 57, 57]
    assert waiting.between(1_100, 1_900) == 50
    assert waiting.between(2_100, 9_000) == 0


def test_the_judge_looks_at_what_is_left_on_the_books() -> None:
    assert judged(True, DONE_AT_ONCE, [1_050], margin="120") is Found.WRONG


def test_one_proof_of_a_hundred_may_be_late_and_none_may_be_wrong() -> None:
    cell = Cell(venue="binanceusdm", kind=ADD, trouble=CLOSED, executed=True, base="C000")
    good = [Played(cell=cell, judgement=Judgement(found=Found.OK, took_ms=100))] * 200
    late = Played(cell=cell, judgement=Judgement(found=Found.LATE, took_ms=GOAL_MS + 1))
    never = Played(cell=cell, judgement=Judgement(found=Found.LATE))
    wrong = Played(cell=cell, judgement=Judgement(found=Found.WRONG, took_ms=100))
    assert held(good, GOAL_MS)
    assert held([*good, late], GOAL_MS)
    assert not held([*good, late, late, late], GOAL_MS)
    assert not held([*good, never], GOAL_MS)
    assert not held([*good, wrong], GOAL_MS)


def test_every_fault_of_a_reply_has_its_twin_and_every_cell_a_position_of_its_own() -> None:
    assert len(TROUBLES) == 15
    for venue in VENUES:
        for group in divided(venue, kinds_at(venue), TROUBLES):
            assert len({cell.symbol for cell in group}) == len(group)
    column = cells("binanceusdm", [ADD], TROUBLES)
    twins = [cell.trouble.name for cell in column if cell.trouble.way is Way.REPLY]
    assert all(twins.count(name) == 2 for name in twins)
    assert {cell.executed for cell in column if cell.trouble.way is not Way.REPLY} == {False}
