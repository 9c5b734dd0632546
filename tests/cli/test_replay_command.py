import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import CALM, CRASH, ROOT

Run = Callable[..., Result]
Write = Callable[..., Path]


def answer_of(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.output)
    assert isinstance(answer, dict)
    return answer


def test_a_replay_answers_with_one_object(holdfast: Run, tape: Write) -> None:
    answer = answer_of(holdfast("replay", tape(*CRASH), "--json"))
    assert answer["bars"] == len(CRASH)
    assert {"survived", "actions", "refusals", "final", "undefended", "assumptions", "digest"} <= set(answer)


def test_the_same_command_twice_gives_the_same_digest_also_when_stepping(holdfast: Run, tape: Write) -> None:
    path = tape(*CRASH)
    first = answer_of(holdfast("replay", path, "--json"))
    assert answer_of(holdfast("replay", path, "--json"))["digest"] == first["digest"]
    assert answer_of(holdfast("replay", path, "--json", "--step"))["digest"] == first["digest"]
    assert answer_of(holdfast("replay", tape(*CALM), "--json"))["digest"] != first["digest"]


def test_what_the_command_line_says_of_the_settings_is_part_of_the_digest(
    holdfast: Run, tape: Write, tmp_path: Path
) -> None:
    # Bars whose extremes are their ends are the same on either path.
    path = tape(*CALM)
    plain = answer_of(holdfast("replay", path, "--json"))["digest"]
    worst = answer_of(holdfast("replay", path, "--path", "worst", "--latency-ms", "7", "--json"))["digest"]
    assert worst != plain
    config = (ROOT / "config" / "replay.toml").read_text().replace('path = "nearest"', 'path = "worst"')
    (tmp_path / "worst.toml").write_text(config.replace("[paper]\n", "[paper]\nlatency_ms = 7\n"))
    written = holdfast("replay", path, "--config", tmp_path / "worst.toml", "--json")
    assert answer_of(written)["digest"] == worst
    said = ("--path", "nearest", "--latency-ms", "0")
    assert answer_of(holdfast("replay", path, *said, "--json"))["digest"] == plain


def test_the_answer_for_people_begins_with_the_verdict(holdfast: Run, tape: Write) -> None:
    text = holdfast("replay", tape(*CALM)).output
    assert text.startswith("SURVIVED with the rules; survived without any defence. 4 bars, ")
    assert "assumptions" in text
    assert "undefended" in text


def test_a_rule_of_ones_own_that_fails_is_told_of_and_the_others_go_on(
    holdfast: Run, tape: Write, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "from bot.core.rule import Params, Rule\n"
        "class Mine(Rule[Params]):\n"
        "    def decide(self, view):\n"
        "        raise ZeroDivisionError('of all things')\n"
    )
    config = (ROOT / "config" / "replay.toml").read_text()
    (tmp_path / "bot.toml").write_text(f'{config}\n[[rules]]\nuse = "./mine.py"\n')
    text = holdfast("replay", tape(*CRASH), "--config", "bot.toml").output
    told = text.partition("PARKED: rules that failed and were left out from then on (1)\n")[2].splitlines()[0]
    assert told.split() == ["2025-10-09", "08:54:00", "mine", "ZeroDivisionError:", "of", "all", "things"]
    assert "top_up" in text
    assert "PARKED" not in holdfast("replay", tape(*CRASH)).output


def test_a_stop_that_was_met_is_told_with_its_price_and_whose_it_was(holdfast: Run, tape: Write) -> None:
    # A stop before liquidation is left behind by prices that fall by a tenth within one bar.
    path = tape(100_000, 100_000, 90_500, 90_500)
    met = answer_of(holdfast("replay", path, "--json"))["triggered"]
    assert isinstance(met, list)
    assert [(order["rule"], order["symbol"]) for order in met] == [("seatbelt", "BTC/USDT:USDT")]
    assert 90_500 <= float(met[0]["price"]) < 100_000
    assert "resting orders that were met (1)" in holdfast("replay", path).output


def test_a_tape_of_any_name_is_mapped(holdfast: Run, tape: Write) -> None:
    path = tape(*CALM, name="mine.csv")
    assert holdfast("replay", path).exit_code == 1
    assert answer_of(holdfast("replay", path, "--map", "mine*=ETH/USDT:USDT", "--json"))["survived"] is True


@pytest.mark.parametrize("given", ["mine.csv", "=BTC/USDT:USDT", "mine.csv="])
def test_a_map_that_cannot_be_read_is_wrong_usage(holdfast: Run, tape: Write, given: str) -> None:
    answer = holdfast("replay", tape(*CALM), "--map", given)
    assert answer.exit_code == 2
    assert "BTC/USDT:USDT" in answer.stderr


def test_a_journal_is_kept_when_asked_for(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    answer_of(holdfast("replay", tape(*CRASH), "--journal", "runs/crash.db", "--json"))
    shown = holdfast("journal", "--journal", "runs/crash.db")
    assert shown.exit_code == 0
    assert "top_up" in shown.output


COINS = """
[accounts.main]
balance = 2
[contracts."BTC/USD:BTC"]
tick = 0.1
lot = 100
tiers = [{ floor = 0, rate = 0.01 }]
[[paper.positions]]
symbol = "BTC/USD:BTC"
side = "long"
notional = 1
leverage = 10
[[rules]]
use = "top_up"
params = { below = 0.06, restore_to = 0.1 }
[tapes]
map = { "XBTUSD_*" = "BTC/USD:BTC" }
"""


def test_an_inverse_tape_is_replayed_as_inverse_where_the_configuration_says_so(
    holdfast: Run, tape: Write, tmp_path: Path
) -> None:
    (tmp_path / "coins.toml").write_text(COINS)
    # One coin at ten times is liquidated at 1.01 / 1.1 of its entry, which is 91,818.2.
    path = tape(100_000, 97_000, 91_500, 91_500, name="XBTUSD_bitmex_perp_1m.csv")
    answer = answer_of(holdfast("replay", path, "--config", tmp_path / "coins.toml", "--json"))
    undefended, final, actions = (answer[name] for name in ("undefended", "final", "actions"))
    assert isinstance(undefended, dict)
    assert isinstance(final, dict)
    assert isinstance(actions, list)
    assert (answer["survived"], undefended["survived"]) == (True, False)
    assert [pool["currency"] for pool in final["pools"]] == ["BTC", "BTC"]
    assert {action["symbol"] for action in actions} == {"BTC/USD:BTC"}
    # A margin of a tenth of a coin is gone.
    assert undefended["final"]["pools"][0]["wallet"] == "1.9"
    assert not any("linear" in sentence for sentence in answer_assumptions(answer))


def test_an_inverse_tape_is_replayed_as_linear_by_default_and_says_so(holdfast: Run, tape: Write) -> None:
    answer = answer_of(holdfast("replay", tape(*CALM, name="XBTUSD_bitmex_perp_1m.csv"), "--json"))
    assert any(
        "replayed as the linear BTC/USDT:USDT (mapped to BTC/USD:BTC" in sentence
        for sentence in answer_assumptions(answer)
    )


def test_a_book_that_takes_a_position_bit_by_bit_is_no_endless_loop(
    holdfast: Run, shared: Path, tmp_path: Path
) -> None:
    # The stop of the seatbelt is met, the book is almost empty, and what is left is closed order after order.
    written = (ROOT / "config" / "replay.toml").read_text(encoding="utf-8")
    path = tmp_path / "bot.toml"
    path.write_text(written.replace('"*" = 2_000_000', '"*" = 10').replace("length = 14", "length = 100"))
    tape = shared / "data" / "crashes" / "2021-05-19" / "BTC_binance_perp_1h.csv.gz"
    answer = answer_of(holdfast("replay", tape, "--config", path, "--json"))
    actions = answer["actions"]
    assert isinstance(actions, list)
    closing = [each for each in actions if each["rule"] == "seatbelt" and each["intent"] == "ReducePosition"]
    assert len(closing) > 64


def test_a_symbol_of_a_rule_that_has_no_tape_is_told_of(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    written = (ROOT / "config" / "replay.toml").read_text(encoding="utf-8")
    path = tmp_path / "bot.toml"
    path.write_text(written.replace('use = "atr_stop"', 'use = "atr_stop"\nsymbols = ["BTCC/USDT:USDT"]'))
    answer = answer_of(holdfast("replay", tape(*CALM), "--config", path, "--json"))
    assert "no tape for BTCC/USDT:USDT, which rule atr_stop names" in answer_assumptions(answer)


def answer_assumptions(answer: dict[str, object]) -> list[str]:
    said = answer["assumptions"]
    assert isinstance(said, list)
    return said


# --- bad input: one line that names file, line and remedy ---


def one_line(result: Result, exit_code: int) -> str:
    assert result.exit_code == exit_code
    assert result.output == result.stderr
    (line,) = result.stderr.splitlines()
    return line


def test_a_tape_that_is_not_there(holdfast: Run) -> None:
    assert one_line(holdfast("replay", "BTC_x_perp_1m.csv"), 1).startswith("BTC_x_perp_1m.csv: no such file")


def test_a_tape_that_is_empty(holdfast: Run, tape: Write) -> None:
    path = tape()
    assert one_line(holdfast("replay", path), 1).startswith(str(path))


def test_times_that_are_not_sorted(holdfast: Run, tape: Write) -> None:
    path = tape(*CALM)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:]]) + "\n")
    assert one_line(holdfast("replay", path), 1).startswith(f"{path}:3: ")


@pytest.mark.parametrize("price", ["nan", "0", "-1", ""])
def test_a_price_that_is_none(holdfast: Run, tape: Write, price: str) -> None:
    path = tape(*CALM)
    lines = path.read_text().splitlines()
    lines[2] = ",".join([*lines[2].split(",")[:3], price, *lines[2].split(",")[4:]])
    path.write_text("\n".join(lines) + "\n")
    assert one_line(holdfast("replay", path), 1).startswith(f"{path}:3: ")


def test_a_configuration_with_an_unknown_key(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    config = tmp_path / "bot.toml"
    config.write_text((ROOT / "config" / "replay.toml").read_text().replace("reserve", "reserv"))
    line = one_line(holdfast("replay", tape(*CALM), "--config", config), 4)
    assert line.startswith(f"{config}:")
    assert 'did you mean "reserve"?' in line


def test_a_position_in_a_symbol_without_tape(holdfast: Run, tape: Write) -> None:
    line = one_line(holdfast("replay", tape(*CALM), "--config", ROOT / "config" / "paper.toml"), 4)
    assert 'no prices for "ETH/USDT:USDT"' in line


def test_a_map_that_fits_no_tape_is_wrong_usage(holdfast: Run, tape: Write) -> None:
    answer = holdfast("replay", tape(*CALM), "--map", "mine*=ETH/USDT:USDT")
    assert answer.exit_code == 2
    assert '--map "mine*" fits none of the tapes, which are named BTC_test_perp_1m.csv' in answer.stderr


def test_a_live_configuration_is_said_to_be_played_on_paper(
    holdfast: Run, tape: Write, tmp_path: Path
) -> None:
    config = tmp_path / "bot.toml"
    text = (ROOT / "config" / "replay.toml").read_text()
    config.write_text('mode = "live"\n' + text.replace('mode = "paper"\n', ""))
    answer = holdfast("replay", tape(*CALM), "--config", config, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert answer.stderr == f'{config}:1: mode "live" is played on paper, as every replay is\n'


def test_tiers_that_are_missing(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    config = tmp_path / "bot.toml"
    config.write_text(
        (ROOT / "config" / "replay.toml").read_text().replace('[contracts."*"]', '[contracts."X/Y:Y"]')
    )
    line = one_line(holdfast("replay", tape(*CALM), "--config", config), 4)
    assert 'every symbol needs a contract: add [contracts."*"]' in line


def test_a_position_that_is_liquidatable_at_the_first_bar(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    config = tmp_path / "bot.toml"
    text = (ROOT / "config" / "replay.toml").read_text()
    config.write_text(text.replace('entry = "first"', "entry = 150_000"))
    journal = tmp_path / "kept" / "replay.db"
    line = one_line(holdfast("replay", tape(*CALM), "--config", config, "--journal", journal), 4)
    assert line.startswith(f"{config}:")
    assert "liquidated at once" in line
    assert not journal.parent.exists(), "there is no run to keep"
    assert line.endswith("; use a lower leverage or more margin, or an entry nearer the mark")


def test_a_journal_with_a_broken_chain(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    import sqlite3

    answer_of(holdfast("replay", tape(*CRASH), "--journal", "a.db", "--json"))
    with sqlite3.connect("a.db") as database:
        database.execute("UPDATE row SET at_ms = at_ms + 1 WHERE seq = 5")
    database.close()
    assert one_line(holdfast("journal", "--journal", "a.db"), 1).startswith("a.db")
    assert one_line(holdfast("replay", tape(*CRASH), "--journal", "a.db"), 1).startswith("a.db")


def test_a_journal_that_somebody_else_writes(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    from bot.runtime.lock import hold

    answer_of(holdfast("replay", tape(*CRASH), "--journal", "a.db", "--json"))
    with hold(Path()):
        assert "already running" in one_line(holdfast("journal", "--journal", "a.db"), 75)


def test_a_journal_that_is_not_there_is_not_made(holdfast: Run, tmp_path: Path) -> None:
    assert "there is no journal" in one_line(holdfast("journal", "--journal", "no/such.db"), 1)
    assert not (tmp_path / "no").exists()


def test_a_quarterly_is_marked_synthetic_in_every_answer(holdfast: Run, tape: Write, tmp_path: Path) -> None:
    config = tmp_path / "quarterlies.toml"
    text = (ROOT / "config" / "replay.toml").read_text()
    more = (
        '[[paper.quarterlies]]\nunderlying = "BTC/USDT:USDT"\n\n'
        '[[paper.positions]]\nsymbol = "BTC/USDT:USDT-251226"\nside = "short"\n'
        "notional = 5_000\nleverage = 5\n\n"
        "[limits]"
    )
    config.write_text(text.replace("[limits]", more, 1))
    answer = answer_of(holdfast("replay", tape(*CRASH), "--config", config, "--json"))
    assert answer["synthetic"] == ["BTC/USDT:USDT-251226", "BTC/USDT:USDT-260327"]
    shown = holdfast("replay", tape(*CRASH), "--config", config, "--journal", "runs/q.db").output
    assert "main/BTC/USDT:USDT-251226 (synthetic)/short" in shown
    assert "the prices of BTC/USDT:USDT-251226, BTC/USDT:USDT-260327 are SYNTHETIC" in shown
    explained = holdfast("explain", "BTC/USDT:USDT-251226", "--config", config, "--journal", "runs/q.db")
    assert explained.exit_code == 0, explained.stderr
