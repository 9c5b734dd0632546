"""A simulated exchange for tests: two Binance perpetuals, two accounts with keys, a clock moved by hand."""

from decimal import Decimal
from typing import Any

from bot.core.contracts import Contract
from bot.core.types import AccountName, MarginMode, PositionId, Side, Symbol
from bot.simulator import ApiKey, Clock, World
from bot.venues.paper import MarketModel, Opening, PaperAccount
from tests.building.contracts import BTC, ONE_TIER, a_contract

D = Decimal
ETH = Symbol("ETH/USDT:USDT")
ALICE, BOB = AccountName("alice"), AccountName("bob")
ALICES_KEY = ApiKey(key="alice-key", secret="alice-secret", passphrase="alice-word", account=ALICE)
BOBS_KEY = ApiKey(key="bob-key", secret="bob-secret", passphrase="bob-word", account=BOB)
START_MS = 1_790_000_000_000
FEES = MarketModel(maker_fee=D("0.0002"), taker_fee=D("0.0005"))


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def a_world(
    *contracts: Contract,
    hands: Any = None,
    balance: str = "10000",
    model: MarketModel = FEES,
    prices: dict[Symbol, str] | None = None,
    accounts: tuple[PaperAccount, ...] | None = None,
) -> World:
    """Alice and Bob with ``balance`` USDT each; contracts trade at 100 or at their price in ``prices``."""
    traded = contracts or (a_contract(tiers=ONE_TIER), a_contract(ETH, tiers=ONE_TIER))
    world = World(
        accounts=accounts
        or [PaperAccount(name=ALICE, balance=D(balance)), PaperAccount(name=BOB, balance=D(balance))],
        contracts=traded,
        keys=[ALICES_KEY, BOBS_KEY],
        model=model,
        clock=Clock(hands or Hands()),
        insurance_fund=D(100_000),
    )
    for contract in traded:
        world.move(contract.symbol, D((prices or {}).get(contract.symbol, "100")), gap=True)
    return world


def a_holding(
    account: AccountName = ALICE,
    symbol: Symbol = BTC,
    side: Side = Side.LONG,
    quantity: str = "10",
    leverage: str = "10",
    *,
    cross: bool = False,
) -> Opening:
    """A position the holder of the account brings along."""
    return Opening(
        id=PositionId(account, symbol, side),
        quantity=D(quantity),
        leverage=D(leverage),
        mode=MarginMode.CROSS if cross else MarginMode.ISOLATED,
    )
