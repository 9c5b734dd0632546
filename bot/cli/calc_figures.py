"""The figures ``holdfast calc`` knows: how each is calculated, and the other names it goes by.

Venues call one figure many names; a file asks for it by whichever it uses. A figure that cannot be
calculated from what is given raises ``MissingInputError`` with what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.cli.calc_case import Case
from bot.cli.calc_inputs import BadInputError, MissingInputError, number
from bot.cli.calc_terms import ACCOUNT
from bot.core.margin.arithmetic import coordinate, fee_value, funding, initial_margin, unrealised
from bot.core.margin.arithmetic import liquidation_fee as fee_of_liquidation
from bot.core.margin.assess import Assessment, assess
from bot.core.margin.liquidation import (
    bankruptcy_price,
    danger_below,
    distance,
    exact_liquidation_price,
    liquidation_price,
)
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.project import loss_at_liquidation, removable_margin
from bot.core.margin.requirement import maintenance, maintenance_point, tier_index
from bot.core.margin.rules import FeeAt, MaintenanceAt
from bot.core.types import ONE, ZERO, MarginMode, Position, PositionId, Side

Figure = Callable[[Case], Decimal | None]

_MARGIN_AT_MARK = ("binance", "bitget", "blofin", "bybit", "hyperliquid", "okx", "generic")
"""Venues that state initial margin on the value at mark; the others on the value at entry."""
_DAYTIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_JUST_AFTER = timedelta(seconds=15)
"""A position opened this shortly after a funding time still pays it, as Binance's own text says."""


def _price(pool: Pool, case: Case) -> Decimal | None:
    if "tick" in case.given.inputs:
        return liquidation_price(pool, case.position.id, case.marks)
    return exact_liquidation_price(pool, case.position.id, case.marks)


def liquidation(case: Case) -> Decimal | None:
    """Where the exchange liquidates; nothing if nowhere. Rounded toward safety if a tick is given."""
    if maintenance_point(case.position, case.contract) is MaintenanceAt.MARK:
        _ = case.given.mark
    return _price(case.pool, case)


def bankruptcy(case: Case) -> Decimal | None:
    """Where nothing is left of the backing. With a tick, rounded away from the entry."""
    contract = case.contract
    pool = case.pool if case.has_rate else _alone(case)
    found = bankruptcy_price(pool, case.position.id, case.marks)
    if found is None or "tick" not in case.given.inputs:
        return found
    return (
        contract.price_down(found)
        if danger_below(pool, case.position.id, case.marks)
        else contract.price_up(found)
    )


def _alone(case: Case) -> Pool:
    others = tuple(holding for holding, _ in case.others)
    return Pool(case.given.mode, case.backing, (Holding(case.position, case.contract), *others))


def profit(case: Case) -> Decimal:
    """Unrealised profit at mark."""
    _ = case.given.entry
    return unrealised(case.position, case.contract, case.given.mark)


def notional(case: Case) -> Decimal:
    """Value of the position at mark, or at entry where no mark is known."""
    return case.contract.notional(case.given.quantity, case.given.reference)


def required(case: Case) -> Decimal:
    """Maintenance margin as the venue shows it: with or without the closing fee."""
    shown = _required_with_fee(case)
    if case.rules.maintenance_shows_fee:
        return shown
    plain = replace(case.contract, rules=replace(case.rules, closing_fee=ZERO))
    return maintenance(case.position, plain, case.given.mark)


def _required_with_fee(case: Case) -> Decimal:
    _known_rate(case)
    if maintenance_point(case.position, case.contract) is MaintenanceAt.ENTRY:
        return maintenance(case.position, case.contract, case.given.entry_or_mark)
    return maintenance(case.position, case.contract, case.given.mark)


def required_without_fee(case: Case) -> Decimal:
    """Maintenance margin without any closing fee."""
    _known_rate(case)
    plain = replace(case.contract, rules=replace(case.rules, closing_fee=ZERO))
    return maintenance(case.position, plain, case.given.mark)


def _known_rate(case: Case) -> None:
    assert case.tiers, "an unknown rate is reported as missing"


def margin_at_start(case: Case) -> Decimal:
    """Initial margin: of the value at mark or at entry, as the venue states it."""
    given = case.given
    given.need("leverage")
    at_mark = case.rules.name.startswith(_MARGIN_AT_MARK)
    price = given.reference if at_mark or "entry" not in given.inputs else given.entry
    return initial_margin(case.position, case.contract, price)


def margin_rate(case: Case) -> Decimal:
    """Value at mark over leverage."""
    return case.contract.notional(case.given.quantity, case.given.mark) / case.given.need("leverage")


def position_maintenance(case: Case) -> Decimal:
    """Maintenance of the value at mark with the fee to close at the bankruptcy price."""
    _known_rate(case)
    price = case.given.reference
    plain = replace(
        case.contract,
        rules=replace(
            case.rules,
            closing_fee=ZERO,
            maintenance_at=MaintenanceAt.LIQUIDATION,
            cross_maintenance_at=None,
        ),
    )
    fee = case.given.inputs.get("fee", case.given.venue_rules.closing_fee)
    charged = fee_value(case.position, case.contract, case.rules.margin_fee_at or FeeAt.LIQUIDATION, price)
    return maintenance(case.position, plain, price) + fee * charged


def own_margin(case: Case) -> Decimal:
    """Margin of an isolated position without unrealised profit; initial margin in cross."""
    return case.backing if case.given.mode is MarginMode.ISOLATED else margin_at_start(case)


def wallet(case: Case) -> Decimal:
    """What backs the position, without unrealised profit: isolated margin or the account's wallet."""
    return case.backing


def effective_leverage(case: Case) -> Decimal | None:
    """Value at mark over equity."""
    found = equity(case)
    return notional(case) / found if found > 0 else None


def return_on_margin(case: Case) -> Decimal:
    """Unrealised profit over initial margin."""
    return profit(case) / margin_at_start(case)


def stands(case: Case) -> Assessment:
    """Equity and requirement of what backs the position."""
    _ = case.given.mark
    return assess(case.pool, case.marks)


def equity(case: Case) -> Decimal:
    """Wallet and unrealised profit: of the isolated position, or of the cross account."""
    _ = case.given.mark
    pool = case.pool if case.has_rate else _alone(case)
    return assess(pool, case.marks).equity


def margin_used(case: Case) -> Decimal:
    """Isolated: margin with unrealised profit. Cross: initial margin at mark."""
    return equity(case) if case.given.mode is MarginMode.ISOLATED else margin_rate(case)


def ratio(case: Case) -> Decimal | None:
    """Maintenance over equity: 1 is liquidation; nothing without equity."""
    return stands(case).margin_ratio


def okx_ratio(case: Case) -> Decimal | None:
    """OKX's ratio is equity over maintenance with the fee, large is safe; elsewhere as ``margin_ratio``."""
    found = stands(case)
    if case.rules.maintenance_shows_fee:
        return found.margin_ratio
    return found.equity / found.maintenance if found.maintenance else None


def fixed_rate(case: Case) -> Decimal:
    """Equity over value at mark, less the closing fee (Bitget's ``fixedMarginRate``)."""
    value = case.contract.notional(case.given.quantity, case.given.mark)
    return equity(case) / value - case.rules.closing_fee


def risk_rate(case: Case) -> Decimal:
    """Equity over initial margin at mark, less the adjustment factor (HTX); 0 is liquidation."""
    factor = case.given.need("factor")
    _ = case.given.mark
    return equity(case) / margin_rate(case) - factor


def away(case: Case) -> Decimal | None:
    """Distance from mark to liquidation as a fraction of the mark, negative once past it."""
    found = liquidation(case)
    if found is None:
        return None
    side = Side.LONG if danger_below(case.pool, case.position.id, case.marks) else Side.SHORT
    return distance(case.given.mark, found, side)


def tier_rate(case: Case) -> Decimal:
    """Maintenance rate of the tier the position is in now."""
    return case.tiers[_tier_now(case)].rate


def tier_deduction(case: Case) -> Decimal:
    """Maintenance amount that the tier the position is in now deducts."""
    return case.tiers[_tier_now(case)].deduction


def _tier_now(case: Case) -> int:
    _known_rate(case)
    return tier_index(case.contract, case.given.quantity, coordinate(case.contract, case.given.reference))


def flat_maintenance(case: Case) -> Decimal:
    """Value at mark times the rate of its tier, nothing deducted."""
    return notional(case) * tier_rate(case)


def progressive_maintenance(case: Case) -> Decimal:
    """Value at mark times the rate of its tier, less what the tier deducts."""
    return flat_maintenance(case) - tier_deduction(case)


def order_margin(case: Case) -> Decimal:
    """What an open order freezes: its initial margin and the taker fee."""
    given = case.given
    price = given.inputs.get("price", given.inputs.get("entry"))
    if price is None:
        raise MissingInputError("needs price")
    value = case.contract.notional(given.quantity, price)
    return value / given.need("leverage") + value * given.inputs.get("fee", case.rules.order_fee)


def funding_of(case: Case) -> Decimal:
    """Funding received (negative: paid), at one rate or over the settlements that were held."""
    return funding_on(case, case.given.side)


def funding_on(case: Case, side: Side) -> Decimal:
    """As ``funding_of``, for the long or the short of this position."""
    events = case.given.fields.get("funding_events")
    if events is None:
        return _received(case, side, case.given.mark, case.given.need("funding_rate"))
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise BadInputError("funding_events is no list of settlements")
    total = ZERO
    for event in _held(events, case.given.fields):
        mark = number(event.get("mark"), "mark of a funding event", low=ZERO, strictly=True)
        total += _received(case, side, mark, number(event.get("rate"), "rate of a funding event"))
    return total


def _received(case: Case, side: Side, mark: Decimal, rate: Decimal) -> Decimal:
    id_ = PositionId(ACCOUNT, case.given.symbol, side)
    mode = case.given.mode
    position = Position(id=id_, quantity=case.given.quantity, entry=mark, leverage=ONE, mode=mode)
    return funding(position, case.contract, mark, rate)


def _held(events: list[dict[str, Any]], fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The settlements during which the position was open. Times of day count on from its opening."""
    opened, closed = _moment(fields.get("open"), None), _moment(fields.get("close"), None)
    previous = None
    for event in events:
        at = _moment(event.get("t"), opened)
        daily = _DAYTIME.fullmatch(str(event.get("t")))
        while daily and at is not None and previous is not None and at < previous:
            at += timedelta(days=1)
        previous = at
        if at is None or ((opened is None or opened < at + _JUST_AFTER) and (closed is None or at <= closed)):
            yield event


def _moment(text: Any, day: datetime | None) -> datetime | None:  # noqa: ANN401 - JSON
    """A time, or a time of ``day``; ``None`` where it cannot be placed."""
    if text is None:
        return None
    try:
        if _DAYTIME.fullmatch(str(text)):
            if day is None:
                return None
            hours, minutes, *seconds = (int(part) for part in str(text).split(":"))
            return day.replace(hour=hours, minute=minutes, second=seconds[0] if seconds else 0)
        return datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError as error:
        raise BadInputError(f"time is {text!r}, expected such as 2026-01-31 08:00:00") from error


def removable(case: Case) -> Decimal:
    """The most margin the venue gives back now."""
    _ = case.given.mark
    return removable_margin(case.pool, case.position.id, case.marks)


def loss(case: Case) -> Decimal:
    """Money lost from now if the position is liquidated."""
    _ = case.given.mark
    return loss_at_liquidation(case.pool, case.position.id, case.marks)


def liquidation_charge(case: Case) -> Decimal | None:
    """Liquidation fee at the liquidation price."""
    found = liquidation(case)
    return None if found is None else fee_of_liquidation(case.contract, case.given.quantity, found)


def before_extra(case: Case) -> Decimal | None:
    """Liquidation price before any margin was added."""
    return _price(_with_backing(case, case.backing - case.given.inputs.get("extra", ZERO)), case)


def _with_backing(case: Case, backing: Decimal) -> Pool:
    return case.pool.with_position(case.pool.holdings[0].position, backing)


def after_scale_in(case: Case) -> Decimal | None:
    """Liquidation price after the position was enlarged; margin added before is shared by the whole."""
    added = case.given.fields.get("scale_in")
    if not isinstance(added, dict):
        raise MissingInputError("needs scale_in")
    quantity = number(added.get("qty", added.get("quantity")), "scale_in qty", low=ZERO, strictly=True)
    price = number(added.get("price"), "scale_in price", low=ZERO, strictly=True)
    case.given.need("leverage")
    position, contract = case.position, case.contract
    both = position.quantity + quantity
    part = replace(position, quantity=quantity, entry=price)
    value = contract.notional(position.quantity, position.entry) + contract.notional(quantity, price)
    grown = replace(position, quantity=both, entry=coordinate(contract, value / both))
    return _price(case.pool.with_position(grown, case.backing + initial_margin(part, contract, price)), case)


def after_adding(case: Case, amount: Decimal) -> Decimal | None:
    """Liquidation price with ``amount`` of margin added to the position as it was before any was added."""
    before = case.backing - case.given.inputs.get("extra", ZERO)
    return _price(_with_backing(case, before + amount), case)


def with_buffer(case: Case, percent: Decimal) -> Decimal | None:
    """Liquidation price moved by a percentage of its distance toward the entry."""
    found = liquidation(case)
    return None if found is None else found + (case.given.entry - found) * percent / 100
