"""Never worse: what we do lowers risk, within what we were given, and touches nobody else's (I06-I14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from bot.core.facts import PositionChanged
from bot.core.intents import (
    AddMargin,
    CancelStop,
    CloseHedge,
    CutLeverage,
    OpenHedge,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.margin.liquidation import liquidation_price
from bot.core.margin.pool import Holding, Pool
from bot.core.types import ZERO, AccountName, MarginMode, OrderKind, Position, PositionId, PositionMode
from bot.simulator.records import OrderRecord, OrderStatus
from tests.faults.checking.story import Deed, Story, is_ours
from tests.faults.checking.violation import Violation
from tests.faults.evidence import (
    Asked,
    MarginEffect,
    OrderEffect,
    PositionEffect,
    SettingEffect,
    WalletEffect,
    Who,
)

HALF_A_TICK = Decimal("0.5")
DAY_MS = 86_400_000
SETTLED_MS = 10_000
"""How long before a decision the account may have been read that it is based on."""
LEVERAGE, POSITION_MODE = "leverage", "position mode"
TAKEN_OUT = "2"
"""Binance's word, beside an amount of margin, for taking it out."""


def exposure_only_falls(story: Story) -> Iterator[Violation]:
    """I06. No position grows by our doing but a hedge, and a hedge stays within its cap and its position."""
    for effect in story.ours():
        if not isinstance(effect, PositionEffect):
            continue
        before, after = _quantity(effect.before), _quantity(effect.after)
        if after <= before:
            continue
        deed = story.deed_behind(effect)
        if deed is None or not isinstance(deed.intent, OpenHedge):
            yield Violation(effect.at_ms, "I06", f"{effect.id} grew from {before} to {after}")
            continue
        most = _most_held(story, deed.intent.id, effect.at_ms - SETTLED_MS, effect.number)
        if after > most:
            text = f"a hedge of {after} stands against {most}"
            yield Violation(effect.at_ms, "I06", text)
        contract = story.evidence.configured.contracts[effect.id.symbol]
        limits = story.evidence.configured.limits
        cap = limits.budgets(effect.id.account, contract.settlement).hedge_notional
        if cap is not None and contract.notional(after - before, effect.mark) > cap * Decimal("1.02"):
            yield Violation(effect.at_ms, "I06", f"a hedge of {after} {effect.id.symbol} is beyond {cap}")


def orders_only_reduce(story: Story) -> Iterator[Violation]:
    """I07. Every order of ours that is no hedge can only reduce, by its flag or by the side it names."""
    for asked in story.evidence.requests:
        if not asked.writes or asked.method != "POST" or not is_ours(asked.client_id):
            continue
        deed = story.deed_of.get(asked.number)
        if deed is not None and isinstance(deed.intent, OpenHedge):
            continue
        if not _only_reduces(asked, in_hedge_mode=PositionMode.HEDGE in _modes(story, asked.account)):
            yield Violation(
                asked.sent_ms, "I07", f"{asked.client_id} may open something: {dict(asked.params)}"
            )
    for effect in story.ours():
        if isinstance(effect, OrderEffect) and effect.before is None and not effect.after.reduces:
            deed = story.deed_behind(effect)
            if deed is None or not isinstance(deed.intent, OpenHedge):
                yield Violation(effect.at_ms, "I07", f"{effect.after.client_id} opens {effect.after.id}")


def liquidation_moves_away(story: Story) -> Iterator[Violation]:
    """I08. Margin added and leverage cut leave an isolated position no nearer to its liquidation."""
    for effect in story.ours():
        if not isinstance(effect, PositionEffect) or effect.before is None or effect.after is None:
            continue
        deed = story.deed_behind(effect)
        if deed is None or not isinstance(deed.intent, AddMargin | CutLeverage):
            continue
        before, after = _liquidation(story, effect.before), _liquidation(story, effect.after)
        if before is None or after is None:
            continue
        slack = story.evidence.configured.contracts[effect.id.symbol].tick * HALF_A_TICK
        if effect.id.side.sign * (after - before) > slack:
            text = f"{deed.action.client_id} brought liquidation of {effect.id} from {before} to {after}"
            yield Violation(effect.at_ms, "I08", text)


def settings_are_left_alone(story: Story) -> Iterator[Violation]:
    """I09. Leverage only falls; margin mode and position mode are nobody's but the trader's."""
    leverages: dict[tuple[AccountName, str], Decimal] = {}
    for held in story.evidence.first:
        for id_, position in held.positions.items():
            leverages[held.account, id_.symbol] = position.leverage
    for effect in story.evidence.effects:
        if not isinstance(effect, SettingEffect):
            continue
        key = effect.account, effect.symbol
        known = leverages.get(key)
        if effect.what == LEVERAGE:
            leverages[key] = Decimal(effect.value)
        if effect.cause.who is not Who.BOT:
            continue
        deed = story.deed_behind(effect)
        hedges = (
            deed is not None and isinstance(deed.intent, OpenHedge) and deed.intent.symbol == effect.symbol
        )
        if effect.what == LEVERAGE:
            if not hedges and known is not None and Decimal(effect.value) > known:
                text = f"leverage of {effect.symbol} was raised from {known} to {effect.value}"
                yield Violation(effect.at_ms, "I09", text)
        elif not hedges:
            yield Violation(
                effect.at_ms, "I09", f"{effect.what} of {effect.symbol} was set to {effect.value}"
            )


def budgets_hold(story: Story) -> Iterator[Violation]:
    """I10. Margin put behind a lot, in a day, by an account stays within its budget; the released is free."""
    spent: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for deed, effect in _fed(story):
        contract = story.evidence.configured.contracts[effect.id.symbol]
        budgets = story.evidence.configured.limits.budgets(effect.id.account, contract.settlement)
        lot = _lot(story, effect)
        day = str(deed.action.at_ms // DAY_MS)
        account, currency = effect.id.account, contract.settlement
        for words, limit in (
            (("position", str(effect.id), str(lot)), budgets.margin_per_position),
            (("campaign", str(effect.id), str(lot)), budgets.margin_per_campaign),
            (("day", account, currency, day), budgets.margin_per_day),
            (("account", account, currency), budgets.margin_per_account),
        ):
            spent[words] += effect.amount
            if limit is not None and spent[words] > limit + _released(story, words):
                text = f"{spent[words]} of margin, the budget per {words[0]} is {limit}"
                yield Violation(effect.at_ms, "I10", text)


def the_reserve_is_kept(story: Story) -> Iterator[Violation]:
    """I10. What may not be spent is not spent, unless the balance fell meanwhile by somebody else's doing."""
    for deed, effect in _fed(story):
        contract = story.evidence.configured.contracts[effect.id.symbol]
        limits = story.evidence.configured.limits
        reserve = limits.budgets(effect.id.account, contract.settlement).reserve
        wallets = [
            each
            for each in story.evidence.effects
            if isinstance(each, WalletEffect)
            and (each.account, each.currency) == (effect.id.account, contract.settlement)
            and deed.line.at_ms - SETTLED_MS <= each.at_ms <= effect.at_ms
        ]
        others = any(each.cause.request != effect.cause.request for each in wallets)
        mine = [each for each in wallets if each.cause.request == effect.cause.request]
        if mine and not others and mine[-1].after < reserve and not _goes_back(story, deed):
            text = f"{deed.action.client_id} left {mine[-1].after}, the reserve is {reserve}"
            yield Violation(effect.at_ms, "I10", text)


def no_margin_is_taken_out(story: Story) -> Iterator[Violation]:
    """I11. Margin leaves a position only where a rule withdrew it, and else is not even asked to."""
    for asked in story.evidence.requests:
        deed = story.deed_of.get(asked.number)
        taken_out = asked.writes and "positionMargin" in asked.path and asked.params["type"] == TAKEN_OUT
        if taken_out and (deed is None or not isinstance(deed.intent, WithdrawMargin)):
            text = f"{asked.params['amount']} of {asked.params['symbol']} was to be taken out"
            yield Violation(asked.sent_ms, "I11", text)
    for effect in story.ours():
        if isinstance(effect, MarginEffect) and effect.amount < 0:
            deed = story.deed_behind(effect)
            if deed is None or not isinstance(deed.intent, WithdrawMargin):
                yield Violation(effect.at_ms, "I11", f"{-effect.amount} was taken out of {effect.id}")


def sizes_fit(story: Story) -> Iterator[Violation]:
    """I12. What is closed is no more than was held when it was decided, in whole steps, and as meant."""
    known: dict[PositionId, Position | None] = {}
    decided = {deed.line.seq: deed for deed in story.deeds}
    for line in story.lines:
        if isinstance(line.noun, PositionChanged):
            known[line.noun.id] = line.noun.position
            continue
        deed = decided.get(line.seq)
        if deed is None or not isinstance(deed.intent, ReducePosition):
            continue
        held = known.get(deed.intent.id)
        most = held.quantity if held is not None else ZERO
        lot = story.evidence.configured.contracts[deed.intent.id.symbol].lot
        if deed.intent.quantity > most:
            text = f"{deed.action.client_id} closes {deed.intent.quantity} of {most}"
            yield Violation(line.at_ms, "I12", text)
        elif deed.intent.quantity % lot and deed.intent.quantity != most:
            text = f"{deed.action.client_id} closes {deed.intent.quantity}, the step is {lot}"
            yield Violation(line.at_ms, "I12", text)
    yield from _no_more_than_meant(story)


def _no_more_than_meant(story: Story) -> Iterator[Violation]:
    for deed in story.deeds:
        if not isinstance(deed.intent, ReducePosition | CloseHedge):
            continue
        placed: dict[int, Decimal] = {}
        for asked in deed.requests:
            for effect in story.effects_of.get(asked.number, ()):
                if isinstance(effect, OrderEffect) and effect.after.client_id == asked.client_id:
                    placed[effect.after.order_id] = effect.after.quantity
        if sum(placed.values(), ZERO) > deed.intent.quantity:
            text = f"{deed.action.client_id} closes {sum(placed.values())} in place of {deed.intent.quantity}"
            yield Violation(deed.line.at_ms, "I12", text)


def a_stop_is_never_taken_first(story: Story) -> Iterator[Violation]:
    """I13. The last stop of a position that is held goes only where a rule wants none there."""
    stops: dict[PositionId, set[int]] = defaultdict(set)
    for held in story.evidence.first:
        for order in held.orders:
            if _protects(order):
                stops[order.id].add(order.order_id)
    for effect in story.evidence.effects:
        if not isinstance(effect, OrderEffect) or not _protects(effect.after):
            continue
        id_ = effect.after.id
        if effect.after.status is OrderStatus.NEW:
            stops[id_].add(effect.after.order_id)
            continue
        stops[id_].discard(effect.after.order_id)
        ours = effect.cause.who is Who.BOT and effect.after.status is OrderStatus.CANCELLED
        bare = ours and not stops[id_] and id_ in _held(story, effect.at_ms, effect.number)
        if bare and not _wanted_gone(story, effect.after):
            text = f"{effect.after.client_id} was cancelled and nothing else protects {id_}"
            yield Violation(effect.at_ms, "I13", text)


def foreign_orders_are_left_alone(story: Story) -> Iterator[Violation]:
    """I14. Nothing without our mark is cancelled by us."""
    for effect in story.ours():
        if (
            isinstance(effect, OrderEffect)
            and effect.after.status is OrderStatus.CANCELLED
            and not is_ours(effect.after.client_id)
        ):
            yield Violation(
                effect.at_ms, "I14", f"{effect.after.client_id or effect.after.order_id} is not ours"
            )


CHECKS = (
    exposure_only_falls,
    orders_only_reduce,
    liquidation_moves_away,
    settings_are_left_alone,
    budgets_hold,
    the_reserve_is_kept,
    no_margin_is_taken_out,
    sizes_fit,
    a_stop_is_never_taken_first,
    foreign_orders_are_left_alone,
)


# -- inside -----------------------------------------------------------------------------------------


def _quantity(position: Position | None) -> Decimal:
    return position.quantity if position is not None else ZERO


def _held(story: Story, at_ms: int, number: int) -> dict[PositionId, Position]:
    """What the exchange held just before an effect."""
    held = {id_: position for each in story.evidence.first for id_, position in each.positions.items()}
    for effect in story.evidence.effects:
        if effect.number >= number or effect.at_ms > at_ms:
            break
        if isinstance(effect, PositionEffect):
            if effect.after is None:
                held.pop(effect.id, None)
            else:
                held[effect.id] = effect.after
    return held


def _most_held(story: Story, id_: PositionId, since_ms: int, number: int) -> Decimal:
    """The most of a position that the exchange held at any moment since, until just before an effect."""
    quantities = [_quantity(each.positions.get(id_)) for each in story.evidence.first]
    for effect in story.evidence.effects:
        if effect.number >= number:
            break
        if isinstance(effect, PositionEffect) and effect.id == id_:
            if effect.at_ms < since_ms:
                quantities.clear()
            quantities.append(_quantity(effect.after))
    return max(quantities, default=ZERO)


def _modes(story: Story, account: AccountName) -> set[str]:
    """How positions were kept at any time: a request for the other mode is refused, and opens nothing."""
    set_ = (e for e in story.evidence.effects if isinstance(e, SettingEffect) and e.what == POSITION_MODE)
    return {story.evidence.configured.modes[account], *(e.value for e in set_ if e.account == account)}


def _only_reduces(asked: Asked, *, in_hedge_mode: bool) -> bool:
    params = asked.params
    if "true" in (params.get("reduceOnly"), params.get("closePosition")):
        return True
    if not in_hedge_mode:
        return False
    closing = {"LONG": "SELL", "SHORT": "BUY"}
    return closing.get(params.get("positionSide", "")) == params.get("side")


def _liquidation(story: Story, position: Position) -> Decimal | None:
    if position.mode is not MarginMode.ISOLATED:
        return None
    contract = story.evidence.configured.contracts[position.id.symbol]
    pool = Pool(MarginMode.ISOLATED, position.margin, (Holding(position, contract),))
    return liquidation_price(pool, position.id, {})


def _fed(story: Story) -> Iterator[tuple[Deed, MarginEffect]]:
    """Margin that the bot put in, with the action it was for."""
    for effect in story.ours():
        deed = story.deed_behind(effect)
        if isinstance(effect, MarginEffect) and effect.amount > 0 and deed is not None:
            yield deed, effect


def _lot(story: Story, effect: MarginEffect) -> int:
    held = _held(story, effect.at_ms, effect.number).get(effect.id)
    return held.opened_ms if held is not None else 0


def _released(story: Story, words: tuple[str, ...]) -> Decimal:
    """What reductions announced that they would put back: it was there before, and no budget counts it."""
    return sum(
        (
            deed.intent.then_add
            for deed in story.deeds
            if isinstance(deed.intent, ReducePosition)
            and (str(deed.action.id) in words or deed.action.id.account in words)
        ),
        ZERO,
    )


def _goes_back(story: Story, deed: Deed) -> bool:
    """Whether an addition returns what a reduction of the same rule released."""
    return any(
        isinstance(other.intent, ReducePosition)
        and other.intent.then_add
        and other.action.id == deed.action.id
        and other.action.rule == deed.action.rule
        and other.line.seq < deed.line.seq
        for other in story.deeds
    )


def _protects(order: OrderRecord) -> bool:
    return order.kind in (OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT) and order.reduces


def _wanted_gone(story: Story, order: OrderRecord) -> bool:
    """Whether a rule decided that the stop should go, or that the whole position should."""
    return any(
        (isinstance(deed.intent, CancelStop) and deed.intent.client_id == order.client_id)
        or (isinstance(deed.intent, ReducePosition) and deed.action.id == order.id)
        for deed in story.deeds
    )
