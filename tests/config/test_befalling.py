"""What the configuration stages in a replay: read, checked with lines, and put at its times."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, load
from bot.config.befalling import NOTHING, Befalling, Stretch, befalling, collateral_terms, funding_caps
from bot.config.compose import contract, paper_accounts
from bot.core.contracts import Contract
from bot.core.facts import Link, OutcomeKind
from bot.core.margin.venues import RULES
from bot.core.types import Side, Symbol
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.events import (
    CollateralPrice,
    Deleveraging,
    FundingTerms,
    Liquidity,
    ScheduledEvent,
    ScheduledFunding,
)
from bot.venues.paper.model import Share
from bot.venues.paper.outage import Outage

Write = Callable[..., Path]
D = Decimal
BTC = Symbol("BTC/USDT:USDT")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
START_MS = 1_760_130_000_000
"""2025-10-10T21:00:00Z"""
DAY = Stretch(start_ms=START_MS, end_ms=START_MS + 24 * HOUR_MS)

STAGED = """
[[replay.deleveragings]]
at = 2025-10-10T21:16:05Z
symbol = "BTC/USDT:USDT"
side = "short"
share = 0.5

[[replay.deleveragings]]
after = "2m"
symbol = "BTC/USDT:USDT"
side = "long"
quantity = 0.01
price = 100_000

[[replay.outages]]
after = "10m"
lasts = "24m"

[[replay.outages]]
at = "2025-10-11T00:00:00+02:00"
lasts = "1m"
streams = []
answer = "rejected"

[[replay.collateral_prices]]
after = "36m"
asset = "USDe"
price = 0.6567

[[replay.funding]]
after = "1h"
symbol = "BTC/USDT:USDT"
interval = "1h"
cap = 0.02
rate = -0.02
lasts = "3h"

[[replay.liquidity]]
after = "30m"
spread = 20
depth = 0.1

[paper.collateral.USDe]
price = 1
haircut = 0.1
"""


def staged(write: Write, text: str = STAGED) -> Befalling:
    settings = load(write("", text), {})
    return befalling(settings, {BTC: contract(settings, BTC)}, DAY)


def refusals(write: Write, text: str) -> list[str]:
    path = write("", text)
    with pytest.raises(ConfigError) as caught:
        befalling(load(path, {}), {BTC: contract(load(path, {}), BTC)}, DAY)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_nothing_is_staged_by_default(write: Write) -> None:
    assert staged(write, "") == NOTHING


def test_everything_stands_at_its_time(write: Write) -> None:
    found = staged(write)
    minute = START_MS + MINUTE_MS
    assert found.outages == (
        Outage(start_ms=START_MS + 10 * MINUTE_MS, end_ms=START_MS + 34 * MINUTE_MS),
        Outage(
            start_ms=START_MS + HOUR_MS,
            end_ms=START_MS + 61 * MINUTE_MS,
            links=(),
            answer=OutcomeKind.REJECTED,
        ),
    )
    assert found.outages[0].links == (Link.MARKET, Link.ACCOUNT)
    first = Deleveraging(symbol=BTC, side=Side.LONG, quantity=D("0.01"), price=D(100_000))
    second = Deleveraging(symbol=BTC, side=Side.SHORT, quantity=Share(D("0.5")))
    assert found.events == (
        ScheduledEvent(at_ms=minute + MINUTE_MS, event=first),
        ScheduledEvent(at_ms=START_MS + 16 * MINUTE_MS + 5_000, event=second),
        ScheduledEvent(at_ms=START_MS + 30 * MINUTE_MS, event=Liquidity(spread=D(20), depth=D("0.1"))),
        ScheduledEvent(
            at_ms=START_MS + 36 * MINUTE_MS, event=CollateralPrice(asset="USDe", price=D("0.6567"))
        ),
        ScheduledEvent(
            at_ms=START_MS + HOUR_MS, event=FundingTerms(symbol=BTC, interval_ms=HOUR_MS, cap=D("0.02"))
        ),
    )
    (spell,) = found.funding
    assert spell == ScheduledFunding(
        symbol=BTC,
        start_ms=START_MS + HOUR_MS,
        end_ms=START_MS + 4 * HOUR_MS,
        interval_ms=HOUR_MS,
        rate=D("-0.02"),
    )
    # After 22:00 and before 01:00.
    assert list(spell.times()) == [START_MS + 2 * HOUR_MS, START_MS + 3 * HOUR_MS]


def test_a_rate_without_an_end_holds_to_the_end_at_the_contracts_interval(write: Write) -> None:
    text = '[[replay.funding]]\nafter = "0m"\nsymbol = "BTC/USDT:USDT"\nrate = 0.001\n'
    (spell,) = staged(write, text).funding
    assert (spell.end_ms, spell.interval_ms) == (DAY.end_ms, 8 * HOUR_MS)
    assert staged(write, text).events == ()


def test_what_is_staged_is_said(write: Write) -> None:
    spell = "from 2025-10-10T22:00:00Z to 2025-10-11T01:00:00Z"
    assert list(staged(write).told()) == [
        "staged: the venue is out from 2025-10-10T21:10:00Z to 2025-10-10T21:34:00Z",
        "staged: the venue is out from 2025-10-10T22:00:00Z to 2025-10-10T22:01:00Z",
        f"staged: BTC/USDT:USDT pays -0.02 of funding every 1h {spell}",
        "staged: auto-deleveraging of BTC/USDT:USDT long at 2025-10-10T21:02:00Z",
        "staged: auto-deleveraging of BTC/USDT:USDT short at 2025-10-10T21:16:05Z",
        "staged: spreads 20 times and depths 0.1 times the configured ones from 2025-10-10T21:30:00Z",
        "staged: USDe at 0.6567 at 2025-10-10T21:36:00Z",
        "staged: funding of BTC/USDT:USDT every 1h, at most 0.02 each time, from 2025-10-10T22:00:00Z",
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[replay.outages]]\nlasts = "1m"\n', 1, "replay.outages[1]: neither of after and at given"),
        (
            '[[replay.outages]]\nafter = "1m"\nat = 2025-10-10T21:16:05Z\nlasts = "1m"\n',
            1,
            "replay.outages[1]: both of after and at given",
        ),
        ('[[replay.outages]]\nafter = "1m"\nlasts = "0m"\n', 3, "replay.outages[1].lasts: found 0ms"),
        (
            '[[replay.outages]]\nafter = "1m"\nlasts = "1m"\nlinks = 1\n',
            4,
            "replay.outages[1].links: unknown key",
        ),
        (
            '[[replay.outages]]\nat = 2025-10-10T21:16:05\nlasts = "1m"\n',
            2,
            "replay.outages[1].at: found 2025-10-10 21:16:05; allowed: a time with its zone",
        ),
        (
            '[[replay.outages]]\nafter = "1m"\nlasts = "1m"\nanswer = "verified"\n',
            4,
            'replay.outages[1].answer: found "verified"; allowed: "unknown" or "rejected"',
        ),
        (
            '[[replay.outages]]\nafter = "1d"\nlasts = "1m"\n',
            2,
            "replay.outages[1].after: 2025-10-11T21:00:00Z is not in the tapes, which go from 2025-10-10T21",
        ),
        (
            '[[replay.outages]]\nafter = "1m"\nlasts = "2m"\n[[replay.outages]]\nafter = "2m"\nlasts="1m"\n',
            4,
            "replay.outages[2]: begins while the outage at ",
        ),
        (
            (
                '[[replay.outages]]\nafter = "1m"\nlasts = "2m"\n'
                '[[replay.outages]]\nat = 2025-10-10T21:02:00Z\nlasts="1m"\n'
            ),
            4,
            "replay.outages[2]: begins while another outage lasts, from 2025-10-10T21:01:00Z",
        ),
        (
            '[[replay.funding]]\nafter = "1m"\nsymbol = "BTC/USDT:USDT-251226"\nrate = 0.01\n',
            3,
            "replay.funding[1].symbol: no funding is paid on a dated contract",
        ),
        (
            (
                '[[replay.funding]]\nafter = "1m"\nsymbol = "BTC/USDT:USDT"\nrate = 0.01\n'
                '[[replay.funding]]\nafter = "2m"\nsymbol = "BTC/USDT:USDT"\nrate = 0.02\n'
            ),
            5,
            "replay.funding[2]: BTC/USDT:USDT settles another rate at that time, from 2025-10-10T21:01:00Z",
        ),
        (
            '[[replay.deleveragings]]\nafter = "1m"\nsymbol = "BTC/USDT:USDT"\nside = "long"\n',
            1,
            "replay.deleveragings[1]: neither of share and quantity given",
        ),
        (
            '[[replay.deleveragings]]\nafter = "1m"\nsymbol = "BTC/USDT:USDT"\nside = "long"\nshare = 1.5\n',
            5,
            "replay.deleveragings[1].share: found 1.5; allowed: above 0 and at most 1",
        ),
        (
            '[[replay.deleveragings]]\nafter = "1m"\nsymbol = "BTC/USDC:USDC"\nside = "long"\nshare = 1\n',
            3,
            'replay.deleveragings[1].symbol: no prices for "BTC/USDC:USDC"; did you mean "BTC/USDT:USDT"?',
        ),
        (
            '[[replay.liquidity]]\nafter = "1m"\ndepth = 0\n',
            3,
            "replay.liquidity[1].depth: found 0; allowed: above 0",
        ),
        (
            '[[replay.funding]]\nafter = "1m"\nsymbol = "BTC/USDT:USDT"\n',
            1,
            "replay.funding[1]: changes nothing; give interval, cap or rate",
        ),
        (
            '[[replay.collateral_prices]]\nafter = "1m"\nasset = "USDe"\nprice = 1\n',
            3,
            'replay.collateral_prices[1].asset: no terms for "USDe"; add [paper.collateral.USDe]',
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(write: Write, text: str, line: int, said: str) -> None:
    (found,) = refusals(write, text)
    before = 24  # lines of the file that the text is put behind
    assert found.startswith(f"{before + line}: {said}")


# --- collateral and caps -----------------------------------------------------------------------------


def test_collateral_has_terms_and_a_haircut_of_the_venue_or_its_own(write: Write) -> None:
    text = "[paper.collateral]\nBTC = { price = 100_000 }\nUSDe = { price = 1, haircut = 0.25 }\n"
    settings = load(
        write("balance = 5000", "balance = 5000\ncollateral = { BTC = 0.5 }", text=BASE + text), {}
    )
    assert collateral_terms(settings) == {
        "BTC": CollateralTerms(price=D(100_000), haircut=D("0.05")),
        "USDe": CollateralTerms(price=D(1), haircut=D("0.25")),
    }
    assert paper_accounts(settings)[0].collateral == {"BTC": D("0.5")}


def test_an_asset_without_a_known_haircut_needs_one(write: Write) -> None:
    path = write("", "[paper.collateral]\nWBETH = { price = 400 }\n")
    with pytest.raises(ConfigError, match=r"26: paper.collateral.WBETH: no haircut is known"):
        load(path, {})


def test_quarterlies_of_a_perpetual_that_settles_in_its_coin_are_inverse(write: Write) -> None:
    path = write("", '[[paper.quarterlies]]\nunderlying = "BTC/USD:BTC"\n')
    with pytest.raises(ConfigError, match=r'"BTC/USD:BTC" settles in BTC, and so do its quarterlies'):
        load(path, {})


def test_collateral_of_an_account_needs_terms(write: Write) -> None:
    path = write("balance = 5000", "balance = 5000\ncollateral = { BTC = 0.5 }")
    with pytest.raises(ConfigError, match=r'accounts.main.collateral.BTC: no terms for "BTC"'):
        load(path, {})


def caps(write: Write, choice: str, venue: str = "binance_usdm") -> dict[Symbol, Decimal]:
    settings = load(write("", f"[paper]\nfunding_cap = {choice}\n", text=BASE), {})
    traded: Contract = replace(contract(settings, BTC), rules=RULES[venue])
    return dict(funding_caps(settings, {BTC: traded}))


def test_funding_is_capped_as_asked(write: Write) -> None:
    assert caps(write, '"none"') == {}
    # 0.75 of the 0.4 % of the first tier.
    assert caps(write, '"venue"') == {BTC: D("0.003")}
    assert caps(write, "0.02") == {BTC: D("0.02")}
    with pytest.raises(ConfigError, match="no rule is known for this venue"):
        caps(write, '"venue"', "okx_linear")
    with pytest.raises(ConfigError, match='allowed: "none" or "venue", or a rate per settlement'):
        caps(write, '"venu"')


BASE = """\
schema_version = 1

[accounts.main]
margin_rules = "binance_usdm"
balance = 5000

[contracts."BTC/USDT:USDT"]
tick = 0.1
lot = 0.001
tiers = [{ floor = 0, rate = 0.004 }]

"""
