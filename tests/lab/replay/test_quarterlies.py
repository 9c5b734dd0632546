"""Quarterlies in a replay: which there are, what they are delivered at, and that both walkers agree."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as drawing
from hypothesis import strategies as st

from bot.config import ConfigError, Settings, load
from bot.core.contracts import ContractKind
from bot.core.engine import Engine
from bot.core.facts import Fact, MarkPrice
from bot.core.rule import Needs
from bot.core.settings import EngineSettings
from bot.core.step import Step
from bot.core.types import Symbol
from bot.lab.replay.quarterlies import Quarterly, find_quarterlies
from bot.lab.replay.result import decisions_digest
from bot.lab.replay.run import Performance, Plan, make_plan, perform, prepare, replay, write_agenda
from bot.lab.replay.stage import Stage
from bot.lab.replay.walk import Jumper, Stepper, Walker
from bot.lab.tapes import PathOrder, Tape, group, price_path
from bot.runtime.journal.memory import MemoryJournal
from bot.venues.paper.exchange import PaperExchange
from bot.venues.port import Batch
from tests.building import MINUTE_MS, Bar, a_tape
from tests.lab.replay.harness import FEW, agreed

BASE = """\
schema_version = 1
[accounts.main]
margin_rules = "binance_usdm"
balance = 5000
[[paper.quarterlies]]
underlying = "BTC/USDT:USDT"
depth = 100_000
[[paper.positions]]
symbol = "*"
side = "long"
notional = 1000
leverage = 5
[[rules]]
use = "top_up"
params = { below = 0.15, restore_to = 0.2, max_times = 2 }
[[rules]]
use = "partial_close"
params = { below = 0.12, fraction = 0.3, max_times = 3 }
[contracts."*"]
lot = 0.001
synthetic_tiers = true
tiers = [{ floor = 0, rate = 0.005 }]
"""
HEDGE = """
[[paper.positions]]
symbol = "BTC/USDT:USDT-231229"
side = "short"
notional = 500
leverage = 5
"""

Written = Callable[..., Settings]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


BEFORE_MS = ms("2023-12-29T06:00")
"""Two hours before a delivery."""


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(more: str = "", old: str = "", new: str = "") -> Settings:
        path = tmp_path / "bot.toml"
        path.write_text(BASE.replace(old, new, 1) + more if old else BASE + more, encoding="utf-8")
        return load(path, {})

    return write


def an_index(bars: Sequence[Bar], start_ms: int = BEFORE_MS, interval_ms: int = MINUTE_MS) -> Tape:
    times = range(start_ms, start_ms + len(bars) * interval_ms, interval_ms)
    return a_tape(bars, times=times, interval_ms=interval_ms)


def a_crash(random: Random, bars: int = 180) -> Tape:
    """Prices about 1000.0 that fall together after a while, across the delivery."""
    rows, price = [], 10_000
    for bar in range(bars):
        close = max(100, price + random.randint(-40, 40) - (60 if bar % 60 > 45 else 0))
        rows.append(
            (price, max(price, close) + random.randint(0, 9), min(price, close) - random.randint(0, 9), close)
        )
        price = close
    return an_index(rows)


def found(settings: Settings, index: Tape) -> tuple[Quarterly, ...]:
    return find_quarterlies(settings, group([index]), PathOrder.NEAREST)


def planned(settings: Settings, index: Tape, *, defended: bool = True) -> Plan:
    grouped = group([index])
    paths = [price_path(each) for each in grouped]
    return make_plan(settings, grouped, paths, 0, defended=defended, quarterlies=found(settings, index))


def calm(bars: int, interval_ms: int, start: str) -> Tape:
    return an_index([(10_000, 10_010, 9_990, 10_000)] * bars, ms(start), interval_ms)


def test_a_replay_over_years_rolls_through_the_expiries(written: Written) -> None:
    quarterlies = found(written(), calm(750, 24 * 60 * MINUTE_MS, "2020-01-01"))
    names = [each.symbol.rpartition("-")[2] for each in quarterlies]
    assert names == [
        "200327",
        "200626",
        "200925",
        "201225",
        "210326",
        "210625",
        "210924",
        "211231",
        "220325",
        "220624",
    ]
    assert [each.delivery is not None for each in quarterlies] == [True] * 8 + [False] * 2
    # The contract of September 2020 is listed when that of March is delivered and lasts until it expires.
    times = quarterlies[2].path.times
    assert (times[0], times[-1]) == (ms("2020-03-28"), ms("2020-09-24"))


def test_a_quarterly_is_delivered_at_the_mean_of_the_index_over_the_window(written: Written) -> None:
    # 60 bars at 1000.0 before the window of an hour; in it 30 at 1000.0 and 30 at 1100.0.
    low, high = (10_000,) * 4, (11_000,) * 4
    index = an_index([low] * 90 + [high] * 31)
    delivery = found(written(), index)[0].delivery
    assert delivery is not None
    assert (delivery.symbol, delivery.expiry_ms) == ("BTC/USDT:USDT-231229", ms("2023-12-29T08:00"))
    assert delivery.price == Decimal(1050)
    half = found(written(old="depth", new='settlement_window = "30m"\ndepth'), index)[0].delivery
    assert half is not None
    assert half.price == Decimal(1100)


def test_where_no_bar_closes_in_the_window_the_last_close_is_the_delivery_price(written: Written) -> None:
    index = an_index([(10_000,) * 4, (10_500, 10_500, 10_400, 10_450)], ms("2023-12-28"), 24 * 60 * MINUTE_MS)
    delivery = found(written(), index)[0].delivery
    assert delivery is not None
    assert delivery.price == Decimal(1000)


def test_quarterlies_are_dated_contracts_with_modelled_prices_and_a_depth_of_their_own(
    written: Written,
) -> None:
    plan = planned(written(), an_index([(10_000,) * 4] * 10))
    near = Symbol("BTC/USDT:USDT-231229")
    contract = plan.contracts[near]
    assert contract.expiry_ms == ms("2023-12-29T08:00")
    assert contract.synthetic_prices
    assert not plan.contracts[Symbol("BTC/USDT:USDT")].synthetic_prices
    assert plan.synthetic == {near, "BTC/USDT:USDT-240329"}
    assert plan.model.depth_of(near) == 100_000
    assert plan.model.depth_of(Symbol("BTC/USDT:USDT")) is None


def test_an_inverse_quarterly_is_quoted_in_dollars_and_settled_in_the_coin(written: Written) -> None:
    coins = 'balance = 5000\ncurrency = "USDT"\nothers = { BTC = 0.5 }'
    base = BASE.replace("balance = 5000", coins).replace("depth", 'kind = "inverse"\ndepth')
    plan = planned(written(old=BASE, new=base), an_index([(10_000,) * 4] * 10))
    contract = plan.contracts[Symbol("BTC/USD:BTC-231229")]
    assert contract.kind is ContractKind.INVERSE
    assert contract.settlement == "BTC"


def test_a_position_in_every_symbol_of_the_tapes_is_in_no_quarterly(written: Written) -> None:
    index = an_index([(10_000,) * 4] * 10)
    assert [each.opening.id.symbol for each in planned(written(), index).openings] == ["BTC/USDT:USDT"]
    hedged = planned(written(HEDGE), index)
    assert [each.opening.id.symbol for each in hedged.openings] == ["BTC/USDT:USDT", "BTC/USDT:USDT-231229"]
    assert [each.symbol for each in hedged.tapes] == ["BTC/USDT:USDT", "BTC/USDT:USDT-231229"]


def test_a_quarterly_without_a_tape_of_its_index_is_refused_with_its_line(written: Written) -> None:
    settings = written(old='underlying = "BTC', new='underlying = "ETH')
    with pytest.raises(
        ConfigError, match=r'bot\.toml:6: paper\.quarterlies\[1\]\.underlying: no prices for "ETH'
    ):
        found(settings, an_index([(10_000,) * 4] * 10))


def test_a_recorded_tape_is_better_than_a_model(written: Written) -> None:
    index = an_index([(10_000,) * 4] * 10)
    recorded = replace(index, symbol="BTC/USDT:USDT-231229")
    quarterlies = find_quarterlies(written(), group([index, recorded]), PathOrder.NEAREST)
    assert [each.symbol for each in quarterlies] == ["BTC/USDT:USDT-240329"]


# --- playing -----------------------------------------------------------------------------------------


class Recording(PaperExchange):
    """Takes deliveries and writes them down."""

    delivered: tuple[tuple[int, Symbol, Decimal], ...] = ()

    def deliver(self, at_ms: int, symbol: Symbol, price: Decimal) -> Sequence[Batch]:
        self.delivered = (*self.delivered, (at_ms, symbol, price))
        return ()


class Looking(Engine):
    """An engine with a rule that asks for quarterlies."""

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__(settings)
        self.needs = Needs(quarterlies=True)


class Comparing(Looking):
    """An engine that sees how old the quarterly's mark is whenever the index moves."""

    together = 0
    apart = 0

    def step(self, fact: Fact) -> Step | None:
        answer = super().step(fact)
        known = self._market.mark_at_ms.get(Symbol("BTC/USDT:USDT-231229"))
        if isinstance(fact, MarkPrice) and fact.symbol == "BTC/USDT:USDT" and known is not None:
            Comparing.together += known == fact.at_ms
            Comparing.apart += known != fact.at_ms
        return answer


def played(plan: Plan, walker: type[Walker]) -> tuple[str, Recording, Stage]:
    """The digest of the decisions of a run in which every path is played."""
    exchange = Recording(plan.accounts, plan.contracts, plan.model, insurance_fund=plan.insurance_fund)
    capabilities = {account.name: exchange.capabilities(account.name) for account in plan.accounts}
    stage = Stage(Engine(plan.settings(capabilities)), exchange, MemoryJournal(), plan.latency_ms)
    performance = Performance(walker(stage, plan.paths, write_agenda(plan, stage.engine)), stage)
    run = asyncio.run(perform(performance, MemoryJournal()))
    return f"{decisions_digest(run.record)} {run.figures}", exchange, stage


@drawing(max_examples=FEW)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_both_walkers_agree_with_quarterlies_in_the_plan(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "agree.toml"
    path.write_text(BASE + HEDGE, encoding="utf-8")
    plan = planned(load(path, {}), a_crash(Random(seed)))
    jumped, exchange, _ = played(plan, Jumper)
    stepped, _, _ = played(plan, Stepper)
    assert jumped == stepped
    assert [(at_ms, symbol) for at_ms, symbol, _ in exchange.delivered] == [
        (ms("2023-12-29T08:00"), "BTC/USDT:USDT-231229")
    ]
    agreed(plan)


def test_what_nobody_looks_at_is_not_played(written: Written) -> None:
    plan = planned(written(), a_crash(Random(1)))
    engine = prepare(plan, MemoryJournal()).stage.engine
    assert plan.watched(engine) == {"BTC/USDT:USDT"}
    assert not [parts for parts in write_agenda(plan, engine).events if parts[0] in plan.deliveries]
    hedged = planned(written(HEDGE), a_crash(Random(1)))
    assert hedged.watched(engine) == {"BTC/USDT:USDT", "BTC/USDT:USDT-231229"}

    # At the delivery the contract of June is listed.
    looking = prepare(plan, MemoryJournal(), engine=Looking).stage.engine
    assert plan.watched(looking) == {
        "BTC/USDT:USDT",
        "BTC/USDT:USDT-231229",
        "BTC/USDT:USDT-240329",
        "BTC/USDT:USDT-240628",
    }


def test_whoever_is_woken_by_the_index_sees_its_quarterlies_at_the_same_moment(written: Written) -> None:
    plan = planned(written(), an_index([(10_000, 10_100, 9_900, 10_050)] * 20))
    journal = MemoryJournal()
    asyncio.run(perform(prepare(plan, journal, walker=Stepper, engine=Comparing), journal))
    assert (Comparing.together, Comparing.apart) == (20 * 4, 0)


def test_leaving_out_what_nobody_looks_at_changes_nothing(written: Written) -> None:
    plan = planned(written(), a_crash(Random(3)))
    journal = MemoryJournal()
    run = asyncio.run(perform(prepare(plan, journal), journal))
    whole, _, _ = played(plan, Stepper)
    assert f"{decisions_digest(run.record)} {run.figures}" == whole


def test_the_answer_says_synthetic_wherever_a_modelled_price_is_behind_it(written: Written) -> None:
    index = an_index([(10_000,) * 4] * 60)
    answer = asyncio.run(replay([index], written(HEDGE))).to_json()
    assert answer["synthetic"] == ["BTC/USDT:USDT-231229", "BTC/USDT:USDT-240329"]
    for side in (answer, answer["undefended"]):
        flags = {position["symbol"]: position["synthetic"] for position in side["final"]["positions"]}
        assert flags == {"BTC/USDT:USDT": False, "BTC/USDT:USDT-231229": True}
    assert {action["symbol"]: action["synthetic"] for action in answer["actions"]}["BTC/USDT:USDT-231229"]
    assert any("SYNTHETIC" in sentence for sentence in answer["assumptions"])
    assert answer["bars"] == 60


def test_a_replay_says_how_much_funding_is_charged_at_most(written: Written) -> None:
    tape = calm(30, MINUTE_MS, "2023-12-01T00:00")
    said = asyncio.run(replay([tape], written("[paper]\nfunding_cap = 0.0005\n"))).assumptions
    assert "BTC/USDT:USDT has no funding tape: no funding is paid but what is staged" in said
    assert "no more than 0.0005 of funding is charged each time" in said


def test_a_replay_says_that_nothing_is_listed_to_hedge_with(written: Written) -> None:
    without = BASE[BASE.index("[[paper.quarterlies]]") : BASE.index("[[paper.positions]]")]
    settings = written('[[rules]]\nuse = "quarterly_hedge"\n', without, "")
    answer = asyncio.run(replay([an_index([(10_000,) * 4] * 60)], settings)).to_json()
    said = [sentence for sentence in answer["assumptions"] if "quarterly_hedge" in sentence]
    assert said == [
        (
            "rule quarterly_hedge can do nothing on any position: * isolated:"
            " no dated contract is listed to hedge with, use ReducePosition there"
        )
    ]


def test_a_quarterly_held_to_its_expiry_is_settled_at_the_mean_of_the_index(written: Written) -> None:
    index = an_index([(10_000,) * 4] * 90 + [(10_500,) * 4] * 60)
    for mode in ("jump", "step"):
        answer = asyncio.run(replay([index], written(HEDGE), mode=mode)).to_json()
        (delivery,) = answer["deliveries"]
        assert (delivery["symbol"], delivery["price"], delivery["synthetic"]) == (
            "BTC/USDT:USDT-231229",
            "1025",
            True,
        )
        (hedge,) = (p for p in answer["final"]["positions"] if p["symbol"] == "BTC/USDT:USDT-231229")
        assert not hedge["open"]
