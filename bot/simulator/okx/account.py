"""An account on OKX: what it holds and how it is set up.

Leverage is kept per contract, margin mode and, in long/short mode, side; which margin mode a position has,
each order says (``tdMode``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side
from bot.simulator.keys import ApiKey
from bot.simulator.okx import money, rows
from bot.simulator.okx.names import Names, type_of
from bot.simulator.okx.replies import OkxError, missing, parameter
from bot.simulator.records import AccountView
from bot.simulator.spelling import Json, shown
from bot.simulator.standing import funds, standing
from bot.simulator.symbols import parts_of
from bot.simulator.world import World

FUTURES_MODE, PORTFOLIO = "2", "4"
"""``acctLv``: 1 spot, 2 futures, 3 multi-currency margin, 4 portfolio margin."""
UID = "44705892343619584"
FIRST_POSITION = 307_173_036_051_017_730
Given = Mapping[str, Any]


class AccountDesk:
    """Answers what an account holds and what it is set to."""

    def __init__(self, world: World, names: Names, levels: Mapping[AccountName, str]) -> None:
        self._world = world
        self._names = names
        self._levels = levels
        self._numbers: dict[tuple[PositionId, str], int] = {}
        self._leverage: dict[tuple[PositionId, MarginMode], Decimal] = {}

    # --- what others here want to know -----------------------------------------------------------

    def mode(self, account: AccountName) -> PositionMode:
        """Net or long/short."""
        return self._world.exchange.desk.position_mode(account)

    def number(self, id_: PositionId, mode: MarginMode) -> int:
        """``posId``, which stays the same for thirty days after a position was closed."""
        side = "net" if self.mode(id_.account) is PositionMode.ONE_WAY else id_.side.value
        key = (PositionId(id_.account, id_.symbol, Side.LONG), f"{side} {mode}")
        return self._numbers.setdefault(key, FIRST_POSITION + len(self._numbers))

    def contract(self, given: Given) -> Contract:
        """The contract a request names."""
        if not given.get("instId"):
            raise missing("instId")
        found = self._names.find(str(given["instId"]))
        if found is None:
            raise OkxError("51001")
        return found

    def position_row(self, view: AccountView, id_: PositionId) -> rows.Row:
        """The row of an open position."""
        position = view.positions[id_]
        stands = standing(self._world, view, position)
        number = self.number(id_, position.mode)
        return rows.position_row(self._world, self._names, stands, number=number, at_ms=view.at_ms)

    def balance_row(self, view: AccountView, wanted: str = "") -> rows.Row:
        """The row of the account's balances."""
        only = [name for name in wanted.split(",") if name]
        kept = [funds(self._world, view, name) for name in view.wallets if not only or name in only]
        usd = {fund.currency: self._usd(fund.currency) for fund in kept}
        return money.balance_row(kept, usd, view.at_ms)

    def _usd(self, currency: str) -> Decimal:
        for ticker in self._world.market:
            if ticker.known and parts_of(ticker.contract.symbol).base == currency:
                return ticker.mark
        return Decimal(1)

    def prepare(self, id_: PositionId, mode: MarginMode) -> Decimal:
        """Let the next position open in the margin mode an order names, at its leverage; that leverage."""
        desk = self._world.exchange.desk
        leverage, present = desk.terms(id_)
        if self._world.exchange.holds(id_):
            if present is not mode:
                raise OkxError(
                    "51010", f"A position in {present} margin is open: two modes are not simulated."
                )
            return leverage
        if present is not mode:
            self._world.set_margin_mode(id_.account, id_.symbol, mode)
        wanted = self._leverage.get((id_, mode), leverage)
        if wanted != leverage:
            self._world.set_leverage(id_.account, id_.symbol, wanted, id_.side)
        return wanted

    def remember(self, id_: PositionId, mode: MarginMode, leverage: Decimal) -> None:
        """The leverage of the next position in that mode."""
        self._leverage[id_, mode] = leverage

    # --- reading ---------------------------------------------------------------------------------

    def balance(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/balance``."""
        return [self.balance_row(view, str(given.get("ccy") or ""))]

    def positions(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/positions``: what is open, newest first."""
        names = [name for name in str(given.get("instId") or "").split(",") if name]
        kind = given.get("instType")
        ids = [
            id_
            for id_ in view.positions
            if (not names or self._names[id_.symbol] in names)
            and (not kind or type_of(self._world.contracts[id_.symbol]) == kind)
        ]
        return [self.position_row(view, id_) for id_ in reversed(ids)]

    def config(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/config``: also says what the key may do (``perm``) and from where (``ip``)."""
        hedged = self.mode(key.account) is PositionMode.HEDGE
        rights = ["read_only", *(["trade"] if key.trade else []), *(["withdraw"] if key.withdraw else [])]
        return [
            {
                "acctLv": PORTFOLIO if key.portfolio_margin else self._levels.get(key.account, FUTURES_MODE),
                "acctStpMode": "cancel_maker",
                "autoLoan": False,
                "ctIsoMode": "automatic",
                "enableSpotBorrow": False,
                "greeksType": "PA",
                "ip": "127.0.0.1" if key.ip_restricted else "",
                "kycLv": "3",
                "label": "simulated",
                "level": "Lv1",
                "levelTmp": "",
                "liquidationGear": "-1",
                "mainUid": UID,
                "mgnIsoMode": "automatic",
                "opAuth": "0",
                "perm": ",".join(rights),
                "posMode": "long_short_mode" if hedged else "net_mode",
                "roleType": "0",
                "spotBorrowAutoRepay": False,
                "spotOffsetType": "",
                "spotRoleType": "0",
                "spotTraderInsts": [],
                "traderInsts": [],
                "type": "0",
                "uid": UID,
            }
        ]

    def leverage_info(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/leverage-info``: one row, or one per side in isolated long/short mode."""
        contract, mode = self.contract(given), margin_mode(given)
        return [
            {
                "ccy": "",
                "instId": self._names[contract.symbol],
                "lever": shown(self.leverage_of(PositionId(key.account, contract.symbol, side), mode)),
                "mgnMode": mode.value,
                "posSide": name,
            }
            for side, name in self._sides(key.account, mode)
        ]

    def _sides(self, account: AccountName, mode: MarginMode) -> list[tuple[Side, str]]:
        if self.mode(account) is PositionMode.HEDGE and mode is MarginMode.ISOLATED:
            return [(side, side.value) for side in Side]
        return [(Side.LONG, "net")]

    def leverage_of(self, id_: PositionId, mode: MarginMode) -> Decimal:
        """The leverage of the open position, or of the next one, in a margin mode."""
        leverage, present = self._world.exchange.desk.terms(id_)
        return leverage if present is mode else self._leverage.get((id_, mode), leverage)

    def bills(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``account/bills``: margin moved by hand, and funding; newest first. No others are simulated."""
        found = [money.margin_bill(self._world, self._names, move) for move in view.margin_moves]
        funding = (money.funding_bill(self._world, self._names, income) for income in view.income)
        found += [bill for bill in funding if bill is not None]
        wanted = {
            name: given.get(name) for name in ("type", "subType", "instId", "instType", "ccy", "mgnMode")
        }
        begin, end = int(given.get("begin") or 0), int(given.get("end") or 2**62)
        kept = [
            bill
            for bill in found
            if begin <= int(bill["ts"]) <= end
            and all(bill.get(name) == value for name, value in wanted.items() if value)
        ]
        kept.sort(key=lambda bill: (int(bill["ts"]), int(bill["billId"])), reverse=True)
        return kept[: min(int(given.get("limit") or 100), 100)]

    def currencies(self, key: ApiKey, given: Given, view: AccountView) -> Json:
        """``asset/currencies``: what settles here, without a chain to leave by."""
        return [
            {"ccy": name, "name": name, "chain": f"{name}-None", "canDep": False, "canWd": False}
            for name in view.wallets
        ]


def margin_mode(given: Given) -> MarginMode:
    """The margin mode a request names."""
    named = str(given.get("mgnMode") or given.get("tdMode"))
    if named not in tuple(MarginMode):
        raise parameter("mgnMode")
    return MarginMode(named)
