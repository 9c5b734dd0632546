"""What a paper run listens to, and where its contracts come from."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.core.rule import Needs
from bot.core.types import Symbol
from bot.runtime.compositions.paper import check_priced, paper_listing, watched
from bot.runtime.starting.findings import Market
from bot.venues.live.terms import Listing
from tests.building.core import BTC, ETH
from tests.building.live import a_listing, a_market

D = Decimal
QUARTERLY = Symbol("BTC/USDT:USDT-261225")
CONFIG = """\
[accounts.main]
venue = "binanceusdm"
balance = 5000

[[paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 1
leverage = 5
"""
CONTRACT = """
[contracts."BTC/USDT:USDT"]
tick = "auto"
lot = 0.5
tiers = [{ floor = 0, rate = 0.01 }]
"""
MARKETS: Mapping[str, Market] = {
    BTC: a_market(BTC, id="BTCUSDT", type="swap", precision={"price": 0.1}),
    ETH: a_market(ETH, id="ETHUSDT", type="swap"),
    QUARTERLY: a_market(QUARTERLY, id="BTCUSDT_261225", type="future"),
}


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def read(text: str = CONFIG) -> Settings:
        path = tmp_path / "bot.toml"
        path.write_text(text)
        return load(path, {})

    return read


def test_what_the_file_names_is_watched_and_nothing_else(settings: Callable[..., Settings]) -> None:
    assert watched(settings(), MARKETS, Needs()) == (BTC,)


def test_quarterlies_are_watched_where_a_rule_wants_them(settings: Callable[..., Settings]) -> None:
    assert watched(settings(), MARKETS, Needs(quarterlies=True)) == (BTC, QUARTERLY)


def test_what_a_rule_looks_at_and_what_prices_coins_held_outright_is_watched(
    settings: Callable[..., Settings],
) -> None:
    beside = Needs(beside=frozenset({ETH}))
    assert watched(settings(), MARKETS, beside) == (BTC, ETH)
    with pytest.raises(ConfigError, match="does not list ETH/USDT:USDT, which a rule looks at"):
        watched(settings(), {BTC: MARKETS[BTC]}, beside)
    rich = settings(CONFIG.replace("balance = 5000", "balance = 5000\nspot = { ETH = 2, USDT = 9, XYZ = 1 }"))
    assert watched(rich, MARKETS, Needs(spot_balances=True)) == (BTC, ETH)
    assert watched(rich, MARKETS, Needs()) == (BTC,)


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (None, "the exchange does not list BTC/USDT:USDT"),
        (a_market(BTC, spot=True), "the exchange does not list BTC/USDT:USDT"),
        (a_market(BTC, active=False), "is not traded now"),
    ],
)
def test_a_symbol_that_cannot_be_had_is_named_with_its_line(
    settings: Callable[..., Settings], market: dict[str, object] | None, said: str
) -> None:
    markets: Mapping[str, Market] = {} if market is None else {BTC: market}
    with pytest.raises(ConfigError, match=rf"bot.toml:6: paper.positions\[1\].symbol: .*{said}"):
        watched(settings(), markets, Needs())


def test_a_file_that_names_no_symbol_is_refused(settings: Callable[..., Settings]) -> None:
    with pytest.raises(ConfigError, match="no symbol is named anywhere"):
        watched(settings(CONFIG.partition("\n[[paper")[0]), MARKETS, Needs())


def test_the_contract_of_the_file_counts_before_that_of_the_exchange(
    settings: Callable[..., Settings],
) -> None:
    told = a_listing(BTC)
    assert paper_listing(settings(), told, MARKETS, [BTC]).by_symbol[BTC] is told.by_symbol[BTC]
    own = paper_listing(settings(CONFIG + CONTRACT), told, MARKETS, [BTC]).by_symbol[BTC]
    assert (own.id, own.contract.lot, own.contract.tick) == ("BTCUSDT", D("0.5"), D("0.1"))


def test_where_the_exchange_tells_nothing_to_strangers_the_file_must(
    settings: Callable[..., Settings],
) -> None:
    nothing = Listing([])
    own = paper_listing(settings(CONFIG + CONTRACT), nothing, MARKETS, [BTC]).by_symbol[BTC]
    assert own.contract.tick == D("0.1")  # As ccxt has it of the market.
    with pytest.raises(ConfigError, match='no contract for "BTC/USDT:USDT"'):
        paper_listing(settings(), nothing, MARKETS, [BTC])


def test_a_paper_run_needs_an_exchange_for_its_prices(settings: Callable[..., Settings]) -> None:
    check_priced(settings(CONFIG + CONTRACT))
    with pytest.raises(ConfigError, match="needs the prices of an exchange"):
        check_priced(settings("[accounts.main]\nbalance = 5000\n"))
