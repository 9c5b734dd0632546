"""What a scenario file may say, and what is said about one that cannot be."""

from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.lab.scenarios import Scenario, read_scenario

WHOLE = """
title = "A fall"
about = "It falls."
pace = "flash"
starts = 2025-10-10T00:00:00Z
sources = ["invented"]

[coins.BTC]
path = [
  ["00:00", 100, 0.001],
  ["10:00", 110, 0.001],
  ["10:30", 88, 0.002],
  ["20:00", 99, 0],
]

[coins.ETH]
like = "BTC"
depth = 0.4

[coins."*"]
like = "BTC"
depth = 0.5
"""


def written(folder: Path, text: str) -> Scenario:
    path = folder / "mine.toml"
    path.write_text(text.lstrip(), encoding="utf-8")
    return read_scenario(path)


def test_a_coin_like_another_falls_in_proportion_from_the_same_best_price(tmp_path: Path) -> None:
    scenario = written(tmp_path, WHOLE)
    assert scenario.name == "mine"
    assert scenario.table.minutes == 1200
    prices = [each.price for each in scenario.way("ETH")]
    # BTC fell by 20 %, ETH twice as far: 100 is a tenth of a tenth under 110, so twice of it, and so on.
    peak = prices[1]
    assert [price / peak for price in prices] == pytest.approx([1 - 2 / 11, 1, 0.6, 1 - 2 / 10])
    assert prices[0] == 1
    assert scenario.way("ANYTHING")[2].price / scenario.way("ANYTHING")[1].price == pytest.approx(0.5)


def test_the_wander_of_a_coin_like_another_grows_with_it(tmp_path: Path) -> None:
    at_peak, at_low = written(tmp_path, WHOLE).way("ETH")[1:3]
    assert at_peak.wander == pytest.approx(0.002)
    # Twice as wild in money; its price is at 0.6 of the best where that of BTC is at 0.8.
    assert at_low.wander == pytest.approx(0.002 * 2 * 0.8 / 0.6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"10:30", 88', '"9:30", 88', "7: coins.BTC: path goes back, from 10:00 to 09:30"),
        ('["10:00", 110', '["10h", 110', '10: coins.BTC.path[2][1]: found "10h"; allowed: hours and minutes'),
        ('["00:00", 100', '["00:10", 100', "coins.BTC: path has to begin at 00:00"),
        ("depth = 0.4\n", "", "coins.ETH: depth belongs to like, and like needs it"),
        ('like = "BTC"\ndepth = 0.4', 'like = "XRP"\ndepth = 0.4', "ETH is like XRP, which has no path here"),
        ('[coins."*"]', "[coins.SOL]", 'coins has no "*"'),
        ("T00:00:00Z", "T01:00:00Z", "starts has to be a midnight in UTC"),
        ('"flash"', '"fast"', '3: pace: found "fast"; allowed: "flash", "cascade", "grind", "squeeze"'),
        (
            '[coins."*"]',
            '[[halts]]\nafter = "21:00"\nlasts = "5m"\n[coins."*"]',
            "something happens at 21:00",
        ),
        ('title = "A fall"', 'titel = "A fall"', 'unknown key; did you mean "title"?'),
        (
            'like = "BTC"\ndepth = 0.4',
            'path = [["00:00", 1, 0], ["19:00", 1, 0]]',
            "paths end at 19:00, 20:00",
        ),
        ("depth = 0.4\n", 'depth = 0.4\ndislocations = [["1:00", "1:00", "2:00", -0.1]]\n', "a dislocation"),
        (
            "depth = 0.4\n",
            'depth = 0.4\nfunding = [["1:00", "8h", 0], ["0:30", "8h", 0]]\n',
            "funding goes back",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, WHOLE.replace(old, new, 1))
    assert said in str(caught.value)
    assert str(tmp_path / "mine.toml") in str(caught.value)
