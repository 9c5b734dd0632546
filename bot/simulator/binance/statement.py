"""An account's figures as Binance states them: balances, assets, positions.

No margin is reserved for resting orders (the paper exchange reserves none), so what Binance shows for open
orders is zero here. Field names: "Account Information", "Futures Account Balance", "Position Information".
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from bot.core.contracts import Contract
from bot.core.margin.arithmetic import unrealised
from bot.core.margin.liquidation import exact_liquidation_price
from bot.core.margin.requirement import maintenance
from bot.core.types import ZERO, AccountName, MarginMode, Position, PositionId, PositionMode, Side, Symbol
from bot.simulator.binance.office import Office
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import Json, money, plain
from bot.simulator.records import AccountView
from bot.simulator.standing import free_of, marks_of, pool_of

_UNBOUNDED = Decimal(9_223_372_036_854_775_807)
_NO_POSITION: Json = {
    "symbol": "",
    "positionSide": "",
    "positionAmt": "0",
    "entryPrice": "0.0",
    "breakEvenPrice": "0.0",
    "markPrice": "",
    "unRealizedProfit": "0.00000000",
    "liquidationPrice": "0",
    "isolatedMargin": "0",
    "notional": "0",
    "marginAsset": "",
    "isolatedWallet": "0",
    "initialMargin": "0",
    "maintMargin": "0",
    "positionInitialMargin": "0",
    "openOrderInitialMargin": "0",
    "adl": 0,
    "bidNotional": "0",
    "askNotional": "0",
    "updateTime": 0,
}
"""A row of positionRisk where nothing is held, in the order of the fields; what is empty is the symbol's."""


class Statement:
    """One view of an account, ready to be told."""

    def __init__(self, office: Office, view: AccountView) -> None:
        self._office = office
        self.view = view
        self._hedge = office.mode(view.account) is PositionMode.HEDGE

    def balance_row(self, asset: str) -> Json:
        """One asset as the balance endpoints show it."""
        cross = self.view.wallets.get(asset, ZERO)
        free = money(free_of(self._office.world, self.view, asset))
        return {
            "accountAlias": "SgsR",
            "asset": asset,
            "balance": money(cross + self._isolated(asset)),
            "crossWalletBalance": money(cross),
            "crossUnPnl": money(self._gain(asset, MarginMode.CROSS)),
            "availableBalance": free,
            "maxWithdrawAmount": free,
            "marginAvailable": True,
            "updateTime": self.view.at_ms,
        }

    def totals(self) -> Json:
        """The sums over all assets."""
        rows = self.asset_rows()
        total = {
            "totalInitialMargin": "initialMargin",
            "totalMaintMargin": "maintMargin",
            "totalWalletBalance": "walletBalance",
            "totalUnrealizedProfit": "unrealizedProfit",
            "totalMarginBalance": "marginBalance",
            "totalPositionInitialMargin": "positionInitialMargin",
            "totalOpenOrderInitialMargin": "openOrderInitialMargin",
            "totalCrossWalletBalance": "crossWalletBalance",
            "totalCrossUnPnl": "crossUnPnl",
            "availableBalance": "availableBalance",
            "maxWithdrawAmount": "maxWithdrawAmount",
        }
        return {name: money(sum((Decimal(row[key]) for row in rows), ZERO)) for name, key in total.items()}

    def asset_rows(self) -> list[Json]:
        """The assets of the account endpoints."""
        return [self._asset_row(asset) for asset in self.assets()]

    def _asset_row(self, asset: str) -> Json:
        cross = self.view.wallets.get(asset, ZERO)
        gain = self._gain(asset, None)
        wallet = cross + self._isolated(asset)
        held = [p for p in self.positions() if self._contract(p).settlement == asset]
        initial = money(sum((self._initial(p) for p in held), ZERO))
        free = money(free_of(self._office.world, self.view, asset))
        return {
            "asset": asset,
            "walletBalance": money(wallet),
            "unrealizedProfit": money(gain),
            "marginBalance": money(wallet + gain),
            "maintMargin": money(sum((self._maintenance(p) for p in held), ZERO)),
            "initialMargin": initial,
            "positionInitialMargin": initial,
            "openOrderInitialMargin": "0.00000000",
            "crossWalletBalance": money(cross),
            "crossUnPnl": money(self._gain(asset, MarginMode.CROSS)),
            "availableBalance": free,
            "maxWithdrawAmount": free,
            "marginAvailable": True,
            "updateTime": self.view.at_ms,
        }

    def risk_row(self, id_: PositionId, held: Position | None) -> Json:
        """One position as positionRisk shows it; zeros where none is open."""
        contract, ticker = self._office.contracts[id_.symbol], self._office.world.market[id_.symbol]
        row: Json = {
            **_NO_POSITION,
            "symbol": market_id(contract),
            "positionSide": self._side(id_),
            "markPrice": plain(ticker.mark),
            "marginAsset": contract.settlement,
        }
        return row if held is None else row | self._held(held)

    def _held(self, held: Position) -> Json:
        contract = self._contract(held)
        marks = marks_of(self._office.world)
        gain = unrealised(held, contract, marks[held.id.symbol])
        price = exact_liquidation_price(pool_of(self._office.world, self.view, held.id), held.id, marks)
        isolated = held.mode is MarginMode.ISOLATED
        value = held.id.side.sign * contract.notional(held.quantity, marks[held.id.symbol])
        initial = money(self._initial(held))
        return {
            "positionAmt": self._amount(held),
            "entryPrice": plain(held.entry),
            "breakEvenPrice": plain(held.entry),
            "unRealizedProfit": money(gain),
            "liquidationPrice": "0" if price is None else plain(round(price, 8)),
            "isolatedMargin": money(held.margin + gain) if isolated else "0",
            "notional": money(value),
            "notionalValue": money(value),
            "isolatedWallet": money(held.margin) if isolated else "0",
            "initialMargin": initial,
            "maintMargin": money(self._maintenance(held)),
            "positionInitialMargin": initial,
            "adl": 1,
            "updateTime": held.opened_ms,
        }

    def terms(self, id_: PositionId, contract: Contract) -> Json:
        """What version 2 shows besides."""
        leverage, mode = self._office.world.exchange.desk.terms(id_)
        limit = "maxQty" if self._office.section.inverse else "maxNotionalValue"
        return {
            "leverage": plain(leverage),
            "marginType": mode.value,
            "isAutoAddMargin": "false",
            limit: plain(largest(contract, leverage)),
        }

    def account_row(self, held: Position) -> Json:
        """One position as the account endpoints show it."""
        row = self.risk_row(held.id, held)
        kept = ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet")
        more = ("initialMargin", "maintMargin", "updateTime", "entryPrice", "breakEvenPrice")
        names = (*kept, *more, "positionInitialMargin", "openOrderInitialMargin")
        isolated = held.mode is MarginMode.ISOLATED
        return {name: row[name] for name in names} | {
            "unrealizedProfit": row["unRealizedProfit"],
            "leverage": plain(held.leverage),
            "isolated": isolated,
            "maxNotional": plain(largest(self._contract(held), held.leverage)),
        }

    def empty_account_row(self, id_: PositionId, contract: Contract) -> Json:
        """A symbol without a position, as the older account endpoint shows it."""
        leverage, mode = self._office.world.exchange.desk.terms(id_)
        return {
            "symbol": market_id(contract),
            "positionSide": self._side(id_),
            "positionAmt": "0",
            "unrealizedProfit": "0.00000000",
            "isolatedMargin": "0",
            "notional": "0",
            "isolatedWallet": "0",
            "initialMargin": "0",
            "maintMargin": "0",
            "positionInitialMargin": "0",
            "openOrderInitialMargin": "0",
            "entryPrice": "0.0",
            "breakEvenPrice": "0.0",
            "leverage": plain(leverage),
            "isolated": mode is MarginMode.ISOLATED,
            "maxNotional": plain(largest(contract, leverage)),
            "updateTime": 0,
        }

    def everything(self) -> Iterable[tuple[PositionId, Contract, Position | None]]:
        """Every symbol with its sides: one row in one-way mode, two in hedge mode."""
        positions = self.view.positions
        for contract in self._office.contracts.values():
            long, short = _sides(self.view.account, contract.symbol)
            if self._hedge:
                yield long, contract, positions.get(long)
                yield short, contract, positions.get(short)
            else:
                id_ = short if short in positions and long not in positions else long
                yield id_, contract, positions.get(id_)

    def positions(self) -> list[Position]:
        """The open positions of this section."""
        return [held for held in self.view.positions.values() if held.id.symbol in self._office.contracts]

    def assets(self) -> list[str]:
        """The settlement currencies of this section."""
        settled = {contract.settlement for contract in self._office.contracts.values()}
        return [asset for asset in self.view.wallets if asset in settled]

    def _contract(self, held: Position) -> Contract:
        return self._office.contracts[held.id.symbol]

    def _side(self, id_: PositionId) -> str:
        return id_.side.upper() if self._hedge else "BOTH"

    def _amount(self, held: Position) -> str:
        amount = self._office.section.quantity_out(self._contract(held), held.quantity)
        return plain(held.id.side.sign * amount)

    def _initial(self, held: Position) -> Decimal:
        mark = self._office.world.market[held.id.symbol].mark
        return self._contract(held).notional(held.quantity, mark) / held.leverage

    def _maintenance(self, held: Position) -> Decimal:
        return maintenance(held, self._contract(held), self._office.world.market[held.id.symbol].mark)

    def _isolated(self, asset: str) -> Decimal:
        held = (p for p in self.positions() if self._contract(p).settlement == asset)
        return sum((p.margin for p in held), ZERO)

    def _gain(self, asset: str, mode: MarginMode | None) -> Decimal:
        marks = marks_of(self._office.world)
        return sum(
            (
                unrealised(p, self._contract(p), marks[p.id.symbol])
                for p in self.positions()
                if self._contract(p).settlement == asset and mode in (None, p.mode)
            ),
            ZERO,
        )


@cache
def _sides(account: AccountName, symbol: Symbol) -> tuple[PositionId, PositionId]:
    """The long and the short of a symbol, which every answer names."""
    return PositionId(account, symbol, Side.LONG), PositionId(account, symbol, Side.SHORT)


def largest(contract: Contract, leverage: Decimal) -> Decimal:
    """The largest notional at that leverage."""
    for tier in reversed(contract.tiers):
        if tier.max_leverage is None or tier.max_leverage >= leverage:
            return _UNBOUNDED if tier.cap is None else tier.cap
    return _UNBOUNDED
