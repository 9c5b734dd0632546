"""The rule and the settings shown in the README work as they are printed there."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOUR_MS = 3_600_000


def block(language: str, holding: str) -> str:
    """The fenced block of ``language`` that mentions ``holding``."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return next(match[1] for match in found if holding in match[1])


def a_falling_market(path: Path) -> None:
    """Forty hours, each half a percent of the first price lower than the one before."""
    lines = ["ts_ms,open,high,low,close"]
    for hour in range(40):
        high, low = 20_000 - 100 * hour, 19_900 - 100 * hour
        lines.append(f"{hour * HOUR_MS},{high},{high},{low},{low}")
    path.write_text("\n".join(lines) + "\n")


def test_the_rule_of_the_readme_takes_no_more_than_twenty_lines() -> None:
    assert len(block("python", "class Halve(").splitlines()) <= 20


def test_the_rule_of_the_readme_halves_a_position_in_danger(tmp_path: Path) -> None:
    folder = tmp_path / "my_rules"
    folder.mkdir()
    (folder / "halve.py").write_text(block("python", "class Halve("))
    shipped = (ROOT / "config" / "replay.toml").read_text(encoding="utf-8")
    before, _, rest = shipped.partition("[[rules]]")
    after = rest[rest.index("[contracts") :]
    settings = block("toml", 'use = "halve"')
    paths, _, rules = settings.partition("[[rules]]")
    config = tmp_path / "config.toml"
    config.write_text(f"{paths}\n{before}\n[[rules]]{rules}\n{after}")
    tape = tmp_path / "BTC_invented_perp_1h.csv"
    a_falling_market(tape)
    command = [sys.executable, "-m", "bot", "replay", str(tape), "--config", str(config), "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    acted = [action for action in json.loads(run.stdout)["actions"] if action["rule"] == "halve"]
    assert [action["intent"] for action in acted] == ["ReducePosition"]
    assert 0.05 < float(acted[0]["distance_before"]) < 0.06
    assert acted[0]["reason"] == f"{float(acted[0]['distance_before']):.2%} away"
