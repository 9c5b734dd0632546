"""What an account on OKX can change: leverage, position mode, margin by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side, Symbol
from bot.simulator.keys import ApiKey
from bot.simulator.okx.account import AccountDesk, margin_mode
from bot.simulator.okx.names import Names
from bot.simulator.okx.replies import OkxError, parameter, refusal
from bot.simulator.spelling import Json, read, shown
from bot.simulator.world import Refusal, World

Given = Mapping[str, Any]


class SettingsDesk:
    """Changes what an account is set to."""

    def __init__(self, world: World, names: Names, accounts: AccountDesk) -> None:
        self._world = world
        self._names = names
        self._accounts = accounts

    def set_leverage(self, key: ApiKey, given: Given) -> Json:
        """``account/set-leverage``: isolated in long/short mode needs the side."""
        contract, mode, leverage = self._accounts.contract(given), margin_mode(given), read(given, "lever")
        if leverage is None or leverage <= 0:
            raise parameter("lever")
        named = str(given.get("posSide") or "")
        hedged = self._accounts.mode(key.account) is PositionMode.HEDGE
        if hedged and mode is MarginMode.ISOLATED and named not in ("long", "short"):
            raise parameter("posSide")
        sides = [Side(named)] if named in ("long", "short") and hedged else list(Side)
        for side in sides:
            self._set(PositionId(key.account, contract.symbol, side), mode, leverage)
        told = named if hedged and mode is MarginMode.ISOLATED else "net"
        name = self._names[contract.symbol]
        return [{"instId": name, "lever": shown(leverage), "mgnMode": mode.value, "posSide": told}]

    def _set(self, id_: PositionId, mode: MarginMode, leverage: Decimal) -> None:
        if leverage > self._world.contracts[id_.symbol].max_leverage:
            raise OkxError("59102")
        if self._world.exchange.desk.terms(id_)[1] is mode:
            refused = self._world.set_leverage(id_.account, id_.symbol, leverage, id_.side)
            if refused is not None:
                raise refusal(refused.code, refused.text)
        self._accounts.remember(id_, mode, leverage)

    def set_position_mode(self, key: ApiKey, given: Given) -> Json:
        """``account/set-position-mode``."""
        named = str(given.get("posMode"))
        modes = {"net_mode": PositionMode.ONE_WAY, "long_short_mode": PositionMode.HEDGE}
        if named not in modes:
            raise parameter("posMode")
        if modes[named] is not self._accounts.mode(key.account):
            refused = self._world.set_position_mode(key.account, modes[named])
            if refused is not None:
                raise OkxError("59000")
        return [{"posMode": named}]

    def move_margin(self, key: ApiKey, given: Given) -> Json:
        """``account/position/margin-balance``."""
        contract, amount = self._accounts.contract(given), read(given, "amt")
        direction = {"add": 1, "reduce": -1}.get(str(given.get("type")))
        if direction is None:
            raise parameter("type")
        if amount is None or amount <= 0:
            raise parameter("amt")
        id_ = self._of_side(key.account, contract.symbol, str(given.get("posSide") or ""))
        if not self._world.exchange.holds(id_):
            raise OkxError("59300")
        refused: Refusal | None = self._world.move_margin(id_, direction * amount)
        if refused is not None:
            raise refusal(refused.code, refused.text)
        return [
            {
                "amt": shown(amount),
                "ccy": contract.settlement,
                "instId": self._names[contract.symbol],
                "leverage": shown(self._world.exchange.desk.terms(id_)[0]),
                "posSide": given.get("posSide"),
                "type": given.get("type"),
            }
        ]

    def _of_side(self, account: AccountName, symbol: Symbol, named: str) -> PositionId:
        hedged = self._accounts.mode(account) is PositionMode.HEDGE
        if named not in (("long", "short") if hedged else ("net",)):
            raise parameter("posSide")
        if hedged:
            return PositionId(account, symbol, Side(named))
        ids = [PositionId(account, symbol, side) for side in Side]
        return next((id_ for id_ in ids if self._world.exchange.holds(id_)), ids[0])
