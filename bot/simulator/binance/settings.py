"""What an account sets over REST: leverage, margin type and amount, position mode, listen keys, key rights.

Pages "Change Initial Leverage", "Change Margin Type", "Modify Isolated Position Margin", "Get Position Margin
Change History", "Change Position Mode", "Change Multi-Assets Mode", "Start/Keepalive/Close User Data Stream",
and "Get API Key Permission" of the Wallet API.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.core.types import AccountName, MarginMode, PositionId, PositionMode, Side
from bot.simulator.binance.asking import Ask, Security
from bot.simulator.binance.errors import BinanceError, raise_refusal
from bot.simulator.binance.office import Office, Route, Routes
from bot.simulator.binance.rows import within
from bot.simulator.binance.section import market_id
from bot.simulator.binance.shapes import Json, plain
from bot.simulator.binance.statement import largest
from bot.simulator.records import MarginMove

DONE = {"code": 200, "msg": "success"}
HISTORY_MAX = 500


class AccountSettings:
    """Changes what an account may change. ``tell`` pushes an event to its private streams."""

    def __init__(self, office: Office, tell: Callable[[AccountName, Json], None]) -> None:
        self._office = office
        self._tell = tell

    def routes(self) -> Routes:
        """Its endpoints."""
        trade, read = Security.TRADE, Security.SIGNED
        return {
            ("POST", "v1/leverage"): Route(trade, self._leverage),
            ("POST", "v1/marginType"): Route(trade, self._margin_type),
            ("POST", "v1/positionMargin"): Route(trade, self._margin),
            ("GET", "v1/positionMargin/history"): Route(read, self._margin_history),
            ("GET", "v1/positionSide/dual"): Route(read, self._mode),
            ("POST", "v1/positionSide/dual"): Route(trade, self._set_mode),
            ("GET", "v1/multiAssetsMargin"): Route(read, self._multi),
            ("POST", "v1/multiAssetsMargin"): Route(trade, self._set_multi),
        }

    def rights(self, ask: Ask) -> Json:
        """What the key may do, on the spot host."""
        key = ask.key
        assert key is not None, "the rights of no key"
        return {
            "ipRestrict": key.ip_restricted,
            "createTime": 1698645219000,
            "enableReading": True,
            "enableWithdrawals": key.withdraw,
            "enableInternalTransfer": key.transfer,
            "enableMargin": False,
            "enableFutures": key.trade and not key.portfolio_margin,
            "permitsUniversalTransfer": key.transfer,
            "enableVanillaOptions": False,
            "enableFixApiTrade": False,
            "enableFixReadOnly": True,
            "enableSpotAndMarginTrading": False,
            "enablePortfolioMarginTrading": key.portfolio_margin,
        }

    def _leverage(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        leverage = ask.needed("leverage")
        if leverage != int(leverage) or not 1 <= leverage <= contract.max_leverage:
            raise BinanceError(-4028, plain(leverage))
        before = self._terms(ask.account, contract.symbol)[0]
        refusal = self._office.world.set_leverage(ask.account, contract.symbol, leverage)
        if refusal is not None:
            raise_refusal(refusal, plain(leverage))
        if before != leverage:
            config = {"s": market_id(contract), "l": int(leverage)}
            self._tell(ask.account, {"e": "ACCOUNT_CONFIG_UPDATE", "T": self._office.now_ms, "ac": config})
        return {
            "leverage": int(leverage),
            "maxNotionalValue": plain(largest(contract, leverage)),
            "symbol": market_id(contract),
        }

    def _margin_type(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        wanted = {"ISOLATED": MarginMode.ISOLATED, "CROSSED": MarginMode.CROSS}.get(ask.text("marginType"))
        if wanted is None:
            raise BinanceError(-1130, "marginType")
        if self._terms(ask.account, contract.symbol)[1] is wanted:
            raise BinanceError(-4046)
        if wanted is MarginMode.ISOLATED and ask.account in self._office.multi_assets:
            raise BinanceError(-4168)
        refusal = self._office.world.set_margin_mode(ask.account, contract.symbol, wanted)
        if refusal is not None:
            raise_refusal(refusal)
        return DONE

    def _margin(self, ask: Ask) -> Json:
        contract = self._office.contract(ask)
        amount, kind = ask.needed("amount"), ask.integer("type", 0)
        if kind not in (1, 2):
            raise BinanceError(-1130, "type")
        side = ask.params.get("positionSide", "BOTH").upper()
        hedge = self._office.mode(ask.account) is PositionMode.HEDGE
        if hedge != (side in ("LONG", "SHORT")):
            raise BinanceError(-4061)
        ids = [PositionId(ask.account, contract.symbol, each) for each in Side]
        if hedge:
            ids = [id_ for id_ in ids if id_.side.name == side]
        held = [id_ for id_ in ids if self._office.world.exchange.holds(id_)]
        if not held:
            raise BinanceError(-4054)
        if amount <= 0:
            raise BinanceError(-4055)
        refusal = self._office.world.move_margin(held[0], amount if kind == 1 else -amount)
        if refusal is not None:
            raise_refusal(refusal)
        return {
            "amount": float(amount),
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": kind,
        }

    def _margin_history(self, ask: Ask) -> list[Json]:
        contract = self._office.contract(ask)
        moves = [m for m in self._office.view(ask).margin_moves if m.id.symbol == contract.symbol]
        rows = [self._move(move) for move in within(ask, moves, "at_ms")[-HISTORY_MAX:]]
        kind = ask.integer("type", 0)
        return [row for row in rows if not kind or row["type"] == kind]

    def _move(self, move: MarginMove) -> Json:
        hedge = self._office.mode(move.id.account) is PositionMode.HEDGE
        return {
            "symbol": market_id(self._office.contracts[move.id.symbol]),
            "type": 1 if move.amount > 0 else 2,
            "deltaType": "USER_ADJUST",
            "amount": plain(abs(move.amount)),
            "asset": move.currency,
            "time": move.at_ms,
            "positionSide": move.id.side.name if hedge else "BOTH",
            "clientTranId": "",
        }

    def _mode(self, ask: Ask) -> Json:
        return {"dualSidePosition": self._office.mode(ask.account) is PositionMode.HEDGE}

    def _set_mode(self, ask: Ask) -> Json:
        ask.text("dualSidePosition")
        wanted = PositionMode.HEDGE if ask.flag("dualSidePosition") else PositionMode.ONE_WAY
        if self._office.mode(ask.account) is wanted:
            raise BinanceError(-4059)
        refusal = self._office.world.set_position_mode(ask.account, wanted)
        if refusal is not None:
            raise BinanceError(-4067 if refusal.code == "mode_orders" else -4068)
        return DONE

    def _multi(self, ask: Ask) -> Json:
        return {"multiAssetsMargin": ask.account in self._office.multi_assets}

    def _set_multi(self, ask: Ask) -> Json:
        """Said and not simulated: it is there so that somebody can refuse such an account."""
        ask.text("multiAssetsMargin")
        wanted, modes = ask.flag("multiAssetsMargin"), self._office.multi_assets
        if wanted is (ask.account in modes):
            raise BinanceError(-4171)
        view = self._office.world.view(ask.account)
        if view.open_orders:
            raise BinanceError(-4170)
        if wanted and any(held.mode is MarginMode.ISOLATED for held in view.positions.values()):
            raise BinanceError(-4167)
        modes.symmetric_difference_update({ask.account})
        self._tell(ask.account, {"e": "ACCOUNT_CONFIG_UPDATE", "T": self._office.now_ms, "ai": {"j": wanted}})
        return DONE

    def _terms(self, account: AccountName, symbol: str) -> tuple[Decimal, MarginMode]:
        """Of the side that is open, if one is."""
        contract = next(c for c in self._office.contracts.values() if c.symbol == symbol)
        ids = [PositionId(account, contract.symbol, side) for side in Side]
        held = [id_ for id_ in ids if self._office.world.exchange.holds(id_)]
        return self._office.world.exchange.desk.terms((held or ids)[0])
