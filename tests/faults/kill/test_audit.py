"""The audit is worth what it catches: each wrong is done on the books or in the rows, and must be named."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bot.core.types import MarginMode, OrderKind, PositionId, Side
from bot.runtime.journal import JournalRow, Part
from bot.simulator import OrderRecord, World
from bot.simulator.world import OrderTerms
from bot.venues.paper import Opening
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, START_MS, a_world
from tests.faults.kill.audit import audit, deeds_in, open_deeds, prefixes

D = Decimal
ID = PositionId(ALICE, BTC, Side.LONG)
PLACED, ADDED = "hf-7-1", "hf-7-2"


def a_market() -> World:
    world = a_world()
    world.open(Opening(id=ID, quantity=D(10), leverage=D(10), mode=MarginMode.ISOLATED))
    return world


def a_stop(world: World, client_id: str, trigger: str = "92") -> None:
    terms = OrderTerms(
        client_id=client_id,
        id=ID,
        kind=OrderKind.STOP_MARKET,
        quantity=D(10),
        reduces=True,
        reduce_only=True,
        trigger=D(trigger),
    )
    assert isinstance(world.place(terms), OrderRecord)


def rows(*contents: tuple[str, dict[str, Any]]) -> list[JournalRow]:
    return [
        JournalRow(seq, 0, Part.NOTE, kind, 0, None, None, None, json.dumps(body), f"hash {seq}")
        for seq, (kind, body) in enumerate(contents, start=1)
    ]


def opened(epoch: int) -> tuple[str, dict[str, Any]]:
    return "Opened", {"epoch": str(epoch)}


def action(client_id: str, kind: str, /, **intent: Any) -> tuple[str, dict[str, Any]]:
    what = {"type": kind, "id": {"account": "main", "symbol": BTC}, **intent}
    return "Action", {"client_id": client_id, "intent": what, "deadline_ms": START_MS + 5_000}


def outcome(client_id: str, kind: str = "verified") -> tuple[str, dict[str, Any]]:
    return "Outcome", {"client_id": client_id, "kind": kind}


WHOLE = (
    opened(7),
    action(PLACED, "PlaceStop"),
    outcome(PLACED),
    action(ADDED, "AddMargin", amount="25.00"),
    opened(8),
    outcome(ADDED),
)


def a_good_market() -> World:
    world = a_market()
    a_stop(world, PLACED)
    assert world.move_margin(ID, D("25.0")) is None
    return world


def violations(world: World, found: Sequence[JournalRow]) -> list[str]:
    return audit(world, found, []).violations


def test_books_and_journal_that_agree_are_left_alone() -> None:
    found = rows(*WHOLE)
    assert violations(a_good_market(), found) == []
    (placed, added) = deeds_in(found)
    assert (placed.inherited, added.inherited, added.outcome) == (False, True, "verified")


def test_an_order_without_an_intent_is_caught() -> None:
    assert violations(a_good_market(), rows(opened(7), *WHOLE[3:])) == [
        f"I03 {PLACED}: an order without a committed intent"
    ]


def test_margin_that_moved_twice_is_caught() -> None:
    world = a_good_market()
    world.move_margin(ID, D("25.00"))
    (line,) = violations(world, rows(*WHOLE))
    assert line.startswith(f"I01 margin {BTC} 25: 1 moved more")
    assert audit(world, rows(*WHOLE), [(BTC, D(25))]).violations == []


def test_margin_that_was_taken_out_twice_is_caught() -> None:
    said = [*WHOLE, action("hf-8-1", "WithdrawMargin", amount="5.0"), outcome("hf-8-1")]
    world = a_good_market()
    assert violations(world, rows(*said)) == [f"I04 margin {BTC} -5: 1 verified that never moved"]
    world.move_margin(ID, D(-5))
    assert violations(world, rows(*said)) == []
    world.move_margin(ID, D(-5))
    (line,) = violations(world, rows(*said))
    assert line.startswith(f"I01 margin {BTC} -5: 1 moved more")


def test_an_order_that_was_placed_twice_is_caught() -> None:
    world = a_good_market()
    world.cancel(ALICE, next(iter(world.view(ALICE).orders)))
    a_stop(world, PLACED, "91")
    assert violations(world, rows(*WHOLE)) == [f"I01 {PLACED}: 2 orders"]


def test_an_outcome_that_is_not_true_is_caught() -> None:
    said = [each if each != outcome(PLACED) else outcome(PLACED, "not_applied") for each in WHOLE]
    assert violations(a_good_market(), rows(*said)) == [
        f"I04 {PLACED} PlaceStop: not_applied, and is on the books"
    ]
    said = [each if each != outcome(ADDED) else outcome(ADDED, "rejected") for each in WHOLE]
    assert len(violations(a_good_market(), rows(*said))) == 1
    assert violations(a_market(), rows(*WHOLE)) == [
        f"I04 {PLACED} PlaceStop: verified, and is not on the books",
        f"I04 margin {BTC} 25: 1 verified that never moved",
    ]


def test_a_stop_that_is_said_to_be_cancelled_and_rests_is_caught() -> None:
    said = [opened(7), action(PLACED, "PlaceStop"), outcome(PLACED)]
    said += [action("hf-7-3", "CancelStop", client_id=PLACED), outcome("hf-7-3")]
    world = a_market()
    a_stop(world, PLACED)
    assert violations(world, rows(*said)) == [f"I04 hf-7-3 CancelStop: verified, and {PLACED} rests"]
    world.cancel(ALICE, next(iter(world.view(ALICE).orders)))
    assert violations(world, rows(*said)) == []


def test_an_intent_without_an_outcome_is_caught_once_all_is_over() -> None:
    found = rows(*WHOLE[:-1])
    assert violations(a_good_market(), found) == [f"I04 {ADDED} AddMargin: no outcome"]
    assert audit(a_good_market(), found, [], over=False).violations == []
    assert [deed.client_id for deed in open_deeds(deeds_in(found))] == [ADDED]


def test_an_order_long_after_its_deadline_is_caught() -> None:
    late = [
        (kind, body | {"deadline_ms": START_MS - 1_500} if kind == "Action" else body) for kind, body in WHOLE
    ]
    assert violations(a_good_market(), rows(*late)) == [f"F46 {PLACED}: placed 1500 ms too late"]


def test_a_row_that_is_lost_or_another_one_is_caught() -> None:
    found = rows(*WHOLE)
    assert list(prefixes(found, [(6, "hash 6"), (2, "hash 2")])) == []
    assert list(prefixes(found, [(7, "hash 7"), (2, "other")])) == [
        "I24 row 7 was committed and is lost: the journal ends at 6",
        "I24 row 2 is another one than it was",
    ]
