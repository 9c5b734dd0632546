"""``holdfast calc``: one position by options, many by a file, and one clear line for what cannot be meant."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.calc import calc
from bot.cli.calc_names import FIGURES

D = Decimal
TEN_TIMES_LONG = ["--entry", "100", "--quantity", "1", "--leverage", "10", "--mmr", "0.01"]


def ran(*arguments: str | Path) -> Result:
    return CliRunner().invoke(calc, [str(argument) for argument in arguments])


def asked(*arguments: str) -> dict[str, Any]:
    result = ran(*arguments, "--json")
    assert result.exit_code in {0, 7}, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def batch(tmp_path: Path, *vectors: dict[str, Any], **options: Path) -> list[dict[str, Any]]:
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"vectors": vectors}), encoding="utf-8")
    result = ran("--batch", path, "--json", *(part for n, v in options.items() for part in (f"--{n}", v)))
    assert result.exit_code == 0, result.output
    results: list[dict[str, Any]] = json.loads(result.stdout)["results"]
    return results


def a_vector(**changes: Any) -> dict[str, Any]:
    """A long of 1 at 100, ten times, 1 % maintenance; figures are named, their values are nonsense."""
    vector: dict[str, Any] = {
        "id": "some",
        "venue": "binance_usdm",
        "kind": "linear",
        "mode": "isolated",
        "side": "long",
    }
    vector |= {"qty": 1, "entry": 100, "leverage": 10, "mmr": 0.01, "expected": {"liquidation_price": -1}}
    return vector | changes


def figures(tmp_path: Path, names: str, **changes: Any) -> dict[str, Any]:
    return batch(tmp_path, a_vector(expected=dict.fromkeys(names.split()), **changes))[0]


def refused(result: Result) -> str:
    assert result.exit_code in {2, 4}, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_one_position_is_calculated_from_its_options() -> None:
    answer = asked(*TEN_TIMES_LONG, "--mark", "95", "--tick", "0.01", "--venue", "binance")
    assert answer["venue"] == "binance_usdm"
    assert answer["liquidation_price"] == "90.91"
    assert answer["bankruptcy_price"] == "90"
    assert answer["margin"] == "10"
    assert answer["equity"] == "5"
    assert answer["maintenance_margin"] == "0.95"
    assert answer["margin_ratio"] == "0.19"
    assert answer["unrealized_pnl"] == "-5"
    assert answer["liquidatable"] is False


def test_people_get_a_table() -> None:
    result = ran(*TEN_TIMES_LONG, "--venue", "xt")
    assert result.exit_code == 0
    assert "isolated long at xt_linear" in result.output
    assert "liquidation price" in result.output
    assert "91" in result.output


def test_a_position_past_liquidation_exits_with_7() -> None:
    result = ran(*TEN_TIMES_LONG, "--mark", "90")
    assert result.exit_code == 7
    assert "LIQUIDATABLE" in result.output


def test_size_may_be_given_as_value() -> None:
    by_value = asked("--entry", "100", "--notional", "500", "--leverage", "10", "--mmr", "0.01")
    assert by_value["notional"] == "500"
    inverse = ["--kind", "inverse", "--venue", "binance", "--leverage", "10", "--mmr", "0.01"]
    assert asked("--entry", "100", "--notional", "5", *inverse)["notional"] == "5"


def test_cross_needs_a_wallet() -> None:
    assert refused(ran(*TEN_TIMES_LONG, "--mode", "cross")) == "give --wallet"
    assert asked(*TEN_TIMES_LONG, "--mode", "cross", "--wallet", "21")["liquidation_price"].startswith(
        "79.797"
    )


def test_a_long_without_leverage_has_no_liquidation_price() -> None:
    position = ["--entry", "100", "--quantity", "1", "--leverage", "1", "--mmr", "0.01"]
    assert asked(*position)["liquidation_price"] is None
    assert "no price at which" in ran(*position).output


def test_tiers_of_a_file_are_those_at_liquidation(tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.json"
    rows = [{"floor": 0, "cap": 700, "mmr": 0.01, "cum": 0}, {"floor": 700, "mmr": 0.05, "cum": 28}]
    tiers.write_text(json.dumps({"tiers": {"BTCUSDT": rows}}), encoding="utf-8")
    position = ["--entry", "100", "--quantity", "10", "--leverage", "2", "--symbol", "BTC/USDT:USDT"]
    answer = asked(*position, "--tiers", str(tiers))
    assert answer["liquidation_price"].startswith("50.50505")
    assert answer["mmr"] == "0.05"
    result = batch(tmp_path, a_vector(symbol="BTCUSDT", qty=10, leverage=2, mmr=None), tiers=tiers)
    assert result[0]["liquidation_price"].startswith("50.50505")


def test_tiers_that_count_contracts_need_the_size_of_one(tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.json"
    rows = [{"minSz": 0, "maxSz": 1000, "mmr": 0.004}, {"minSz": 1001, "maxSz": 5000, "mmr": 0.005}]
    tiers.write_text(json.dumps({"symbol": "BTC-USDT-SWAP", "tiers": rows}), encoding="utf-8")
    position = ["--venue", "okx", "--symbol", "BTC/USDT:USDT", "--tiers", str(tiers)]
    position += ["--entry", "60000", "--quantity", "20", "--leverage", "10"]
    line = refused(ran(*position))
    assert line == "give --contract-size, as tiers of okx_linear count contracts"
    # 20 BTC are 2,000 contracts of a hundredth each: the second tier.
    assert asked(*position, "--contract-size", "0.01")["mmr"] == "0.005"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--quantity", "1"], "give --entry"),
        (["--entry", "100"], "give --quantity or --notional, one of the two"),
        (["--entry", "100", "--quantity", "1", "--mmr", "0.01"], "give --margin or leverage"),
        (
            ["--entry", "100", "--quantity", "1", "--leverage", "5"],
            "give --mmr, or --tiers FILE with --symbol",
        ),
        ([*TEN_TIMES_LONG, "--mark", "NaN"], "mark is 'NaN', expected a number"),
        ([*TEN_TIMES_LONG, "--mark", "-5"], "mark is -5, expected above 0"),
        ([*TEN_TIMES_LONG, "--margin", "lots"], "margin is 'lots', expected a number"),
        # A rate of one or more would make every position liquidatable without a price where it is.
        ([*TEN_TIMES_LONG[:-1], "1.5"], "mmr is 1.5, expected below 1: a fraction, 0.004 is 0.4 percent"),
        ([*TEN_TIMES_LONG, "--taker-fee", "1"], "taker_fee is 1, expected below 1"),
        ([*TEN_TIMES_LONG, "--venue", "nowhere"], "no margin rules for the venue 'nowhere'"),
        (
            ["--entry", "1e999999", "--quantity", "1e999999", "--leverage", "1", "--mmr", "0.1"],
            "out of range",
        ),
        (
            ["--entry", "1", "--notional", "1e999999999", "--mmr", "0.1"],
            "--notional is 1e999999999, which is out",
        ),
        ([*TEN_TIMES_LONG, "--tiers", "/no/such/file"], "/no/such/file: No such file"),
        (["--batch", "/no/such/file"], "/no/such/file: No such file"),
    ],
)
def test_what_cannot_be_meant_ends_in_one_line(arguments: list[str], message: str) -> None:
    assert message in refused(ran(*arguments))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no JSON"),
        ("{", ":1: no JSON"),
        ("3", "no positions; expected a list"),
        ('{"vectors": 3}', "no positions"),
    ],
)
def test_a_bad_file_ends_in_one_line_with_its_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "vectors.json"
    path.write_text(content, encoding="utf-8")
    line = refused(ran("--batch", path, "--json"))
    assert line.startswith(str(path))
    assert message in line


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ({"entry": float("nan")}, "entry is nan, expected a number"),
        ({"qty": -1}, "qty is -1, expected above 0"),
        ({"qty": {"a": 1}}, "qty is an object, expected a number"),
        ({"mark": "x"}, "mark is 'x', expected a number"),
        ({"mark": True}, "mark is true, expected a number"),
        ({"side": "up"}, "side is 'up', expected one of long, short"),
        ({"mmr": 1.5}, "mmr is 1.5, expected below 1"),
        ({"entry": "1e999999", "qty": "1e999999"}, "out of range"),
        ({"funding_events": 3}, "no list of settlements"),
        ({"funding_events": [{"t": "soon", "mark": 1, "rate": 1}]}, "time is 'soon'"),
        ({"mode": "cross", "wallet": 1, "other_positions": [3]}, "no list of positions"),
        (
            {"mode": "cross", "wallet": 1, "other_positions": [{"entry": -1}]},
            "other_positions[0] entry is -1",
        ),
    ],
)
def test_a_bad_vector_takes_no_figure_from_the_others(
    tmp_path: Path, spoilt: dict[str, Any], message: str
) -> None:
    name = "funding" if "funding_events" in spoilt else "liquidation_price"
    good, bad, after = batch(
        tmp_path, a_vector(), a_vector(id="bad", expected=[name], **spoilt), a_vector(id="after")
    )
    assert good["liquidation_price"] == after["liquidation_price"]
    assert good["liquidation_price"].startswith("90.909")
    assert bad["id"] == "bad"
    assert message in bad["unsupported"][name]


def test_a_bad_input_takes_only_the_figures_that_need_it(tmp_path: Path) -> None:
    found = figures(tmp_path, "notional funding", funding_events=3, mark=100)
    assert found["notional"] == "100"
    assert "no list of settlements" in found["unsupported"]["funding"]


@pytest.mark.parametrize(
    ("spoilt", "id_", "message"),
    [
        ("3", None, "vector 1 is no object"),
        ('{"venue": "okx"}', None, "vector 1 has no id"),
        ('{"id": "a", "expected": 3}', "a", "expected names no figures"),
    ],
)
def test_what_is_no_vector_has_an_error_in_its_place(
    tmp_path: Path, spoilt: str, id_: str | None, message: str
) -> None:
    path = tmp_path / "vectors.json"
    path.write_text(f"[{json.dumps(a_vector())}, {spoilt}]", encoding="utf-8")
    good, bad = json.loads(ran("--batch", path, "--json").stdout)["results"]
    assert good["liquidation_price"].startswith("90.909")
    assert bad["id"] == id_
    assert message in bad["error"]


def test_the_values_of_expected_are_never_looked_at(shared: Path, tmp_path: Path) -> None:
    original = shared / "data/margin/vectors.json"
    vectors = json.loads(original.read_text(encoding="utf-8"))["vectors"]
    scrambled = tmp_path / "scrambled.json"
    for vector in vectors:
        vector["expected"] = {name: {"a": "lie"} for name in vector["expected"]}
    scrambled.write_text(json.dumps(vectors), encoding="utf-8")
    tiers = shared / "data/tiers/freqtrade_test_fixture.json"
    with_values = ran("--batch", original, "--json", "--tiers", tiers)
    without = ran("--batch", scrambled, "--json", "--tiers", tiers)
    assert with_values.exit_code == 0
    assert with_values.stdout == without.stdout
    assert len(json.loads(without.stdout)["results"]) == len(vectors)


def test_a_batch_answers_with_the_names_that_were_asked_for(tmp_path: Path) -> None:
    found = figures(tmp_path, "liquidationPrice upl unrealised_pnl maint_margin initial_margin_20x", mark=110)
    assert found["id"] == "some"
    assert found["liquidationPrice"].startswith("90.9090909")
    assert found["upl"] == found["unrealised_pnl"] == "10"
    assert found["maint_margin"] == "1.1"
    assert found["initial_margin_20x"] == "5.5"


def test_what_is_not_supported_says_why(tmp_path: Path) -> None:
    found = figures(tmp_path, "moon_phase upl liquidation_price initial_margin_0x", mmr=None)
    assert found["unsupported"]["moon_phase"].startswith("not a figure")
    assert found["unsupported"]["upl"] == "needs mark"
    assert found["unsupported"]["liquidation_price"] == "needs mmr or a file of tiers"
    assert "leverage of 0" in found["unsupported"]["initial_margin_0x"]


def test_no_liquidation_price_is_null(tmp_path: Path) -> None:
    assert figures(tmp_path, "liquidation_price distance", leverage=1, mark=90) == {
        "id": "some",
        "liquidation_price": None,
        "distance": None,
    }


@pytest.mark.parametrize(
    ("changes", "names", "expected"),
    [
        # What backs the position follows from whatever is given; each of these is a margin of 10.
        ({"margin": 10, "leverage": None}, "liquidation_price", "90.909"),
        ({"isolated_margin": 15, "unrealized_pnl": 5, "leverage": None}, "liquidation_price", "90.909"),
        ({"isolated_margin": 15, "mark": 105, "leverage": None}, "liquidation_price", "90.909"),
        ({"raw_usd": -90, "leverage": None}, "liquidation_price", "90.909"),
        ({"margin_ratio": 0.07, "mark": 105, "leverage": None}, "liquidation_price", "90.909"),
        ({"margin": None, "leverage": 20, "extra_margin": 5}, "liquidation_price", "90.909"),
        ({"mode": "cross", "wallet": 10}, "liquidation_price", "90.909"),
        ({"mode": "cross", "account_value": 15, "mark": 105}, "liquidation_price", "90.909"),
        ({"mode": "cross", "bankruptcy_price": 90}, "liquidation_price", "90.909"),
        # The mark follows from what was valued at it.
        ({"notional": 95}, "unrealized_pnl", "-5"),
        ({"imr": 9.5}, "unrealized_pnl", "-5"),
        ({"unrealized_pnl": -5}, "notional", "95"),
        ({"kind": "inverse", "qty": 100, "notional": 2}, "unrealized_pnl", "-1"),
        ({"kind": "inverse", "qty": 100, "unrealized_pnl": -1}, "notional", "2"),
        # The size follows from value and price, and of a leverage alone it does not matter.
        ({"qty": None, "notional": 200, "mark": 100}, "maintenance_margin", "2"),
        ({"qty": None, "mmr": None}, "bankruptcy_price", "90"),
        ({"qty": None, "entry": None, "notional": 200}, "maintenance_margin", "2"),
        ({"qty": None, "contracts": 50, "contract_size": 0.1, "mark": 100}, "notional", "500"),
        # The rate follows from the tier's leverage, or from what is required.
        ({"venue": "hyperliquid", "mmr": None, "max_leverage": 50}, "liquidation_price", "90.909"),
        ({"mmr": None, "maintenance_margin": 1.05, "mark": 105}, "liquidation_price", "90.909"),
        ({"mmr": 0.02, "maint_amount": 1}, "liquidation_price", "90.816"),
        # Other positions of the account.
        (
            {
                "mode": "cross",
                "wallet": 12,
                "other_positions": [
                    {"symbol": "E", "side": "short", "qty": 1, "entry": 98, "mark": 99, "mmr": 0.01}
                ],
            },
            "liquidation_price",
            "90.898",
        ),
        (
            {"mode": "cross", "wallet": 12, "mark": 100, "cross_maintenance_used": 3},
            "liquidation_price",
            "90.909",
        ),
        ({"mode": "cross", "wallet": 12, "mark": 100, "total_notional": 300}, "liquidation_price", "90.909"),
        (
            {
                "mode": "cross",
                "wallet": 50,
                "symbol": "B",
                "qty": 3,
                "mark": 100,
                "other_positions": [{"symbol": "B", "side": "short", "qty": 1, "entry": 110}],
            },
            "liquidation_price",
            "71.428",
        ),
        # Margin added, and a position enlarged.
        ({"venue": "bybit", "extra_margin": 5}, "liquidation_price_before", "91"),
        ({"venue": "bybit"}, "liquidation_price_after_add_5", "86"),
        (
            {"venue": "bybit", "extra_margin": 10, "scale_in": {"qty": 1, "price": 100}},
            "liquidation_price_after_scale_in",
            "86",
        ),
        ({"margin": 10}, "liquidation_price_buffer10pct", "91.818"),
        ({"side": "BUY", "mode": "crossed", "wallet": 10}, "liquidation_price", "90.909"),
        ({"venue": "nowhere"}, "bankruptcy_price", "90"),
        # Gate prints a leverage of 0 for cross.
        ({"venue": "gate", "mode": "cross", "leverage": 0, "wallet": 10}, "liquidation_price", "90.978"),
        # An unknown venue whose source states the formula.
        ({"venue": "nowhere", "formula": "by_lin"}, "liquidation_price", "91"),
        ({"venue": "nowhere", "formula": "lin (mmr+fee)", "taker_fee": 0.01}, "liquidation_price", "91.836"),
        (
            {
                "venue": "nowhere",
                "formula": "bitget_cross_frozen: x",
                "mode": "cross",
                "wallet": 10,
                "mark": 120,
            },
            "liquidation_price",
            "91.2",
        ),
        ({"venue": "nowhere", "mark": 105}, "unrealized_pnl", "5"),
        # Ratios the way each venue prints them.
        ({"venue": "okx", "mark": 100, "taker_fee": 0.0005}, "mgn_ratio", "9.523"),
        ({"venue": "bitget", "mark": 100, "taker_fee": 0.0005}, "mgn_ratio", "0.105"),
        ({"venue": "okx", "mark": 100, "taker_fee": 0.0005}, "maintenance_margin", "1"),
        ({"venue": "okx", "mode": "cross", "mgn_ratio": 10, "mark": 100, "taker_fee": 0.01}, "equity", "20"),
        ({"venue": "bitget", "mark": 100, "taker_fee": 0.0005}, "maintenance_margin", "1.05"),
        ({"venue": "bitget", "mark": 100, "taker_fee": 0.0005}, "fixed_margin_rate", "0.0995"),
        ({"mark": 105}, "roe", "0.476"),
        ({"mark": 105}, "effective_leverage", "7"),
        ({"mark": 100, "liquidation_fee": 1}, "liquidation_fee", "1.136"),
        ({"mark": 100}, "removable_margin", "0"),
        ({"mark": 95}, "loss_at_liquidation", "5"),
        ({"mark": 100}, "distance", "0.0909"),
        ({"mode": "cross", "wallet": 10, "mark": 110}, "margin_used", "11"),
        ({"mode": "cross", "wallet": 10, "mark": 110}, "wallet", "10"),
        ({"mark": 100}, "maintenance_margin_old", "1"),
        ({"mark": 100, "maint_amount": 0.5}, "maintenance_margin_new", "0.5"),
        ({"price": 50, "taker_fee": 0.01}, "margin_frozen", "5.5"),
    ],
)
def test_figures_follow_from_what_is_given(
    tmp_path: Path, changes: dict[str, Any], names: str, expected: str
) -> None:
    found = figures(tmp_path, names, **changes)
    assert found.get("unsupported", {}) == {}
    assert found[names].startswith(expected)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mark": 2, "funding_rate": 0.01}, "-0.2"),
        ({"funding_events": [{"mark": 2, "rate": 0.01}, {"mark": 3, "rate": -0.01}]}, "0.1"),
        # Only what was held is paid; seconds after the hour still count as held.
        ({"open": "2026-01-01 08:00:14", "close": "2026-01-01 12:00:00"}, "-0.1"),
        ({"open": "2026-01-01 08:00:15", "close": "2026-01-01 16:00:00"}, "-0.1"),
        ({"open": "2026-01-01 00:00:00", "close": "2026-01-02 00:00:00"}, "-0.3"),
    ],
)
def test_funding_is_paid_for_what_was_held(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    events = [{"t": t, "mark": 1, "rate": 0.01} for t in ("08:00", "16:00", "00:00")]
    given = (
        fields
        if "funding_rate" in fields or "funding_events" in fields
        else fields | {"funding_events": events}
    )
    found = figures(tmp_path, "funding_pnl funding_pnl_long funding_pnl_short", qty=10, entry=None, **given)
    assert found["funding_pnl"] == found["funding_pnl_long"] == expected
    assert D(found["funding_pnl_short"]) == -D(expected)


def test_a_list_of_positions_without_figures_gets_the_usual_ones(tmp_path: Path) -> None:
    path = tmp_path / "positions.json"
    path.write_text(
        json.dumps([{"id": "a", "qty": 1, "entry": 100, "leverage": 10, "mmr": 0.01}]), encoding="utf-8"
    )
    found = json.loads(ran("--batch", path, "--json").stdout)["results"][0]
    assert found["liquidation_price"].startswith("90.909")
    assert found["unsupported"]["unrealized_pnl"] == "needs mark"


def test_every_figure_is_listed_with_its_synonyms() -> None:
    listed = json.loads(ran("--figures", "--json").stdout)["figures"]
    assert {row["figure"] for row in listed} >= set(FIGURES)
    assert all(row["is"] for row in listed)
    text = ran("--figures").output
    assert "upl" in text
    assert "initial_margin_<N>x" in text


def test_no_two_figures_share_a_name() -> None:
    names = [name for figure, (_, others) in FIGURES.items() for name in (figure, *others)]
    assert len(names) == len(set(names))


def test_it_starts_without_the_heavy_libraries() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from bot.cli.calc import calc\n"
        f"assert CliRunner().invoke(calc, {TEN_TIMES_LONG!r}).exit_code == 0\n"
        "assert not {'ccxt', 'numpy', 'pydantic', 'rich', 'aiosqlite', 'asyncio'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
