from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from bot.config import ConfigError, Settings, load
from bot.config.compose import (
    contract,
    engine_settings,
    limits,
    market_model,
    opening,
    paper_accounts,
    planned_positions,
)
from bot.config.limits import LimitsTable
from bot.config.model import SeatbeltTable
from bot.core.capabilities import Capabilities
from bot.core.contracts import ContractKind
from bot.core.settings import Limits, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, Symbol

Write = Callable[..., Path]
BTC, ETH = Symbol("BTC/USDT:USDT"), Symbol("ETH/USDT:USDT")
CAPABILITIES = {AccountName("main"): Capabilities(venue="paper")}


def settings_of(path: Path) -> Settings:
    return load(path, {})


def wildcard(write: Write) -> Path:
    text = (
        write()
        .read_text()
        .replace('contracts."BTC/USDT:USDT"', 'contracts."*"')
        .replace("tick = 0.1", 'tick = "auto"')
    )
    return write(text=text.replace('symbol = "BTC/USDT:USDT"', 'symbol = "*"'))


def test_every_limit_of_the_core_can_be_configured_with_the_same_default() -> None:
    assert limits(LimitsTable()) == Limits()
    assert {f.name.removesuffix("_ms") for f in fields(Limits)} == set(LimitsTable.model_fields)


def test_every_setting_of_the_seatbelt_can_be_configured_with_the_same_default() -> None:
    defaults = SeatbeltTable()
    assert {f.name for f in fields(SeatbeltSettings)} == set(SeatbeltTable.model_fields)
    assert SeatbeltSettings(**dict(defaults)) == SeatbeltSettings()


def test_durations_become_milliseconds(write: Write) -> None:
    path = write("", '[limits]\ncooldown = "2m"\nstale_after = "1500ms"\nreserve = 7\n')
    found = engine_settings(settings_of(path), capabilities=CAPABILITIES)
    assert found.limits.cooldown_ms == 120_000
    assert found.limits.stale_after_ms == 1_500
    assert found.limits.reserve == 7


def test_undefended_has_neither_rules_nor_seatbelt(write: Write) -> None:
    settings = settings_of(write())
    defended = engine_settings(settings, capabilities=CAPABILITIES)
    assert [entry.name for entry in defended.rules] == ["early"]
    assert defended.seatbelt.enabled
    undefended = engine_settings(settings, capabilities=CAPABILITIES, defended=False)
    assert undefended.rules == ()
    assert not undefended.seatbelt.enabled


def test_a_rule_keeps_its_symbols_cooldown_and_shadow(write: Write) -> None:
    path = write(
        'name = "early"', 'name = "early"\nsymbols = ["BTC/USDT:USDT"]\ncooldown = "3s"\nshadow = true'
    )
    (entry,) = engine_settings(settings_of(path), capabilities=CAPABILITIES).rules
    assert entry.symbols == frozenset({BTC})
    assert entry.cooldown_ms == 3_000
    assert entry.shadow


def test_a_contract_is_taken_from_its_own_table(write: Write) -> None:
    found = contract(settings_of(write()), BTC)
    assert (found.tick, found.lot, found.settlement) == (Decimal("0.1"), Decimal("0.001"), "USDT")
    assert found.rules.name == "binance_usdm"
    assert found.kind is ContractKind.LINEAR


def test_a_contract_for_every_symbol_takes_its_tick_from_the_tape(write: Write) -> None:
    settings = settings_of(wildcard(write))
    assert contract(settings, ETH, tick=Decimal("0.01")).tick == Decimal("0.01")
    with pytest.raises(ConfigError, match="nothing tells the decimals"):
        contract(settings, ETH)


def test_a_symbol_without_contract_is_an_error(write: Write) -> None:
    with pytest.raises(ConfigError, match='no contract for "ETH/USDT:USDT"; did you mean'):
        contract(settings_of(write()), ETH)


def test_a_coin_settled_in_itself_is_inverse(write: Write) -> None:
    settings = settings_of(wildcard(write))
    found = contract(settings, Symbol("BTC/USD:BTC"), tick=Decimal("0.5"))
    assert found.kind is ContractKind.INVERSE
    assert found.settlement == "BTC"


def test_any_symbol_means_every_symbol_not_named_otherwise(write: Write) -> None:
    path = wildcard(write)
    path.write_text(
        path.read_text()
        + '[[paper.positions]]\nsymbol = "ETH/USDT:USDT"\nside = "short"\nquantity = 2\nleverage = 5\n'
    )
    planned = planned_positions(settings_of(path), [ETH, BTC])
    assert [(str(p.id), p.notional, p.quantity) for p in planned] == [
        ("main/BTC/USDT:USDT/long", Decimal(10_000), None),
        ("main/ETH/USDT:USDT/short", None, Decimal(2)),
    ]


def test_a_position_without_prices_is_an_error_at_its_line(write: Write) -> None:
    path = write()
    with pytest.raises(ConfigError) as caught:
        planned_positions(settings_of(path), [ETH])
    assert str(caught.value).startswith(f"{path}:8: paper.positions[1].symbol: no prices for")
    assert "ETH/USDT:USDT" in str(caught.value)


def test_an_opening_is_rounded_down_to_whole_lots(write: Write) -> None:
    settings = settings_of(write())
    (planned,) = planned_positions(settings, [BTC])
    # 10,000 / 30,000 = 0.3333...
    found = opening(settings, planned, contract(settings, BTC), Decimal(30_000))
    assert found.quantity == Decimal("0.333")
    assert (found.entry, found.margin, found.mode) == (None, None, MarginMode.ISOLATED)
    assert found.leverage == 10


def test_a_fixed_entry_decides_the_quantity(write: Write) -> None:
    settings = settings_of(
        write("leverage = 10", 'leverage = 10\nentry = "20000"\nmargin = 900\nmargin_mode = "isolated"')
    )
    (planned,) = planned_positions(settings, [BTC])
    found = opening(settings, planned, contract(settings, BTC), Decimal(30_000))
    assert (found.quantity, found.entry, found.margin) == (Decimal("0.5"), Decimal(20_000), Decimal(900))


def test_a_position_below_one_lot_is_an_error(write: Write) -> None:
    settings = settings_of(write("10_000", "1"))
    (planned,) = planned_positions(settings, [BTC])
    with pytest.raises(ConfigError, match=r"bot.toml:7: .* comes to 0; the contract takes at least 0.001"):
        opening(settings, planned, contract(settings, BTC), Decimal(30_000))


def test_an_inverse_position_is_sized_in_quote(write: Write) -> None:
    text = (
        wildcard(write)
        .read_text()
        .replace("notional = 10_000", 'notional = "0.5"')
        .replace("lot = 0.001", "lot = 100")
    )
    settings = settings_of(write(text=text))
    symbol = Symbol("BTC/USD:BTC")
    (planned,) = planned_positions(settings, [symbol])
    found = opening(settings, planned, contract(settings, symbol, tick=Decimal("0.5")), Decimal(30_000))
    assert found.quantity == 15_000


def test_the_market_knows_the_depth_of_every_symbol(write: Write) -> None:
    depth = 'depth = { "*" = 5, "ETH/USDT:USDT" = 7 }'
    paper = f'[paper]\nspread = "0.0001"\nfees = {{ maker = 0, taker = 0.001 }}\n{depth}\n'
    path = write('[contracts."BTC/USDT:USDT"]', f'{paper}\n[contracts."*"]')
    model = market_model(settings_of(path), [BTC, ETH])
    assert model.maker_fee == 0
    assert (model.taker_fee, model.spread) == (Decimal("0.001"), Decimal("0.0001"))
    assert model.depth_of(BTC) == 5
    assert model.depth_of(ETH) == 7


def test_accounts_bring_their_balance(write: Write) -> None:
    (account,) = paper_accounts(settings_of(write()))
    assert account.name == AccountName("main")
    assert account.balance == 5000


# --- tiers from a file ---

TIERS = """{
    "BTCUSDT": [{"floor": 0, "cap": 100, "rate": 0.01}, {"floor": 100, "rate": 0.02}],
    "ETHUSDT": [{"floor": 0, "rate": 0.03}]
}
"""


def with_tiers_file(write: Write, contract_for: str, text: str = TIERS) -> Path:
    found = write().read_text()
    start, end = found.index("tiers = ["), found.index("]\n\n[[rules") + 1
    found = found[:start] + 'tiers_file = "tiers.json"' + found[end:]
    path = write('contracts."BTC/USDT:USDT"', f'contracts."{contract_for}"', text=found)
    (path.parent / "tiers.json").write_text(text)
    return path


def test_tiers_of_a_file_beside_the_configuration_are_read(write: Write) -> None:
    found = contract(settings_of(with_tiers_file(write, "BTC/USDT:USDT")), BTC)
    assert [tier.rate for tier in found.tiers] == [Decimal("0.01"), Decimal("0.02")]


def test_a_file_of_tiers_may_serve_every_symbol(write: Write) -> None:
    settings = settings_of(with_tiers_file(write, "*"))
    assert contract(settings, ETH, tick=Decimal(1)).tiers[0].rate == Decimal("0.03")
    with pytest.raises(ConfigError, match=r"bot.toml:16: .*XRP"):
        contract(settings, Symbol("XRP/USDT:USDT"), tick=Decimal(1))


def test_a_symbol_without_tiers_in_the_file_is_an_error(write: Write) -> None:
    path = with_tiers_file(write, "BTC/USDT:USDT", '{"ETHUSDT": [{"floor": 0, "rate": 0.03}], "XRPUSDT": []}')
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value).startswith(
        f'{path}:16: contracts."BTC/USDT:USDT".tiers_file: found "tiers.json"; '
    )


def test_a_file_of_tiers_that_is_not_there_is_an_error(write: Write) -> None:
    path = with_tiers_file(write, "*")
    (path.parent / "tiers.json").unlink()
    with pytest.raises(ConfigError, match=r"tiers_file: found .*No such file"):
        load(path, {})


def test_a_file_of_tiers_that_counts_contracts_needs_the_size_of_one(write: Write) -> None:
    path = with_tiers_file(write, "BTC/USDT:USDT")
    text = path.read_text().replace("binance_usdm", "okx_linear")
    path.write_text(text)
    with pytest.raises(
        ConfigError, match=r'bot.toml:\d+: contracts."BTC/USDT:USDT": contract_size is missing'
    ):
        load(path, {})
    path.write_text(text.replace("tiers_file", "contract_size = 0.01\ntiers_file"))
    assert contract(settings_of(path), BTC).contract_size == Decimal("0.01")


def test_what_is_in_a_file_of_tiers_is_part_of_the_digest(write: Write) -> None:
    first = settings_of(with_tiers_file(write, "*")).digest()
    assert settings_of(with_tiers_file(write, "*")).digest() == first
    assert settings_of(with_tiers_file(write, "*", TIERS.replace("0.03", "0.04"))).digest() != first


def test_the_bound_of_reductions_is_one_for_all_and_a_rule_may_have_its_own(write: Write) -> None:
    path = write("[[rules]]", "[limits]\nmax_slippage = 0.004\n\n[[rules]]\nmax_slippage = 0.01")
    found = engine_settings(settings_of(path), capabilities=CAPABILITIES)
    assert found.limits.max_slippage == Decimal("0.004")
    assert [entry.max_slippage for entry in found.rules] == [Decimal("0.01")]
