"""Which figures there are, what else they are called, and how one is answered.

A name that no list can hold carries its own number: ``initial_margin_80x``,
``liquidation_price_after_add_1000``, ``liquidation_price_buffer5pct``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal, DecimalException

from bot.cli import calc_figures as figures
from bot.cli.calc_case import Case
from bot.cli.calc_inputs import BadInputError, MissingInputError
from bot.core.types import Side

FIGURES: Mapping[str, tuple[figures.Figure, tuple[str, ...]]] = {
    "liquidation_price": (figures.liquidation, ("liq_price", "liq_px", "liquidation", "break_price")),
    "bankruptcy_price": (figures.bankruptcy, ("bankrupt_price", "bust_price")),
    "distance": (figures.away, ("distance_to_liquidation",)),
    "unrealized_pnl": (
        figures.profit,
        ("unrealised_pnl", "unrealized_profit", "unrealised_profit", "upl", "upnl", "pnl"),
    ),
    "notional": (figures.notional, ("position_value", "notional_value", "notional_usd")),
    "maintenance_margin": (
        figures.required,
        ("maint_margin", "maintenance", "mm", "maintenance_amount", "cross_maintenance_margin_used"),
    ),
    "mmr_amt": (figures.required_without_fee, ("maintenance_margin_without_fee",)),
    "initial_margin": (
        figures.margin_at_start,
        ("im", "position_im", "init_margin", "position_initial_margin"),
    ),
    "imr": (figures.margin_rate, ("initial_margin_at_mark",)),
    "position_mm": (figures.position_maintenance, ()),
    "margin": (figures.own_margin, ("isolated_wallet", "position_margin")),
    "wallet": (figures.wallet, ("cross_wallet", "wallet_balance")),
    "isolated_margin": (figures.equity, ()),
    "effective_leverage": (figures.effective_leverage, ()),
    "roe": (figures.return_on_margin, ("return_on_margin", "percentage")),
    "equity": (
        figures.equity,
        ("margin_balance", "total_margin_balance", "total_asset_value", "account_value", "account_equity"),
    ),
    "margin_used": (figures.margin_used, ()),
    "margin_ratio": (figures.ratio, ("margin_rate", "risk_ratio", "maint_margin_ratio")),
    "mgn_ratio": (figures.okx_ratio, ()),
    "fixed_margin_rate": (figures.fixed_rate, ()),
    "risk_rate": (figures.risk_rate, ()),
    "mmr": (figures.tier_rate, ("maintenance_rate", "maint_margin_rate", "maintenance_margin_rate")),
    "maint_amount": (figures.tier_deduction, ("cum", "maint_amt", "mm_deduction", "deduction")),
    "maintenance_margin_old": (figures.flat_maintenance, ("maintenance_margin_flat",)),
    "maintenance_margin_new": (figures.progressive_maintenance, ("maintenance_margin_progressive",)),
    "margin_frozen": (figures.order_margin, ("order_margin", "open_order_margin", "frozen_margin")),
    "funding_pnl": (figures.funding_of, ("funding", "funding_fee", "funding_fees")),
    "funding_pnl_long": (lambda case: figures.funding_on(case, Side.LONG), ()),
    "funding_pnl_short": (lambda case: figures.funding_on(case, Side.SHORT), ()),
    "removable_margin": (figures.removable, ("max_removable_margin", "max_withdraw", "est_max_wd")),
    "loss_at_liquidation": (figures.loss, ()),
    "liquidation_fee": (figures.liquidation_charge, ()),
    "liquidation_price_before": (figures.before_extra, ("liquidation_price_before_add",)),
    "liquidation_price_after_scale_in": (figures.after_scale_in, ()),
}

Numbered = Callable[[Case, Decimal], Decimal | None]

NUMBERED: Mapping[str, tuple[str, Numbered]] = {
    "initial_margin_<N>x": (
        r"initial_margin_(\d+(?:\.\d+)?)x",
        lambda case, leverage: _positive(figures.notional(case), leverage),
    ),
    "liquidation_price_after_add_<N>": (
        r"liquidation_price_after_add_(\d+(?:\.\d+)?)",
        figures.after_adding,
    ),
    "liquidation_price_buffer<N>pct": (
        r"liquidation_price_buffer_?(\d+(?:\.\d+)?)pct",
        figures.with_buffer,
    ),
}

SHOWN = (
    "liquidation_price",
    "distance",
    "bankruptcy_price",
    "notional",
    "unrealized_pnl",
    "margin",
    "equity",
    "initial_margin",
    "maintenance_margin",
    "margin_ratio",
    "mmr",
    "maint_amount",
    "removable_margin",
    "loss_at_liquidation",
)
"""What is calculated where nobody asks for anything in particular."""

_BY_NAME = {name: figure for canonical, (figure, others) in FIGURES.items() for name in (canonical, *others)}
_EXACT = Context(prec=20)
_READABLE = Context(prec=10)


_WITHOUT_CONVENTION = frozenset(
    {
        figures.profit,
        figures.notional,
        figures.funding_of,
        figures.margin_rate,
        figures.tier_rate,
        figures.bankruptcy,
        figures.equity,
        figures.own_margin,
        figures.wallet,
    }
)
"""Figures that are the same at every venue, so that an unknown one does not matter."""


def answer(case: Case, names: Iterable[str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """Each figure as a decimal string (``None``: there is none), and why the others are unsupported."""
    found: dict[str, str | None] = {}
    unsupported: dict[str, str] = {}
    for name in names:
        try:
            figure = _named(name)
            if figure is None:
                unsupported[name] = "not a figure of this program; --figures lists them"
            else:
                value = figure(case.anywhere() if figure in _WITHOUT_CONVENTION else case)
                found[name] = None if value is None else written(value)
        except MissingInputError as error:
            unsupported[name] = str(error)
        except DecimalException as error:
            raise BadInputError(f"{name} is out of range with these numbers") from error
    return found, unsupported


def written(value: Decimal, precision: Context = _EXACT) -> str:
    """A decimal in plain digits, twenty of them significant."""
    short = f"{precision.plus(value):f}"
    short = short.rstrip("0").rstrip(".") if "." in short else short
    return "0" if short in {"-0", ""} else short


def readable(value: str | None) -> str:
    """A written figure in few enough digits for people; a dash where there is none."""
    return "-" if value is None else written(Decimal(value), _READABLE)


def listing() -> list[tuple[str, str, str]]:
    """Every figure with its other names and what it is."""
    rows = [(name, ", ".join(others), _summary(figure)) for name, (figure, others) in FIGURES.items()]
    rows.extend((name, "", "The same with the number in its name.") for name in NUMBERED)
    return rows


def spelt(name: str) -> str:
    """A figure's name in lower case with underscores: ``liquidationPrice`` is ``liquidation_price``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower().replace("-", "_").replace(" ", "_")


def _named(name: str) -> figures.Figure | None:
    plain = spelt(name)
    if plain in _BY_NAME:
        return _BY_NAME[plain]
    for pattern, figure in NUMBERED.values():
        matched = re.fullmatch(pattern, plain)
        if matched:
            number = Decimal(matched[1])
            return lambda case: figure(case, number)
    return None


def _summary(figure: figures.Figure) -> str:
    text = figure.__doc__ or "Funding of that side."
    return text.split("\n")[0]


def _positive(value: Decimal, leverage: Decimal) -> Decimal:
    if not leverage:
        raise MissingInputError("a leverage of 0 has no initial margin")
    return value / leverage
