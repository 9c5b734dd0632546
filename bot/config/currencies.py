"""Which currency a number of money is in, where contracts settle in several.

A balance or a budget is one number, and a number of dollars means nothing in a coin: taken for coins, a
budget of 1000 would be no wall at all. So what is not named is one currency only, or the configuration
is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.config.errors import Key, written
from bot.config.fields import ANY_SYMBOL
from bot.config.limits import AccountBudgetsTable, BudgetsTable, LimitsTable
from bot.config.model import Config
from bot.core.types import Symbol

DOLLARS = "USDT"
"""What a balance is in while nothing is known to settle in anything."""
_BUDGETS = tuple(BudgetsTable.model_fields)


def coins(symbol: Symbol) -> tuple[str, str]:
    """Base and settlement currency of a unified symbol."""
    base, _, rest = symbol.partition("/")
    return base, rest.partition(":")[2].partition("-")[0]


def named_settlements(config: Config) -> tuple[str, ...]:
    """What the contracts and positions of the file settle in; tapes may bring more."""
    symbols = list(config.contracts)
    if ANY_SYMBOL in config.contracts:  # Otherwise a position in another symbol is a mistake of its own.
        symbols += [position.symbol for position in config.paper.positions]
    return tuple(dict.fromkeys(coins(symbol)[1] for symbol in symbols if symbol != ANY_SYMBOL))


def unclear_money(config: Config, settlements: Iterable[str]) -> Iterator[tuple[Key, str]]:
    """Each key whose money might be in several of these currencies, and what to write instead."""
    settled = tuple(dict.fromkeys(settlements))
    for name, account in config.accounts.items():
        rest = [currency for currency in settled if currency not in account.others]
        if account.balance is not None and account.currency is None and len(rest) > 1:
            wanted = f'currency = "{rest[0]}", others = {{ {rest[1]} = 0.5 }}'
            text = f"contracts settle in {_and(rest)}; write which the balance is in: {wanted}"
            yield ("accounts", name, "balance"), text
        if account.currency in account.others:
            text = f"{account.currency} is the currency of balance; write it once"
            yield ("accounts", name, "others", account.currency), text
    yield from _unclear_budgets(("limits",), config.limits, settled)
    for name, own in config.limits.accounts.items():
        yield from _unclear_budgets(("limits", "accounts", name), own, settled)


def _unclear_budgets(
    key: Key, table: LimitsTable | AccountBudgetsTable, settled: Sequence[str]
) -> Iterator[tuple[Key, str]]:
    rest = [currency for currency in settled if currency not in table.currencies]
    if len(rest) < 2:  # noqa: PLR2004 - one is clear
        return
    remedy = f"write the budgets of the other under [{written((*key, 'currencies', rest[1]))}]"
    for budget in _BUDGETS:
        if getattr(table, budget):
            yield (*key, budget), f"contracts settle in {_and(rest)}, and this holds in one of them; {remedy}"


def balance_currency(config: Config, account: str, settlements: Iterable[str]) -> str:
    """What an account's balance is in, once nothing is unclear."""
    table = config.accounts[account]
    if table.currency is not None:
        return table.currency
    return next((currency for currency in settlements if currency not in table.others), DOLLARS)


def _and(currencies: list[str]) -> str:
    return ", ".join(currencies[:-1]) + f" and {currencies[-1]}"
