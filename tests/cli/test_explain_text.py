"""What ``holdfast explain`` says to people, from answers of a running bot."""

from typing import Any

import pytest

from bot.cli.explain_text import report

POSITION: dict[str, Any] = {
    "id": {"account": "main", "symbol": "BTC/USDT:USDT", "side": "long"},
    "mark": "100",
    "liquidation": "90",
    "distance": "0.1",
    "margin_ratio": "0.05",
    "protected_by": "hf-1-1",
    "naked_since_ms": None,
    "synthetic": False,
    "hedges": [],
    "rules": [],
}


def answer(state: str) -> dict[str, Any]:
    return {
        "symbol": "BTC/USDT:USDT",
        "synthetic": False,
        "synthetic_contracts": ["BTC/USDT:USDT-261225"],
        "source": "the running bot",
        "mark_at_ms": None,
        "states": {"main": state},
        "positions": [POSITION],
        "closed": [],
        "last": [],
    }


@pytest.mark.parametrize("state", ["recovering", "reducing", "blind", "auth_lost", "halted"])
def test_why_nothing_is_done_for_the_whole_account_stands_above_its_rules(state: str) -> None:
    assert f"\n  main is {state}: " in report(answer(state))


def test_a_contract_with_modelled_prices_is_said_to_be_that_also_where_nothing_is_held() -> None:
    gone = {"symbol": "BTC/USDT:USDT-261225", "synthetic": True, "positions": []}
    assert "BTC/USDT:USDT-261225 (synthetic): no open position" in report(answer("armed") | gone)


def test_whatever_speaks_of_a_contract_with_modelled_prices_says_so() -> None:
    hedged = {**POSITION, "protected_by": "the pair with BTC/USDT:USDT-261225"}
    said = report({**answer("armed"), "positions": [hedged]})
    assert "protected by the pair with BTC/USDT:USDT-261225 (synthetic)\n" in said
    assert said.startswith("main/BTC/USDT:USDT/long\n")


def test_an_account_that_is_guarded_needs_no_word() -> None:
    assert "main is" not in report(answer("armed"))


def test_a_rule_that_a_person_paused_says_until_when_and_a_latched_one_how_it_is_released() -> None:
    rule: dict[str, Any] = {
        "rule": "top_up",
        "conditions": [],
        "verdict": "quiet: its conditions do not hold",
        "last_refusal": None,
        "times_acted": 0,
        "parked": False,
        "paused_until_ms": 1_760_134_360_000,
        "latched": True,
        "shadow": False,
        "when": None,
        "confirms_for_ms": 0,
        "confirmed_in_ms": None,
        "table": [],
    }
    said = report({**answer("armed"), "positions": [{**POSITION, "rules": [rule]}]})
    assert (
        "  top_up (paused until 2025-10-10 22:12:40) (latched until you say holdfast release top_up): quiet"
        in said
    )


def test_the_condition_on_a_rule_is_shown_with_its_parts_and_what_is_left_to_confirm() -> None:
    parts = [
        {"text": "distance < 0.08", "values": [["distance", "0.0712"]], "holds": True, "unknown": None},
        {"text": "close_1h < 99", "values": [["close_1h", "unknown"]], "holds": False, "unknown": "no bar"},
    ]
    rule: dict[str, Any] = {
        "rule": "top_up",
        "conditions": [],
        "verdict": "quiet: its conditions do not hold",
        "last_refusal": None,
        "times_acted": 0,
        "parked": False,
        "paused_until_ms": None,
        "latched": False,
        "shadow": False,
        "when": {"text": "distance < 0.08 or close_1h < 99", "holds": True, "parts": parts},
        "confirms_for_ms": 3_000,
        "confirmed_in_ms": 1_250,
        "table": [["lever", "cost", "takes"], ["close", "1.20", "a part"]],
    }

    def said(**changed: Any) -> list[str]:
        shown = report({**answer("armed"), "positions": [{**POSITION, "rules": [rule | changed]}]})
        return [line.rstrip() for line in shown.splitlines()]

    lines = said()
    at = lines.index("      when distance < 0.08 or close_1h < 99: holds")
    assert lines[at + 1].split() == ["distance", "<", "0.08", "distance", "now", "0.0712", "holds"]
    assert lines[at + 2].endswith("close_1h now unknown  no bar")
    assert lines[at + 3] == "      confirms for 3 s: 1.25 s left"
    assert lines[at + 4 : at + 6] == ["      lever  cost  takes", "      close  1.20  a part"]
    assert "      confirms for 3 s: confirmed" in said(confirmed_in_ms=0)
    assert "      confirms for 3 s: not everything holds now" in said(confirmed_in_ms=None)
