"""An account at XT: what it holds, leverage, margin mode and margin by hand.

An account keeps a long and a short side by side, each with its own leverage; there is no other mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.types import MarginMode, PositionId, Side
from bot.simulator.keys import ApiKey
from bot.simulator.records import AccountView
from bot.simulator.spelling import Json, read
from bot.simulator.standing import funds, standing, standings
from bot.simulator.world import Refusal, World
from bot.simulator.xt import rows
from bot.simulator.xt.names import Names
from bot.simulator.xt.replies import XtError, refusal

SIDES = {"LONG": Side.LONG, "SHORT": Side.SHORT}
MODES = {"ISOLATED": MarginMode.ISOLATED, "CROSSED": MarginMode.CROSS}
Given = Mapping[str, Any]


class AccountDesk:
    """Answers what an account holds, and changes what it is set to."""

    def __init__(self, world: World, names: Names) -> None:
        self._world = world
        self._names = names

    # --- reading ---------------------------------------------------------------------------------

    def positions(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``position/list``: both sides of every contract the account ever traded (assumed)."""
        touched = {record.id.symbol for record in view.orders.values()}
        touched |= {id_.symbol for id_ in view.positions}
        return [
            self.position_row(view, PositionId(key.account, contract.symbol, side))
            for contract in self._names.some(given.get("symbol"))
            for side in Side
            if contract.symbol in touched
        ]

    def position_row(self, view: AccountView, id_: PositionId) -> rows.Row:
        """The row of one side of a contract."""
        held = view.positions.get(id_)
        stands = None if held is None else standing(self._world, view, held)
        return rows.position_row(self._world, self._names, id_, stands)

    def breaks(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``position/break-list``."""
        wanted = {contract.symbol for contract in self._names.some(given.get("symbol"))}
        found = [stands for stands in standings(self._world, view) if stands.position.id.symbol in wanted]
        return [rows.break_row(self._names, stands) for stands in found]

    def balances(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``balance/list``."""
        return [rows.balance_row(funds(self._world, view, currency)) for currency in view.wallets]

    def balance(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``balance/detail``: of one coin."""
        coin = str(given.get("coin") or "").upper()
        if coin not in view.wallets:
            raise XtError("invalid_params")
        return rows.balance_row(funds(self._world, view, coin))

    def info(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/info``."""
        return {
            "accountId": rows.ACCOUNT_ID,
            "allowOpenPosition": True,
            "allowTrade": True,
            "allowTransfer": True,
            "openTime": "",
            "state": 0,
            "userId": rows.ACCOUNT_ID,
        }

    # --- settings --------------------------------------------------------------------------------

    def set_leverage(self, key: ApiKey, given: Given) -> Json:
        """``position/adjust-leverage``: whole numbers, of one side."""
        id_, leverage = self.id_of(key, given), read(given, "leverage")
        if leverage is None or leverage < 1 or leverage % 1:
            raise XtError("invalid_params")
        refused = self._world.set_leverage(id_.account, id_.symbol, leverage, id_.side)
        if refused is not None and refused.code != "leverage_same":
            raise refusal(refused.code, refused.text)
        return None

    def set_margin_mode(self, key: ApiKey, given: Given) -> Json:
        """``position/change-type``; here of both sides at once."""
        id_, mode = self.id_of(key, given), MODES.get(str(given.get("positionType")))
        if mode is None:
            raise XtError("invalid_params")
        if self._world.exchange.desk.terms(id_)[1] is mode:
            return None
        if any(self._world.exchange.holds(PositionId(id_.account, id_.symbol, side)) for side in Side):
            raise XtError("position_type_mismatch")
        self._world.set_margin_mode(id_.account, id_.symbol, mode)
        return None

    def move_margin(self, key: ApiKey, given: Given) -> Json:
        """``position/margin``."""
        id_, amount = self.id_of(key, given), read(given, "margin")
        direction = {"ADD": 1, "SUB": -1}.get(str(given.get("type")))
        if direction is None:
            raise XtError("invalid_params")
        if amount is None or amount <= 0:
            raise XtError("invalid_margin")
        if not self._world.exchange.holds(id_):
            raise XtError("insufficient_position")
        refused: Refusal | None = self._world.move_margin(id_, direction * amount)
        if refused is not None:
            raise refusal(refused.code, refused.text)
        return None

    def id_of(self, key: ApiKey, given: Given) -> PositionId:
        """The side of a contract that a request names."""
        contract, side = self._names.find(given.get("symbol")), SIDES.get(str(given.get("positionSide")))
        if side is None:
            raise XtError("invalid_params")
        return PositionId(key.account, contract.symbol, side)
