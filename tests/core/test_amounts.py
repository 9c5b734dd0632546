"""The one figure of every kind of intent, and the contract it is carried out in."""

from decimal import Decimal
from typing import get_args

import pytest

from bot.core.amounts import Amount, Unit, contract_of, counted_in
from bot.core.intents import (
    AddMargin,
    BuyOption,
    CancelStop,
    CloseHedge,
    CutLeverage,
    Intent,
    Level,
    MoveStop,
    Notify,
    OpenHedge,
    PlaceStop,
    PlaceTakeProfit,
    Posture,
    ReducePosition,
    SellOption,
    SetPosture,
    TransferCollateral,
    WithdrawMargin,
)
from bot.core.types import AccountName, Symbol
from tests.building.core import BTC, LONG

D = Decimal
DATED = Symbol("BTC/USDT:USDT-251226")
COUNTED: list[tuple[Intent, str, Unit, Symbol]] = [
    (AddMargin(id=LONG, amount=D(5)), "5", Unit.MONEY, BTC),
    (WithdrawMargin(id=LONG, amount=D(5)), "5", Unit.MONEY, BTC),
    (
        TransferCollateral(id=LONG, account=AccountName("main"), source="spot", amount=D(6)),
        "6",
        Unit.MONEY,
        BTC,
    ),
    (CutLeverage(id=LONG, leverage=D(3)), "3", Unit.TIMES, BTC),
    (ReducePosition(id=LONG, quantity=D("0.2"), then_add=D(9)), "0.2", Unit.BASE, BTC),
    (PlaceTakeProfit(id=LONG, trigger=D(120), quantity=D("0.4")), "0.4", Unit.BASE, BTC),
    (
        OpenHedge(id=LONG, symbol=DATED, quantity=D("0.3"), leverage=D(4), limit=D(99)),
        "0.3",
        Unit.BASE,
        DATED,
    ),
    (CloseHedge(id=LONG, symbol=DATED, quantity=D("0.1")), "0.1", Unit.BASE, DATED),
    (BuyOption(id=LONG, symbol=DATED, quantity=D(2), price=D(7)), "2", Unit.BASE, DATED),
    (SellOption(id=LONG, symbol=DATED, quantity=D(2), price=D(7)), "2", Unit.BASE, DATED),
    (PlaceStop(id=LONG, trigger=D(91)), "91", Unit.PRICE, BTC),
    (MoveStop(id=LONG, trigger=D(92)), "92", Unit.PRICE, BTC),
]
UNCOUNTED: list[Intent] = [
    CancelStop(id=LONG, client_id="hf-1-1"),
    SetPosture(id=LONG, posture=Posture.CAUTIOUS),
    Notify(id=LONG, level=Level.INFO, text="hello"),
]


@pytest.mark.parametrize(("intent", "amount", "unit", "contract"), COUNTED, ids=lambda v: type(v).__name__)
def test_an_intent_is_known_by_one_figure(intent: Intent, amount: str, unit: Unit, contract: Symbol) -> None:
    assert counted_in(intent) == Amount(D(amount), unit)
    assert contract_of(intent) == contract


@pytest.mark.parametrize("intent", UNCOUNTED, ids=lambda intent: type(intent).__name__)
def test_some_intents_count_nothing(intent: Intent) -> None:
    assert counted_in(intent) is None
    assert contract_of(intent) == BTC


def test_every_kind_of_intent_is_here() -> None:
    assert {type(case[0]) for case in COUNTED} | {type(i) for i in UNCOUNTED} == set(get_args(Intent))
