"""The margin rules of the venues as data, each with the source of its convention.

Formulas were taken from the venues' own pages and checked against published and live-account figures
(``tests/core/margin/test_vectors.py``). Where a source contradicts another the version says which one
holds here. Fee rates are the venue's taker fee without discounts; replace them for an account that pays
another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bot.core.contracts import ContractKind
from bot.core.margin.rules import (
    CrossRefill,
    FeeAt,
    LeverageCut,
    MaintenanceAt,
    MarginRules,
    Removable,
    TierUnit,
)

# Maintenance at the liquidation price with tier deduction, no fee. binance.com FAQ b3c689c1 (USD-M),
# ceccfcfb (COIN-M); error -4161 as seen live in 2026-07 (OctoBot issue 3576), -4150 by COIN-M's error page.
_BINANCE_USDM = MarginRules(
    name="binance_usdm",
    version="2024",
    leverage_cut=LeverageCut.REFUSED,
    leverage_cut_code="-4161",
    liquidation_fee=Decimal("0.0125"),
)
_BINANCE_COINM = replace(
    _BINANCE_USDM, name="binance_coinm", leverage_cut_code="-4150", liquidation_fee=Decimal("0.015")
)

# Maintenance frozen at entry; margin and maintenance both contain the fee to close at the bankruptcy price.
# Bybit help "Liquidation-Price-USDT-Contract" and 900000294083 (a change of leverage resets the margin).
# Cross (unified account) is judged by the account's maintenance at mark.
_BYBIT_LINEAR = MarginRules(
    name="bybit_linear",
    version="classic",
    maintenance_at=MaintenanceAt.ENTRY,
    cross_maintenance_at=MaintenanceAt.LIQUIDATION,
    closing_fee=Decimal("0.00055"),
    fee_at=FeeAt.BANKRUPTCY,
    margin_fee_at=FeeAt.BANKRUPTCY,
    bankruptcy_fee=True,
    leverage_cut=LeverageCut.RESETS_MARGIN,
    removable=Removable.ADDED_ONLY,
)
# help.bybit.com 360039261334: maintenance at entry in cross too, the fee on the value at the price itself.
_BYBIT_LEGACY = replace(
    _BYBIT_LINEAR,
    name="bybit_inverse_legacy",
    version="2020",
    cross_maintenance_at=MaintenanceAt.ENTRY,
    closing_fee=Decimal("0.00075"),
    cross_fee_at=FeeAt.LIQUIDATION,
)

# Maintenance and closing fee at the liquidation price; tiers count contracts and hold for the whole
# position. OKX help "mgnRatio", position tiers of 2025-12.
_OKX_LINEAR = MarginRules(
    name="okx_linear",
    version="2025-12",
    closing_fee=Decimal("0.0005"),
    tier_unit=TierUnit.CONTRACTS,
    tier_deduction=False,
    maintenance_shows_fee=False,
    leverage_cut=LeverageCut.RESETS_MARGIN,
    liquidation_fee=Decimal("0.0005"),
    liquidation_steps=True,
)

# Starting margin less maintenance, both at entry, no fee, no deduction. xtsupport 7219807415705 and the
# newer text of 7218719025945 (a lower leverage draws margin only where it is missing).
_XT_LINEAR = MarginRules(
    name="xt_linear",
    version="2024",
    maintenance_at=MaintenanceAt.ENTRY,
    tier_deduction=False,
    cross_refill=CrossRefill.REFILLS,
    leverage_cut=LeverageCut.TOPS_UP,
    order_fee=Decimal("0.0006"),
    liquidation_steps=True,
)

# 0.075 % closing fee whatever the account pays (Gate support); progressive tiers since 2025-07-29.
_GATE_LINEAR = MarginRules(
    name="gate_linear",
    version="2025-07",
    closing_fee=Decimal("0.00075"),
    leverage_cut=LeverageCut.RESETS_MARGIN,
)

# Isolated: maintenance and fee at the liquidation price (12560603808759). Cross: the displayed price
# freezes both at the current mark, as its live positions show, so it moves with the mark.
_BITGET_LINEAR = MarginRules(
    name="bitget_linear",
    version="2025-09",
    cross_maintenance_at=MaintenanceAt.MARK,
    closing_fee=Decimal("0.0006"),
    leverage_cut=LeverageCut.RESETS_MARGIN,
)

# Maintenance rate is half the initial rate at the tier's maximum leverage (its docs); margin cannot be
# lowered below a tenth of the value, leverage of an isolated position cannot be lowered at all.
_HYPERLIQUID = MarginRules(name="hyperliquid", version="2024", removable=Removable.TENTH_OF_VALUE)

# Maintenance of the mark value at 1 % (support page "Equity Protection Process").
_KRAKEN_COINM = MarginRules(name="kraken_futures_coinm", version="2024")
# Multi-collateral contracts: of a long and a short only the larger requirement counts.
_KRAKEN_LINEAR = replace(_KRAKEN_COINM, name="kraken_futures_linear", netting=True)

# Cost * (rate + 0.01 % funding) plus a closing fee on cost * (1 + 1/leverage), all at entry; the bankruptcy
# price leaves that fee. Cross is at the liquidation price with the fee (fitted to live positions).
_KUCOIN = MarginRules(
    name="kucoin",
    version="2024",
    maintenance_at=MaintenanceAt.ENTRY,
    cross_maintenance_at=MaintenanceAt.LIQUIDATION,
    closing_fee=Decimal("0.0006"),
    fee_at=FeeAt.ENTRY_AND_MARGIN,
    cross_fee_at=FeeAt.LIQUIDATION,
    margin_fee_at=FeeAt.ENTRY_AND_MARGIN,
    surcharge=Decimal("0.0001"),
    bankruptcy_fee=True,
    cross_bankruptcy_fee=False,
)

# Maintenance and fee at the liquidation price; the fee on the value at entry is part of the initial margin.
_MEXC = MarginRules(
    name="mexc",
    version="2024",
    closing_fee=Decimal("0.0006"),
    margin_fee_at=FeeAt.ENTRY,
    tier_deduction=False,
)

# As OKX, and the bankruptcy price leaves the fee.
_PHEMEX = MarginRules(
    name="phemex", version="2024", closing_fee=Decimal("0.0006"), bankruptcy_fee=True, tier_deduction=False
)

_DELTA = MarginRules(name="delta", version="2024", maintenance_at=MaintenanceAt.ENTRY)

# Maintenance is the adjustment factor (kept as the tier's rate) times the initial margin.
_HTX = MarginRules(name="htx", version="2024", scaled_by_leverage=True, tier_deduction=False)

RULES: Mapping[str, MarginRules] = MappingProxyType(
    {
        rules.name: rules
        for rules in (
            MarginRules(name="generic", version="1"),
            _BINANCE_USDM,
            _BINANCE_COINM,
            _BYBIT_LINEAR,
            replace(_BYBIT_LINEAR, name="bybit_inverse"),
            _BYBIT_LEGACY,
            _OKX_LINEAR,
            replace(_OKX_LINEAR, name="okx_inverse"),
            replace(_OKX_LINEAR, name="blofin", closing_fee=Decimal("0.0006"), tier_unit=TierUnit.NOTIONAL),
            _XT_LINEAR,
            replace(_XT_LINEAR, name="xt_inverse"),
            _GATE_LINEAR,
            replace(_GATE_LINEAR, name="gate_inverse"),
            _BITGET_LINEAR,
            replace(_BITGET_LINEAR, name="bitget_inverse"),
            _HYPERLIQUID,
            replace(_HYPERLIQUID, name="hyperliquid_2023", version="2023", maintenance_at=MaintenanceAt.MARK),
            _KRAKEN_COINM,
            _KRAKEN_LINEAR,
            _KUCOIN,
            _MEXC,
            _PHEMEX,
            _DELTA,
            _HTX,
            # Maintenance at the liquidation price, no fee: fitted to one live position each.
            MarginRules(name="lighter", version="2025"),
            MarginRules(name="poloniex", version="2025"),
            MarginRules(name="bingx", version="2024"),
        )
    }
)

_ALIASES = {
    "binance": ("binance_usdm", "binance_coinm"),
    "binanceusdm": ("binance_usdm", "binance_usdm"),
    "binancecoinm": ("binance_coinm", "binance_coinm"),
    "gateio": ("gate_linear", "gate_inverse"),
    "huobi": ("htx", "htx"),
    "kraken": ("kraken_futures_linear", "kraken_futures_coinm"),
    "krakenfutures": ("kraken_futures_linear", "kraken_futures_coinm"),
    "kraken_futures": ("kraken_futures_linear", "kraken_futures_coinm"),
    "kucoinfutures": ("kucoin", "kucoin"),
}


def rules_for(venue: str, kind: ContractKind = ContractKind.LINEAR) -> MarginRules:
    """The rules of a venue by its name here, its common name, or with a remark in brackets.

    ``bybit`` and ``bybit_linear`` are one for linear contracts; ``bybit_inverse(legacy)`` is
    ``bybit_inverse_legacy``; of ``blofin(okx-like)`` the remark is dropped. ``KeyError`` with the known
    names for any other.
    """
    spelt = re.sub(r"[^a-z0-9]+", "_", venue.lower()).strip("_")
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"\(.*\)", "", venue.lower())).strip("_")
    for name in (spelt, plain):
        for candidate in (name, _ALIASES.get(name, ("", ""))[kind is ContractKind.INVERSE], f"{name}_{kind}"):
            if candidate in RULES:
                return RULES[candidate]
    raise KeyError(f"no margin rules for the venue {venue!r}; known are {', '.join(sorted(RULES))}")
