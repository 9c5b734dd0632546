from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, load
from bot.core.types import PositionMode, Symbol

Write = Callable[..., Path]


def line(path: Path, text: str, nth: int = 1) -> int:
    """Line of the nth line that contains ``text``."""
    lines = [
        n for n, found in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1) if text in found
    ]
    return lines[nth - 1]


def mistakes(*paths: Path, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(paths, environ)
    return str(caught.value).splitlines()


def test_a_valid_file_becomes_settings(write: Write) -> None:
    settings = load(write(), {})
    assert settings.config.accounts["main"].position_mode is PositionMode.ONE_WAY
    assert settings.config.accounts["main"].balance == Decimal(5000)
    assert [entry.name for entry in settings.rules] == ["early"]
    assert settings.rules[0].rule.params.below == Decimal("0.08")
    assert settings.warnings == ()


def test_numbers_are_exactly_what_was_typed(write: Write) -> None:
    path = write("tick = 0.1\nlot = 0.001", 'tick = "0.10000000000000000001"\nlot = 0.10000000000000000003')
    contract = load(path, {}).config.contracts[Symbol("BTC/USDT:USDT")]
    assert contract.tick == Decimal("0.10000000000000000001")
    assert contract.lot == Decimal("0.10000000000000000003")


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "parts"),
    [
        (
            '"long"',
            '"lng"',
            "side",
            "paper.positions[1].side",
            ['found "lng"', '"long" or "short"', 'mean "long"'],
        ),
        ("lot = 0.001", "lot = 0", "lot", 'contracts."BTC/USDT:USDT".lot', ["found 0", "above 0"]),
        (
            "0.004",
            "1.4",
            "1.4",
            'contracts."BTC/USDT:USDT".tiers[1].rate',
            ["found 1.4", "above 0 and below 1"],
        ),
        ("balance", "balanse", "balanse", "accounts.main.balanse", ["unknown key", 'mean "balance"']),
        (
            "schema_version = 1",
            "schema_version = 1\nlimits.campaign_gap = '1d'",
            "campaign_gap",
            "limits.campaign_gap",
            ["no such key any more", "streak_gap", "margin_per_streak"],
        ),
        ("leverage", "Leverage", "Lev", "paper.positions[1].Leverage", ["unknown key", 'mean "leverage"']),
        (
            "below = 0.08",
            "below = 1.4",
            "below",
            "rules[1].params.below",
            ["found 1.4", "above 0 and below 1"],
        ),
        (
            "below = 0.08",
            "below = 1.4",
            "below",
            "rules[1].params.below",
            ["liquidation is nearer than this"],
        ),
        ("below =", "belov =", "belov", "rules[1].params.belov", ["unknown key", 'mean "below"', "times"]),
        ("0.08 }", '0.08, times = "x" }', "times", "rules[1].params.times", ['found "x"', "a whole number"]),
        ("name = ", "cooldown = 10\nname = ", "cooldown", "rules[1].cooldown", ["found 10", '"10m"']),
        ("usdm", "usd", "usd", "accounts.main.margin_rules", ['mean "binance_usdm"']),
        (
            "balance = 5000",
            "balance = 1e18",
            "balance",
            "accounts.main.balance",
            ["found 1E+18", "18 digits"],
        ),
        (
            "balance = 5000",
            "balance = 1e-19",
            "balance",
            "accounts.main.balance",
            ["found 1E-19", "18 digits"],
        ),
        ("balance = 5000", "balance = nan", "balance", "accounts.main.balance", ["found NaN", "a number"]),
        ("balance = 5000", "balance = true", "balance", "accounts.main.balance", ["found true", "a number"]),
        ("schema_version = 1", "schema_version = 2", "schema", "schema_version", ["found 2", '"1"']),
        (
            '"BTC/USDT:USDT"\nside',
            '"BTCUSDT"\nside',
            "BTCUSDT",
            "paper.positions[1].symbol",
            ["BTC/USDT:USDT"],
        ),
        (
            "[accounts.main]",
            "[accounts.'a/b']",
            "[acc",
            'accounts."a/b"',
            ['found "a/b"', "up to 20 letters"],
        ),
    ],
)
def test_a_mistake_is_named_with_line_key_and_remedy(
    write: Write, old: str, new: str, at: str, key: str, parts: list[str]
) -> None:
    path = write(old, new)
    found = [text for text in mistakes(path) if text.startswith(f"{path}:{line(path, at)}: {key}: ")]
    assert len(found) == 1
    assert all(part in found[0] for part in parts), found[0]


def test_a_missing_key_is_reported_at_its_table(write: Write) -> None:
    path = write("leverage = 10\n", "")
    assert mistakes(path)[0].startswith(
        f"{path}:{line(path, '[[paper')}: paper.positions[1].leverage: missing"
    )


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(write: Write) -> None:
    text = write().read_text().replace("5000", "-1").replace("0.08", "8")
    path = write(text=text + "[limits]\nx = 1\n")
    assert [text.split(": ")[1] for text in mistakes(path)] == [
        "accounts.main.balance",
        "rules[1].params.below",
        "limits.x",
    ]


def test_text_that_is_no_toml_is_named_with_its_line(write: Write) -> None:
    path = write("tick = 0.1", "tick 0.1")
    (only,) = mistakes(path)
    assert only.startswith(f"{path}:{line(path, 'tick')}: not TOML: expected '=' after a key")
    assert only.endswith("; correct the line")


def test_a_key_that_is_there_twice_is_named_with_its_line(write: Write) -> None:
    path = write("lot = 0.001\n", "lot = 0.001\nlot = 0.01\n")
    (only,) = mistakes(path)
    assert only.startswith(f"{path}:{line(path, 'lot = 0.01')}: not TOML: cannot overwrite a value")
    assert only.endswith("; a key or a table is there twice: keep one")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert mistakes(path) == [
        f"{path}: cannot be read: No such file or directory; check the name of the file"
    ]
    assert mistakes(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory; check the name of the file"]


def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    assert mistakes(path) == [f"{path}:2: is not UTF-8 text; save it as UTF-8"]


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text("")
    assert mistakes(path)[0].startswith(f"{path}:1: accounts: missing")


def test_two_rules_with_one_name_are_an_error_that_names_both_lines(write: Write) -> None:
    path = write("", '[[rules]]\nname = "early"\nuse = "./guard.py"\nparams = { below = 0.05 }\n')
    (only,) = mistakes(path)
    assert only.startswith(f"{path}:{line(path, '[[rules', 2)}: rules[2]: ")
    assert f"{path}:{line(path, '[[rules', 1)}" in only


def test_a_rule_without_a_name_is_called_after_what_it_uses(write: Write) -> None:
    path = write('name = "early"\n', "")
    assert [entry.name for entry in load(path, {}).rules] == ["guard"]
    path.write_text(path.read_text() + '[[rules]]\nuse = "guard.py"\nparams.below = 0.1\n')
    assert 'two rules are called "guard"' in mistakes(path)[0]


def test_tiers_that_are_missing_are_an_error(write: Write) -> None:
    text = write().read_text()
    start, end = text.index("tiers = ["), text.index("]\n\n[[rules") + 2
    path = write(text=text[:start] + text[end:])
    (only,) = mistakes(path)
    assert only.startswith(
        f'{path}:{line(path, "[contracts")}: contracts."BTC/USDT:USDT": tiers are missing; write'
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("floor = 0,", "floor = 1,", "first tier starts at 0"),
        ("cap = 50_000", "cap = 40_000", "cap is 40000, but the next tier starts at 50000"),
        ("cap = 50_000, ", "", "cap is missing; expected 50000"),
        ("floor = 50_000,", "floor = 50_000, cap = 60_000,", "the last tier has no end"),
        ("0.005", "0.003", "rates never fall"),
    ],
)
def test_tiers_with_a_hole_are_refused(write: Write, old: str, new: str, said: str) -> None:
    path = write(old, new)
    assert any(said in text and str(path) in text for text in mistakes(path))


def test_left_out_deductions_make_maintenance_continuous(write: Write) -> None:
    tiers = load(write(), {}).tiers.tables[Symbol("BTC/USDT:USDT")]
    # 50,000 x 0.005 - d = 50,000 x 0.004
    assert [tier.deduction for tier in tiers] == [0, 50]


def test_a_position_in_a_symbol_without_contract_is_an_error(write: Write) -> None:
    path = write('"BTC/USDT:USDT"\nside', '"BTC/USDC:USDC"\nside')
    (only,) = mistakes(path)
    assert only.startswith(f"{path}:{line(path, 'USDC')}: paper.positions[1].symbol: no contract for")
    assert 'did you mean "BTC/USDT:USDT"?' in only


def test_the_depth_of_a_symbol_without_contract_is_an_error(write: Write) -> None:
    path = write("[[paper.positions]]", '[paper.depth]\n"*" = 5\n"BTCC/USDT:USDT" = 7\n\n[[paper.positions]]')
    (only,) = mistakes(path)
    assert only.startswith(f'{path}:{line(path, "BTCC")}: paper.depth."BTCC/USDT:USDT": no contract for')
    assert 'did you mean "BTC/USDT:USDT"?' in only


def test_a_contract_for_every_symbol_covers_every_position(write: Write) -> None:
    path = write('[contracts."BTC/USDT:USDT"]', '[contracts."*"]')
    assert load(path, {}).config.paper.positions[0].symbol == "BTC/USDT:USDT"


def test_a_position_needs_exactly_one_size(write: Write) -> None:
    path = write("notional = 10_000", "notional = 10_000\nquantity = 1")
    assert "both of notional and quantity given" in mistakes(path)[0]
    path = write("notional = 10_000\n", "")
    assert "neither of notional and quantity given" in mistakes(path)[0]


def test_several_accounts_must_be_told_apart(write: Write) -> None:
    path = write("", "[accounts.other]\nbalance = 1\n")
    assert "paper.positions[1].account: missing; there are several accounts" in mistakes(path)[0]
    path.write_text(path.read_text().replace("side =", 'account = "othr"\nside ='))
    assert 'found "othr"; did you mean "other"?' in mistakes(path)[0]
    path.write_text(path.read_text().replace("othr", "other"))
    assert len(load(path, {}).config.accounts) == 2


def test_long_and_short_of_one_symbol_need_hedge_mode(write: Write) -> None:
    short = '[[paper.positions]]\nsymbol = "BTC/USDT:USDT"\nside = "short"\nnotional = 1\nleverage = 1\n'
    path = write("", short)
    assert "hedge" in mistakes(path)[0]
    path.write_text(path.read_text().replace("balance", 'position_mode = "hedge"\nbalance'))
    assert len(load(path, {}).config.paper.positions) == 2


def test_leverage_above_the_contract_is_an_error(write: Write) -> None:
    path = write("leverage = 10", "leverage = 200")
    assert mistakes(path)[0].endswith("leverage: found 200; the contract allows at most 125")


# --- several files and the environment ---


def test_a_later_file_overrides_keys_and_keeps_the_rest(write: Write) -> None:
    base = write()
    local = base.with_name("local.toml")
    local.write_text("[accounts.main]\nbalance = 7\n")
    assert load([base, local], {}).config.accounts["main"].balance == 7


def test_a_mistake_names_the_file_it_is_in(write: Write) -> None:
    base = write("lot = 0.001", "lot = -1")
    local = base.with_name("local.toml")
    local.write_text("\n[accounts.main]\nbalance = -7\n")
    found = mistakes(base, local)
    assert any(text.startswith(f"{local}:3: accounts.main.balance") for text in found)
    assert any(text.startswith(f"{base}:") and ".lot" in text for text in found)


def test_an_array_of_a_later_file_replaces_the_earlier_one(write: Write) -> None:
    base = write()
    local = base.with_name("local.toml")
    local.write_text('[[rules]]\nname = "late"\nuse = "guard.py"\nparams = { below = 3 }\n')
    (only,) = mistakes(base, local)
    assert only.startswith(f"{local}:4: rules[1].params.below: found 3; allowed: above 0 and below 1")


def test_the_environment_overrides_files(write: Write) -> None:
    settings = load(
        write(),
        {
            "HOLDFAST__ACCOUNTS__MAIN__BALANCE": "250.5",
            "HOLDFAST__LIMITS__COOLDOWN": "5m",
            "HOLDFAST__RULES__0__PARAMS__BELOW": "0.1",
            "HOLDFAST_SHARED": "ignored",
        },
    )
    assert settings.config.accounts["main"].balance == Decimal("250.5")
    assert settings.config.limits.cooldown == 300_000
    assert settings.rules[0].rule.params.below == Decimal("0.1")


def test_a_mistake_in_the_environment_names_the_variable(write: Write) -> None:
    (only,) = mistakes(write(), HOLDFAST__LIMITS__RESERVE="much")
    assert only.startswith('environment variable HOLDFAST__LIMITS__RESERVE: limits.reserve: found "much"')
    (only,) = mistakes(write(), HOLDFAST__RULES__7__SHADOW="true")
    assert only.startswith("environment variable HOLDFAST__RULES__7__SHADOW: rules")


# --- what the settings amount to ---


def test_equal_settings_have_one_digest_however_they_are_spelt(write: Write, tmp_path: Path) -> None:
    digest = load(write(), {}).digest()
    assert load(write("balance = 5000", 'balance = "5000.00" # the same'), {}).digest() == digest
    assert load(write("", '[journal]\npath = "elsewhere.db"\n'), {}).digest() == digest
    assert load(write("5000", "5001"), {}).digest() != digest
    assert load(write("0.08", "0.09"), {}).digest() != digest
    assert load(write("0.005", "0.006"), {}).digest() != digest


def test_the_resolved_configuration_is_plain_and_complete(write: Write) -> None:
    resolved = load(write(), {}).resolved()
    assert resolved["accounts"]["main"]["balance"] == "5000"
    assert resolved["limits"]["cooldown"] == "1m"
    assert resolved["rules"][0]["params"] == {"below": "0.08", "times": 3, "timeframe": "1h"}
    assert resolved["contracts"]["BTC/USDT:USDT"]["tiers"][1]["deduction"] == "50"


@pytest.mark.parametrize(
    ("old", "new", "key", "parts"),
    [
        ('"binance_usdm"', '["binance_usdm"]', "accounts.main.margin_rules", ["allowed: ", '"okx_linear"']),
        ("[[rules]]", "[seatbelt]\ntolerance = 0\n\n[[rules]]", "seatbelt.tolerance", ["found 0", "above 0"]),
    ],
)
def test_what_would_only_fail_later_is_named_with_its_line(
    write: Write, old: str, new: str, key: str, parts: list[str]
) -> None:
    path = write(old, new)
    (found,) = mistakes(path)
    assert found.startswith(f"{path}:{line(path, key.rpartition('.')[2])}: {key}: ")
    assert all(part in found for part in parts), found


QUARTERLIES = '[[paper.quarterlies]]\nunderlying = "BTC/USDT:USDT"\n'


@pytest.mark.parametrize(
    ("more", "at", "key", "parts"),
    [
        ("listd = 2", "listd", "listd", ['mean "listed"', "settlement_window"]),
        ("listed = 0", "listed", "listed", ["found 0", "at least 1"]),
        ('kind = "invers"', "kind", "kind", ['found "invers"', 'mean "inverse"']),
        ("depth = 0", "depth", "depth", ["found 0", "above 0"]),
        ('settlement_window = "0m"', "settlement", "settlement_window", ['found "0m"', "above 0"]),
        ("basis = { clam = 0.1 }", "clam", "basis.clam", ['mean "calm"', "half_life"]),
        ("basis = { discount = 1.5 }", "discount", "basis.discount", ["found 1.5", "below 1"]),
        ("basis = { half_life = 10 }", "half_life", "basis.half_life", ["found 10", '"10m"']),
    ],
)
def test_a_mistake_in_quarterlies_is_named_with_its_line(
    write: Write, more: str, at: str, key: str, parts: list[str]
) -> None:
    path = write("", QUARTERLIES + more + "\n")
    (found,) = mistakes(path)
    assert found.startswith(f"{path}:{line(path, at)}: paper.quarterlies[1].{key}: ")
    assert all(part in found for part in parts), found


def test_quarterlies_are_on_something_without_a_date_and_with_a_contract(write: Write) -> None:
    dated = write("", QUARTERLIES.replace("USDT:USDT", "USDT:USDT-261225"))
    assert "without a delivery date" in mistakes(dated)[0]
    inverse = write("", QUARTERLIES + 'kind = "inverse"\n')
    assert 'no contract for "BTC/USD:BTC"' in mistakes(inverse)[0]
    twice = write("", QUARTERLIES * 2)
    second = line(twice, "quarterlies", 2)
    first = line(twice, "quarterlies")
    assert mistakes(twice) == [
        (
            f"{twice}:{second}: paper.quarterlies[2]: a second time the quarterlies of BTC/USDT:USDT;"
            f" the first is at {twice}:{first}"
        )
    ]


def test_a_date_that_is_none_is_a_mistake(write: Write) -> None:
    path = write('symbol = "BTC/USDT:USDT"', 'symbol = "BTC/USDT:USDT-261301"')
    assert "261301 is no date" in mistakes(path)[0]


def test_a_dated_contract_has_the_table_of_its_perpetual(write: Write) -> None:
    path = write('symbol = "BTC/USDT:USDT"', 'symbol = "BTC/USDT:USDT-261225"')
    assert load(path, {}).config.paper.positions[0].symbol == "BTC/USDT:USDT-261225"


def test_what_holds_for_quarterlies_is_printed_with_its_defaults(write: Write) -> None:
    (shown,) = load(write("", QUARTERLIES), {}).resolved()["paper"]["quarterlies"]
    assert shown["underlying"] == "BTC/USDT:USDT"
    assert (shown["kind"], shown["listed"], shown["basis"]["calm"]) == ("linear", 2, "0.07")
