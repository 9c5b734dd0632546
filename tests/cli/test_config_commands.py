import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import ROOT

Run = Callable[..., Result]

PAPER = ROOT / "config" / "paper.toml"
LIVE = """\
mode = "live"

[accounts.main]
venue = "xt"
position_mode = "hedge"
keys = { api_key = "env:HOLDFAST_KEY", secret = "env:HOLDFAST_SECRET" }
loopback = { port = 8443, ca_file = "ca.pem" }
"""


def test_check_accepts_the_shipped_files(holdfast: Run) -> None:
    for path in sorted((ROOT / "config").glob("*.toml")):
        answer = holdfast("check", "--config", path)
        assert answer.exit_code == 0, answer.stderr
        assert answer.output.startswith(f"{path}: valid\n")
        assert answer.stderr == ""


def test_check_without_a_file_takes_the_one_it_came_with(holdfast: Run) -> None:
    assert f"{PAPER}: valid" in holdfast("check").output


def test_check_prefers_the_file_of_the_folder_it_is_started_in(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "paper.toml").write_text(PAPER.read_text())
    assert holdfast("check").output.startswith("config/paper.toml: valid")


def test_check_as_json_says_what_holds(holdfast: Run) -> None:
    report = json.loads(holdfast("check", "--json").output)
    assert report["mode"] == "paper"
    assert report["warnings"] == []
    assert len(report["digest"]) == 64


def test_a_mistake_ends_check_with_its_line(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(PAPER.read_text().replace("cooldown", "coldown"))
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 4
    assert answer.stderr.startswith(f"{path}:")
    assert 'unknown key; did you mean "cooldown"?' in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_rule_that_can_do_nothing_ends_check(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(PAPER.read_text().replace('["BTC/USDT:USDT"]', '["ETH/USDT:USDT"]'))
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 4
    lines = [at for at, line in enumerate(path.read_text().splitlines(), 1) if line.startswith("[[rules]]")]
    cut, fed, hedged = answer.stderr.splitlines()
    said = "can do nothing on any position: ETH/USDT:USDT cross: "
    assert cut.startswith(f"{path}:{lines[0]}: rules[1]: rule cut_leverage {said}")
    assert fed.startswith(f"{path}:{lines[1]}: rules[2]: rule top_up {said}")
    assert hedged == (
        f"{path}:{lines[2]}: rules[3]: rule quarterly_hedge {said}"
        "no dated contract is listed to hedge with, use ReducePosition there"
    )


def test_check_says_that_nothing_is_listed_to_hedge_with(holdfast: Run, tmp_path: Path) -> None:
    before, quarterlies, after = PAPER.read_text().partition("[[paper.quarterlies]]")
    path = tmp_path / "bot.toml"
    path.write_text(before + after[after.index("[[paper.positions]]") :])
    answer = holdfast("check", "-c", path)
    assert quarterlies
    assert answer.exit_code == 4
    assert answer.stderr.partition(": rules[3]: ")[2].startswith(
        "rule quarterly_hedge can do nothing on any position: BTC/USDT:USDT isolated:"
        " no dated contract is listed to hedge with, use ReducePosition there"
    )


def test_the_hedging_rule_is_listed_and_its_parameters_explained(holdfast: Run) -> None:
    assert "quarterly_hedge" in holdfast("rules", "list").output
    assert "distance to liquidation as a fraction" in holdfast("rules", "names").output
    assert '"name": "atr_1h"' in holdfast("rules", "names", "--json").output
    shown = holdfast("rules", "show", "quarterly_hedge").output
    assert "roll_days" in shown
    definitions = json.loads(holdfast("config", "schema").output)["$defs"]
    assert "basis" in definitions["quarterly_hedge_params"]["properties"]


def test_check_says_which_substitute_a_rule_will_use(holdfast: Run) -> None:
    (note,) = json.loads(holdfast("check", "--json").output)["notes"]
    assert note == (
        "cut_leverage has a substitute on BTC/USDT:USDT isolated: AddMargin instead of CutLeverage,"
        " for binance refuses it on an open isolated position: -4161"
    )


def test_a_paper_file_may_leave_its_contracts_to_the_exchange(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(
        '[accounts.main]\nvenue = "bybit"\nbalance = 5000\n\n[[paper.positions]]\nsymbol = "BTC/USDT:USDT"\n'
        'side = "long"\nnotional = 10000\nleverage = 10\n\n[[rules]]\nuse = "top_up"\n'
    )
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 0, answer.stderr
    assert f"{path}: valid" in answer.output
    assert "steps and tiers of BTC/USDT:USDT are asked of bybit by run --paper" in answer.output
    assert "top_up cannot work on cross positions at bybit" in answer.output


@pytest.mark.parametrize("command", [("check", "-c"), ("run", "--paper")])
def test_a_paper_file_must_have_what_its_exchange_tells_only_to_who_holds_a_key(
    command: tuple[str, str], holdfast: Run, tmp_path: Path
) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(
        '[accounts.main]\nvenue = "binanceusdm"\nbalance = 5000\n\n[[paper.positions]]\n'
        'symbol = "BTC/USDT:USDT"\nside = "long"\nnotional = 10000\nleverage = 10\n'
    )
    answer = holdfast(*command, path)
    assert answer.exit_code == 4
    assert answer.stderr == (
        f'{path}:6: paper.positions[1].symbol: no contract for "BTC/USDT:USDT", whose tiers binanceusdm tells'
        ' only to who holds a key; add [contracts."BTC/USDT:USDT"] with lot and tiers\n'
    )


def test_check_says_that_a_real_account_is_not_acted_on_yet(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    keys = '{ api_key = "env:KEY", secret = "env:SECRET" }'
    path.write_text(f'mode = "live"\n[accounts.main]\nvenue = "bybit"\nkeys = {keys}\n')
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 0, answer.stderr
    assert "main has no loopback: run --live refuses it, run --shadow and doctor do not" in answer.output


def test_a_live_configuration_without_a_key_does_not_pass_check(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(PAPER.read_text().replace('mode = "paper"', 'mode = "live"'))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("[accounts"))
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 4
    assert answer.stderr.splitlines()[0].startswith(f"{path}:{line}: accounts.main.keys: missing; a real")
    assert "accounts.main.venue: missing" in answer.stderr.splitlines()[1]
    assert json.loads(holdfast("check", "-c", path, "--json").stdout)["startable"] is False


def test_a_live_configuration_with_keys_passes_check(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(LIVE)
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 0, answer.stderr
    assert "main: at xt on this machine, hedge, xt_linear" in answer.output


def test_a_broken_rule_is_said_loudly(holdfast: Run, tmp_path: Path) -> None:
    path = tmp_path / "bot.toml"
    path.write_text(PAPER.read_text() + '[[rules]]\nuse = "./broken.py"\n')
    (tmp_path / "broken.py").write_text("import nothing_like_this\n")
    answer = holdfast("check", "-c", path)
    assert answer.exit_code == 0
    assert answer.stderr.startswith("WARNING: ")
    assert "broken.py:1: ModuleNotFoundError" in answer.stderr
    assert "valid, with warnings" in answer.output


def test_config_show_prints_what_holds(holdfast: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST__LIMITS__RESERVE", "123")
    shown = json.loads(holdfast("config", "show").output)
    assert shown["limits"]["reserve"] == "123"
    assert shown["seatbelt"]["enabled"] is True


def test_config_schema_knows_the_shipped_rules(holdfast: Run) -> None:
    schema = json.loads(holdfast("config", "schema").output)
    uses = [v["properties"]["use"].get("const") for v in schema["$defs"]["RuleTable"]["oneOf"]]
    assert {"cut_leverage", "top_up", "partial_close", "atr_stop"} <= set(uses)
    for variant in schema["$defs"]["RuleTable"]["oneOf"]:
        assert {"when", "confirm_for"} <= variant["properties"].keys()


def test_rules_list_names_every_shipped_rule(holdfast: Run) -> None:
    listed = json.loads(holdfast("rules", "list", "--json").output)["rules"]
    assert {"cut_leverage", "top_up", "partial_close", "atr_stop"} <= {rule["use"] for rule in listed}
    assert all(rule["does"] for rule in listed)
    does = {each["use"]: each["does"] for each in listed}
    assert does["top_up"] == "Add isolated margin when liquidation comes near."
    assert f"top_up             {does['top_up']}" in holdfast("rules", "list").output


def test_rules_show_explains_the_parameters(holdfast: Run) -> None:
    shown = holdfast("rules", "show", "top_up").output
    assert "restore_to" in shown
    assert "Add what brings the distance back to this fraction" in shown
    assert json.loads(holdfast("rules", "show", "top_up", "--json").output)["params"]["properties"]["below"]


def test_rules_show_suggests_the_rule_that_was_meant(holdfast: Run) -> None:
    answer = holdfast("rules", "show", "topup")
    assert answer.exit_code == 1
    assert answer.stderr.startswith('no rule "topup"; did you mean "top_up"?')


def test_rules_of_a_folder_are_listed_beside_the_shipped_ones(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "watch.py").write_text((ROOT / "strategies" / "top_up.py").read_text())
    (tmp_path / "mine" / "half.py").write_text("def")
    shown = holdfast("rules", "list", "--path", "mine").output
    assert "watch" in shown
    assert "BROKEN: mine/half.py:1: " in shown
    (tmp_path / "mine" / "top_up.py").write_text("")
    answer = holdfast("rules", "list", "--path", "mine")
    assert answer.exit_code == 4
    assert "mine/top_up.py" in answer.stderr


def test_rules_reference_writes_a_page_for_each_rule_and_keeps_what_it_did_not_make(
    holdfast: Run, tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "notes.md").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "watch.py").write_text((ROOT / "strategies" / "top_up.py").read_text())
    holdfast("rules", "reference", "pages", "--path", "mine")
    assert "`restore_to`" in (tmp_path / "pages" / "watch.md").read_text()
    answer = holdfast("rules", "reference", "pages")
    assert answer.output.endswith(" pages in pages\n")
    assert not (tmp_path / "pages" / "watch.md").exists()
    assert (tmp_path / "pages" / "notes.md").read_text() == "mine"
    assert 'use = "top_up"' in (tmp_path / "pages" / "top_up.md").read_text()
