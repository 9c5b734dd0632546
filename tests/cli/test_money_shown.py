"""Money of several currencies, and quantities of several coins, are never added up."""

from decimal import Decimal
from typing import Any

from bot.cli.deeds import deeds
from bot.cli.replay_text import comparison
from bot.core.settings import RuleEntry
from bot.core.types import RuleName
from strategies.partial_close import PartialClose, PartialCloseParams

DOLLARS, COINS, ETHER = "BTC/USDT:USDT", "BTC/USD:BTC", "ETH/USDT:USDT"
CLOSER = RuleEntry(rule=PartialClose(RuleName("closer"), PartialCloseParams(restore_to=Decimal("0.08"))))


def a_pool(currency: str, fees: str) -> dict[str, Any]:
    """A pool that ends with 1000, and has paid these fees."""
    return {"currency": currency, "equity": "1000", "realised": "-7", "fees": fees, "funding": "0"}


def compared(*pools: tuple[str, str]) -> dict[str, list[str]]:
    """The figures by their names, with the rules and without."""
    final = {"positions": [], "pools": [a_pool(*each) for each in pools]}
    side = {"survived": True, "liquidations": [], "deleveraged": [], "final": final}
    lines = comparison({**side, "undefended": side}).splitlines()[1:]
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    return {name: rest for name, *rest in cells}


def test_what_is_left_in_dollars_and_in_coins_is_shown_apart() -> None:
    shown = compared(("USDT", "12"), ("BTC", "0.5"))
    assert shown["equity at the end, USDT"] == ["1,000.00", "1,000.00"]
    assert shown["equity at the end, BTC"] == ["1,000.00", "1,000.00"]
    assert (shown["fees, USDT"][0], shown["fees, BTC"][0]) == ("12.00", "0.5000")
    assert "fees" not in shown


def test_one_currency_needs_no_name() -> None:
    assert compared(("USDT", "12"), ("USDT", "3"))["fees"] == ["15.00", "15.00"]


def an_act(symbol: str, intent: str, amount: str, unit: str) -> dict[str, Any]:
    about = {"rule": "closer", "symbol": symbol, "contract": symbol, "side": "long"}
    return {**about, "intent": intent, "amount": amount, "unit": unit}


def done(*acts: dict[str, Any]) -> str:
    return deeds({"actions": acts, "refusals": [], "triggered": []}, [CLOSER]).split(maxsplit=1)[1]


def test_quantities_of_different_coins_are_summed_apart() -> None:
    reductions = [(DOLLARS, "0.5"), (ETHER, "2"), (DOLLARS, "0.25"), (COINS, "300")]
    text = done(*(an_act(symbol, "ReducePosition", amount, "base") for symbol, amount in reductions))
    assert text == "4 ReducePosition (0.75 BTC, 2 ETH, 300 USD in all)"


def test_margin_in_different_currencies_is_summed_apart() -> None:
    text = done(*(an_act(symbol, "AddMargin", "20", "money") for symbol in (DOLLARS, COINS, ETHER)))
    assert text == "3 AddMargin (40.00 USDT, 20.00 BTC in all)"


def test_one_coin_needs_no_name() -> None:
    assert done(an_act(DOLLARS, "ReducePosition", "0.5", "base")) == "1 ReducePosition (0.5)"


def test_what_a_stop_closes_of_an_inverse_contract_is_counted_in_dollars() -> None:
    met = {"rule": "closer", "symbol": COINS, "quantity": "300", "price": "50000"}
    text = deeds({"actions": [], "refusals": [], "triggered": [met]}, [CLOSER])
    assert "its stop closed 300 USD at 50,000.00" in text
