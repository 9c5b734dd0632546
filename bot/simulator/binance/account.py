"""The account over REST: balances, positions, configuration ("Account Endpoints", "Position Information")."""

from __future__ import annotations

from typing import Any

from bot.core.types import MarginMode, PositionId, PositionMode, Side
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.listing import ORDER_LIMITS, brackets
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.binance.statement import Statement, largest


class AccountData:
    """Answers what an account asks about itself."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Routes:
        """Its endpoints."""
        handlers = {
            "v1/leverageBracket": self._brackets,
            "v2/leverageBracket": self._brackets,
            "v1/balance": self._balance,
            "v2/balance": self._balance,
            "v3/balance": self._balance,
            "v1/account": self._account_whole,
            "v2/account": self._account_whole,
            "v3/account": self._account,
            "v1/positionRisk": self._risk_whole,
            "v2/positionRisk": self._risk_whole,
            "v3/positionRisk": self._risk,
            "v1/symbolConfig": self._symbol_config,
            "v1/accountConfig": self._account_config,
            "v1/commissionRate": self._commission,
            "v1/adlQuantile": self._quantiles,
            "v1/rateLimit/order": lambda _: ORDER_LIMITS,
            "v1/feeBurn": lambda _: {"feeBurn": False},
        }
        return {("GET", path): Route(Security.SIGNED, handler) for path, handler in handlers.items()}

    def spot(self, ask: Ask) -> Json:
        """The wallet of the spot market, which is on another host (Spot, "Account information")."""
        coins = self._office.world.exchange.spot(ask.account)
        rows = [
            {"asset": asset, "free": plain(held), "locked": "0.00000000"} for asset, held in coins.items()
        ]
        return {"accountType": "SPOT", "canTrade": True, "balances": rows, "permissions": ["SPOT"]}

    def _statement(self, ask: Ask) -> Statement:
        return Statement(self._office, self._office.view(ask))

    def _balance(self, ask: Ask) -> list[Json]:
        statement = self._statement(ask)
        return [statement.balance_row(asset) for asset in statement.assets()]

    def _account(self, ask: Ask) -> Json:
        """Version 3 shows open positions only."""
        told = self._statement(ask)
        rows = [told.account_row(position) for position in told.positions()]
        return told.totals() | {"assets": told.asset_rows(), "positions": rows}

    def _account_whole(self, ask: Ask) -> Json:
        """The older answer: every symbol is in it, and what the account may do."""
        told = self._statement(ask)
        rows = [
            told.account_row(held) if held else told.empty_account_row(id_, contract)
            for id_, contract, held in told.everything()
        ]
        may = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": 0}
        kind = {"multiAssetsMargin": ask.account in self._office.multi_assets, "tradeGroupId": -1}
        return may | kind | told.totals() | {"assets": told.asset_rows(), "positions": rows}

    def _risk(self, ask: Ask) -> list[Json]:
        """Version 3 shows symbols with a position or an open order only."""
        told = self._statement(ask)
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        ordered = {order.id for order in told.view.open_orders}
        return [
            told.risk_row(id_, held)
            for id_, contract, held in told.everything()
            if contract.symbol in wanted and (held is not None or id_ in ordered)
        ]

    def _risk_whole(self, ask: Ask) -> list[Json]:
        told = self._statement(ask)
        wanted = {contract.symbol for contract in self._office.chosen(ask)}
        return [
            told.risk_row(id_, held) | told.terms(id_, contract)
            for id_, contract, held in told.everything()
            if contract.symbol in wanted
        ]

    def _brackets(self, ask: Ask) -> list[Json]:
        # With a symbol USD-M is documented to answer an object; live it answers a list, as without one.
        return [brackets(self._office.section, contract) for contract in self._office.chosen(ask)]

    def _symbol_config(self, ask: Ask) -> list[Json]:
        open_ids = self._office.view(ask).positions
        rows = []
        for contract in self._office.chosen(ask):
            long, short = (PositionId(ask.account, contract.symbol, side) for side in Side)
            leverage, mode = self._office.world.exchange.desk.terms(short if short in open_ids else long)
            rows.append(
                {
                    "symbol": market_id(contract),
                    "marginType": "ISOLATED" if mode is MarginMode.ISOLATED else "CROSSED",
                    "isAutoAddMargin": False,
                    "leverage": int(leverage),
                    "maxNotionalValue": plain(largest(contract, leverage)),
                }
            )
        return rows

    def _account_config(self, ask: Ask) -> Json:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self._office.mode(ask.account) is PositionMode.HEDGE,
            "updateTime": 0,
            "multiAssetsMargin": ask.account in self._office.multi_assets,
            "tradeGroupId": -1,
        }

    def _commission(self, ask: Ask) -> Json:
        model = self._office.world.model
        return {
            "symbol": market_id(self._office.contract(ask)),
            "makerCommissionRate": plain(model.maker_fee),
            "takerCommissionRate": plain(model.taker_fee),
        }

    def _quantiles(self, ask: Ask) -> list[Json]:
        """Every open position has one light of five; assumed, nobody else ranks here."""
        told = self._statement(ask)
        rows: list[Any] = [told.risk_row(held.id, held) for held in told.positions()]
        return [{"symbol": row["symbol"], "adlQuantile": {row["positionSide"]: row["adl"]}} for row in rows]
