"""Fronts pass over some seeds by themselves, and take nothing from what else befalls them."""

import json
from pathlib import Path
from random import Random

from tests.faults.fronts import FRONTS, LARGER, SHARE, fronts, with_mark
from tests.faults.kinds import EVERY_KIND, WEATHER
from tests.faults.run import Play
from tests.faults.weather import Weather

MANY = 400
THRICE = 30
"""Three standard deviations of how many of so many seeds it may be."""


def test_a_front_leaves_the_draws_of_a_seed_as_they_were(tmp_path: Path) -> None:
    play = Play(23, 4, tmp_path)
    alone = Weather(Random("23 weather"), play.lab, play.stop_ms, WEATHER)
    assert any(front.kinds for front in play.fronts)
    assert list(play.weather.kinds) == list(alone.kinds)
    assert play.weather.random.getstate() == alone.random.getstate()


def test_each_front_passes_over_its_share_of_the_seeds(tmp_path: Path) -> None:
    lab = Play(0, 4, tmp_path).lab
    passing = [name for seed in range(MANY) for front in fronts(seed, lab, 0) for name in front.kinds]
    assert set(passing) == set(FRONTS) <= EVERY_KIND
    assert all(abs(passing.count(name) - MANY * LARGER.get(name, SHARE)) <= THRICE for name in FRONTS)


def test_where_the_weather_is_chosen_no_front_passes(tmp_path: Path) -> None:
    play = Play(23, 4, tmp_path)
    play.choose({"crash": WEATHER["crash"]}, 6_000)
    assert (list(play.weather.kinds), play.fronts) == (["crash"], [])


def test_a_frozen_mark_keeps_its_price_while_time_and_index_go_on() -> None:
    rows = [{"s": "BTCUSDT", "E": 7, "p": "91", "i": "90"}, {"s": "ETHUSDT", "E": 7, "p": "5", "i": "5"}]
    told = json.loads(with_mark("BTCUSDT", "100", json.dumps(rows)))
    assert told == [{"s": "BTCUSDT", "E": 7, "p": "100", "i": "90"}, rows[1]]
