"""Published and live-account figures, none of them computed here, reconcile within their tolerance.

Every figure of every independent vector that agrees with its own formula is checked. What is left out is
named here, with the reason.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli.calc_case import Case
from bot.cli.calc_names import answer
from bot.cli.calc_terms import TierSource

NO_MARK = "the source gives no mark, notional or wallet, and the figure depends on it"

LEFT_OUT = {
    ("bin-cross-btc-acct", "total_margin_balance"): (
        "multi-assets account: USDT was worth 0.99985 USD, which is no input; the source's wallet "
        "and profit add up to 26.26848566"
    ),
    ("okx-ccxt-btc-cross", "liquidation_price"): NO_MARK,
    ("okx-ccxt-btc-cross", "mmr_amt"): NO_MARK,
    ("okx-ccxt-btc-cross", "imr"): NO_MARK,
    ("blofin-ltc-cross", "liquidation_price"): NO_MARK,
    ("blofin-ltc-cross", "maintenance_margin"): NO_MARK,
    ("htx-lin-iso", "risk_rate"): NO_MARK,
    ("lighter-eth", "total_asset_value"): NO_MARK,
}
"""The missing inputs of the two OKX vectors and of the other two are themselves among what is expected."""


def counted(shared: Path) -> list[dict[str, Any]]:
    text = (shared / "data/margin/vectors.json").read_text(encoding="utf-8")
    vectors = json.loads(text, parse_float=Decimal, parse_int=Decimal)["vectors"]
    return [v for v in vectors if v["independent"] and v["reconciles"]]


def answered(shared: Path, vector: dict[str, Any]) -> tuple[dict[str, str | None], dict[str, str]]:
    source = TierSource(shared / "data/tiers/freqtrade_test_fixture.json")
    inputs = {name: value for name, value in vector.items() if name != "expected"}
    return answer(Case(inputs, source), vector["expected"])


def test_every_counted_figure_reconciles(shared: Path) -> None:
    wrong = {}
    checked = 0
    for vector in counted(shared):
        found, unsupported = answered(shared, vector)
        for name, expected in vector["expected"].items():
            if (vector["id"], name) in LEFT_OUT:
                continue
            checked += 1
            value = found.get(name)
            if value is None or abs(Decimal(value) - expected) > abs(expected) * vector["tol_rel"]:
                wrong[vector["id"], name] = (expected, value, unsupported.get(name))
    assert wrong == {}
    assert checked >= 140


def test_what_is_left_out_really_cannot_be_calculated(shared: Path) -> None:
    vectors = {vector["id"]: vector for vector in counted(shared)}
    needless = []
    for (id_, name), reason in LEFT_OUT.items():
        found, unsupported = answered(shared, vectors[id_])
        if reason is NO_MARK and name not in unsupported:
            needless.append((id_, name, found[name]))
    assert needless == []


@pytest.mark.parametrize(
    ("id_", "name", "text"),
    [
        # The notional is what the venue's initial margin implies; the mark, its last price beside the figure.
        ("okx-ccxt-btc-cross", "liquidation_price", {"notional": Decimal("341.3218608358957")}),
        ("htx-lin-iso", "risk_rate", {"mark": Decimal("47158.6")}),
    ],
)
def test_a_figure_left_out_reconciles_once_its_mark_is_known(
    shared: Path, id_: str, name: str, text: dict[str, Decimal]
) -> None:
    vector = next(v for v in counted(shared) if v["id"] == id_)
    found, _ = answered(shared, vector | text)
    value = found[name]
    expected = vector["expected"][name]
    assert value is not None
    assert abs(Decimal(value) - expected) <= abs(expected) * vector["tol_rel"]
