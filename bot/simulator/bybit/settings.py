"""The settings of an account on Bybit: leverage, margin by hand, position mode, margin mode."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side, Symbol
from bot.simulator.bybit.account import MODES, AccountDesk
from bot.simulator.bybit.replies import MARGIN_MODE_FAILED, BybitError, bad, refusal
from bot.simulator.keys import ApiKey
from bot.simulator.spelling import Json, read, whole
from bot.simulator.world import Refusal, World

Given = Mapping[str, Any]


class SettingsDesk:
    """Changes what an account is set to."""

    def __init__(self, world: World, accounts: AccountDesk) -> None:
        self._world = world
        self._accounts = accounts

    def set_leverage(self, key: ApiKey, given: Given) -> Json:
        """``/v5/position/set-leverage``: unlike anywhere else it is an error to change nothing."""
        symbol = self._accounts.symbol(given)
        wanted = {Side.LONG: read(given, "buyLeverage"), Side.SHORT: read(given, "sellLeverage")}
        if None in wanted.values():
            raise bad("params error: leverage invalid")
        per_side = (
            self._accounts.hedge(key.account)
            and self._accounts.margin_mode(key.account) is MarginMode.ISOLATED
        )
        if not per_side and wanted[Side.LONG] != wanted[Side.SHORT]:
            raise bad("buy leverage not equal sell leverage")
        desk = self._world.exchange.desk
        changed = {
            side: leverage
            for side, leverage in wanted.items()
            if leverage is not None and desk.terms(PositionId(key.account, symbol, side))[0] != leverage
        }
        if not changed:
            raise BybitError(110043)
        for side, leverage in changed.items():
            self._refuse(self._world.set_leverage(key.account, symbol, leverage, side))
        return {}

    def add_margin(self, key: ApiKey, given: Given) -> Json:
        """``/v5/position/add-margin``: up to four places, negative takes out."""
        symbol, amount = self._accounts.symbol(given), read(given, "margin")
        if amount is None or amount != amount.quantize(Decimal("0.0001")):
            raise bad("params error: margin invalid")
        id_ = self._indexed(key.account, symbol, given)
        if amount == 0:
            raise BybitError(10001, "Margin is not modified")
        self._refuse(self._world.move_margin(id_, amount))
        row = self._accounts.position_rows(self._world.view(key.account), [id_])[0]
        return {"category": given.get("category"), **row}

    def _indexed(self, account: AccountName, symbol: Symbol, given: Given) -> PositionId:
        index = whole(given, "positionIdx")
        if (index != 0) is not self._accounts.hedge(account):
            raise bad("position idx not match position mode")
        if index:
            return PositionId(account, symbol, Side.LONG if index == 1 else Side.SHORT)
        ids = [PositionId(account, symbol, side) for side in Side]
        return next((id_ for id_ in ids if self._world.exchange.holds(id_)), ids[0])

    def switch_mode(self, key: ApiKey, given: Given) -> Json:
        """``/v5/position/switch-mode``. There it is per symbol or coin; here one for the account."""
        wanted = {0: PositionMode.ONE_WAY, 3: PositionMode.HEDGE}.get(whole(given, "mode"))
        if wanted is None:
            raise bad("params error: mode invalid")
        if wanted is self._world.exchange.desk.position_mode(key.account):
            raise BybitError(110025)
        refused = self._world.set_position_mode(key.account, wanted)
        if refused is not None:
            raise BybitError(110024 if refused.code == "mode_position" else 110028)
        return {}

    def set_margin_mode(self, key: ApiKey, given: Given) -> Json:
        """``/v5/account/set-margin-mode``; no portfolio margin here. The codes of the reasons are assumed."""
        wanted = next((mode for mode, name in MODES.items() if name == given.get("setMarginMode")), None)
        if wanted is None:
            raise bad("params error: setMarginMode invalid")
        view = self._world.view(key.account)
        if view.positions or view.open_orders:
            reason = {"reasonCode": "3400000", "reasonMsg": "Positions or open orders exist."}
            raise BybitError(MARGIN_MODE_FAILED, result={"reasons": [reason]})
        self._accounts.choose_mode(key.account, wanted)
        return {"reasons": []}

    @staticmethod
    def _refuse(refused: Refusal | None) -> None:
        if refused is not None:
            raise refusal(refused.code, refused.text)
