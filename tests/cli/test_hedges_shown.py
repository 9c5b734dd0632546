"""How hedges appear: in the answer of a replay, in its text and in a summary, flagged as synthetic."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.cli.deeds import deeds
from bot.cli.replay_text import comparison, report
from bot.config import Settings, load
from bot.lab.replay.run import replay
from bot.lab.scenario import flash_crash

PAPER = Path(__file__).parents[2] / "config" / "paper.toml"
QUARTERLY = "BTC/USDT:USDT-251226"
"""The flash crash is in October 2025; the last Friday of December is the 26th."""
BITCOIN = "main/BTC/USDT:USDT/long"

Row = Mapping[str, Any]
Edit = Callable[[str], str]


def played(settings: Settings) -> dict[str, Any]:
    return asyncio.run(replay(flash_crash(), settings)).to_json()


@cache
def shipped() -> dict[str, Any]:
    return played(load(PAPER, {}))


def changed(tmp_path: Path, edit: Edit) -> dict[str, Any]:
    path = tmp_path / "bot.toml"
    text = PAPER.read_text()
    assert edit(text) != text
    path.write_text(edit(text))
    return played(load(path, {}))


def rows(answer: Row, part: str, intent: str) -> list[Row]:
    return [row for row in answer[part] if row["intent"] == intent]


def test_a_hedge_is_an_action_on_what_it_guards_in_the_contract_it_is_made_of() -> None:
    (opened,) = rows(shipped(), "actions", "OpenHedge")
    (closed,) = rows(shipped(), "actions", "CloseHedge")
    for row in (opened, closed):
        assert (row["symbol"], row["side"], row["contract"]) == ("BTC/USDT:USDT", "long", QUARTERLY)
        assert (row["rule"], row["unit"], row["synthetic"]) == ("quarterly_hedge", "base", True)
    # 15,000 at 121,500 is 0.123 coins in whole lots, and all of it is hedged.
    assert opened["amount"] == "0.123"
    assert float(opened["cost"]) > 0
    assert opened["distance_before"] == opened["distance_after"]  # an isolated leg dies where it did


def test_nothing_is_refused_twice_in_the_same_words_at_one_instant() -> None:
    refused = [json.dumps(row, sort_keys=True) for row in shipped()["refusals"]]
    assert len(refused) == len(set(refused)) > 0


def test_the_hedge_follows_the_position_it_guards_to_the_lot() -> None:
    followed = [row for row in rows(shipped(), "actions", "ReducePosition") if row["rule"] == "keeper"]
    reduced = [row for row in rows(shipped(), "actions", "ReducePosition") if row["rule"] == "partial_close"]
    assert [row["amount"] for row in followed] == [row["amount"] for row in reduced]
    assert all(
        (row["symbol"], row["side"], row["synthetic"]) == (QUARTERLY, "short", True) for row in followed
    )
    assert all(BITCOIN in row["reason"] for row in followed)
    assert not any(row["synthetic"] for row in reduced)


def test_what_a_hedge_earned_is_beside_the_others_and_nothing_is_beside_it() -> None:
    (hedge,) = [row for row in shipped()["final"]["positions"] if row["symbol"] == QUARTERLY]
    assert (hedge["open"], hedge["synthetic"]) == (False, True)
    assert float(hedge["realised"]) > 0
    lines = {line.split("  ")[1]: line for line in comparison(shipped()).splitlines()[1:]}
    line = lines[f"main/{QUARTERLY} (synthetic)/short"]
    assert "closed, realised " in line
    assert line.endswith(" -")
    assert lines[BITCOIN].endswith("liquidated")


def test_the_money_at_the_end_is_what_was_there_and_everything_that_was_realised() -> None:
    answer = shipped()
    equity = sum(Decimal(pool["equity"]) for pool in answer["final"]["pools"])
    parts = sum(
        Decimal(row["realised"]) + Decimal(row["unrealised"]) - Decimal(row["fees"])
        for row in answer["final"]["positions"]
    )
    assert equity == 6500 + parts


def mentions(value: object) -> Iterator[tuple[Row, bool]]:
    """Every object that speaks of the quarterly in a text of its own, and whether it says synthetic."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and any(QUARTERLY in each for each in children if isinstance(each, str)):
        yield value, value.get("synthetic") is True
    for child in children:
        yield from mentions(child)


def test_every_object_that_speaks_of_a_modelled_contract_says_synthetic() -> None:
    found = [row for row, says in mentions(shipped()) if not says]
    assert found == []
    assert any("subject" in row for row, _ in mentions(shipped()))


def test_the_text_says_where_the_hedge_is_and_that_its_prices_are_modelled() -> None:
    text = " ".join(report(shipped()).split())
    assert f"quarterly_hedge OpenHedge BTC/USDT:USDT in {QUARTERLY} (synthetic) long 0.123 " in text
    assert f"keeper ReducePosition {QUARTERLY} (synthetic) short " in text


def test_the_summary_has_every_rule_and_what_was_done_instead() -> None:
    rules = load(PAPER, {}).rules
    lines = dict(line.split(maxsplit=1) for line in deeds(shipped(), rules).splitlines())
    assert list(lines) == [*(entry.name for entry in rules), "keeper", "seatbelt"]
    assert lines["cut_leverage"] == "1 AddMargin (249.08) instead of CutLeverage"
    assert lines["quarterly_hedge"].startswith("1 OpenHedge (0.123); 1 CloseHedge (")
    assert "refused: budget" in lines["top_up"]
    assert "its stop closed " in lines["atr_stop"]


def test_a_rule_that_did_nothing_is_in_the_summary_too() -> None:
    answer: Row = {"actions": [], "refusals": [], "triggered": []}
    rules = load(PAPER, {}).rules[:1]
    assert deeds(answer, rules) == "  cut_leverage  had nothing to do"


OWN = f"""
[[paper.positions]]
symbol = "{QUARTERLY}"
side = "short"
quantity = 0.01
leverage = 3
entry = "first"

# ---- walls"""


def in_cross_with_a_trailing_stop(text: str) -> str:
    text = text.replace('margin_mode = "isolated"', 'margin_mode = "cross"', 1)
    text = text.replace("notional = 26_000", "notional = 1_000").replace("below = 0.055", "below = 0.45")
    text = text.replace("calm = 0.13", "calm = 0.9")
    return text.replace('use = "atr_stop"\nsymbols = ["ETH/USDT:USDT"]', 'use = "atr_stop"')


@pytest.mark.parametrize(
    ("because", "intent", "edit"),
    [
        ("depth", "OpenHedge", lambda text: text.replace("hedge_depth = 2 ", "hedge_depth = 1000 ")),
        ("basis", "OpenHedge", lambda text: text.replace("basis = 0.03", "basis = 0.001")),
        ("foreign", "OpenHedge", lambda text: text.replace("\n# ---- walls", OWN)),
        ("minimum", "OpenHedge", lambda text: text.replace("hedge_notional = 20_000", "hedge_notional = 50")),
        ("paired", "MoveStop", in_cross_with_a_trailing_stop),
    ],
)
def test_a_refused_hedge_says_why(because: str, intent: str, edit: Edit, tmp_path: Path) -> None:
    answer = changed(tmp_path, edit)
    found = [row for row in answer["refusals"] if row["because"].startswith(f"{because}: ")]
    assert found, json.dumps(answer["refusals"], indent=1)[:3000]
    row = next(row for row in found if row["intent"] in (intent, "PlaceStop"))
    if intent == "OpenHedge":
        assert (row["contract"], row["unit"], row["synthetic"]) == (QUARTERLY, "base", True)
        assert row["symbol"] == "BTC/USDT:USDT"
