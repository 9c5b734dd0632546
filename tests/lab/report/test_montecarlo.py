"""The page of a Monte Carlo run: what it says, and that it stays small and asks for nothing."""

from dataclasses import replace

import numpy as np
import pytest

from bot.lab.montecarlo.run import MonteCarloResult, Wanted, montecarlo
from bot.lab.report.montecarlo import report, verdict
from bot.lab.stress.trial import RuleSet
from bot.lab.tapes import group
from tests.building.contracts import BTC
from tests.building.core import D
from tests.building.tapes import a_tape
from tests.lab.montecarlo.held import settings_of
from tests.lab.report.telling import fetched

VERSIONS = [("Holdfast", "0.1.0")]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> MonteCarloResult:
    """Forty wild half hours without rules; one set of them has a name that nobody should give."""
    closes = 1e6 * np.exp(np.cumsum(np.random.default_rng(1).standard_normal(300) * 0.012))
    ticks = np.rint(closes).astype(int).tolist()
    bars = [(o, max(o, c), min(o, c), c) for o, c in zip([ticks[0], *ticks], ticks, strict=False)]
    configured = RuleSet(name="configured", settings=settings_of(tmp_path_factory.mktemp("held"), rules=""))
    wanted = Wanted(paths=40, minutes=30, seed=2, block_ms=600_000)
    sets = [configured, replace(configured, name="<b>bold</b>")]
    return montecarlo(sets, group([a_tape(bars, BTC)]), wanted, prices={BTC: D(100)})


def test_the_verdict_comes_first_with_its_intervals(result: MonteCarloResult) -> None:
    said = verdict(result)
    share = result.tallies["configured"].survival
    assert said.startswith(f"With the configured rules {share.share * 100:.2f}% ({share.low * 100:.2f}% to ")
    assert "of 40 paths are survived" in said
    assert ", with no defence " in said
    html = report(result, VERSIONS, at_least=0.0)
    assert html.index("of 40 paths are survived") < html.index('id="survival"')


def test_a_share_below_what_is_asked_for_is_a_danger(result: MonteCarloResult) -> None:
    assert "✕" in report(result, VERSIONS, at_least=1.0)
    assert "▲" in report(result, VERSIONS, at_least=0.0)


def test_the_page_is_small_and_fetches_nothing(result: MonteCarloResult) -> None:
    html = report(result, VERSIONS, at_least=0.99)
    assert len(html.encode()) < 400_000
    assert not fetched(html)
    assert "<script" not in html
    assert "<b>bold" not in html
    for part in ("survival", "losses", "defence", "paths", "assumptions"):
        assert f'id="{part}"' in html


def test_a_loss_is_told_beside_what_there_was_to_lose(result: MonteCarloResult) -> None:
    shortfall = result.tallies["configured"].loss.shortfall(0.95)
    assert f"{shortfall:,.2f} of 1,000.00" in report(result, VERSIONS, at_least=0.99)


def test_the_two_bands_of_the_paths_are_told_apart(result: MonteCarloResult) -> None:
    html = report(result, VERSIONS, at_least=0.99)
    key = html[html.index('class="key"', html.index('id="paths"')) :].partition("</ul>")[0]
    assert key.index('class="band"') < key.index("90 % of paths") < key.index('class="band within"')


def test_it_says_how_to_get_the_same_again(result: MonteCarloResult) -> None:
    html = report(result, VERSIONS, at_least=0.99)
    assert result.settings.digest() in html
    assert result.history.tapes[0][:16] in html
    assert "bootstrap" in html
