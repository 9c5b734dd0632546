"""Checks that no single value can fail: whether the parts of a configuration fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from bot.config.accounts import VENUES
from bot.config.currencies import coins, named_settlements, unclear_money
from bot.config.errors import Key, Problem, listed, shown, suggestion
from bot.config.fields import ANY_SYMBOL, format_exact
from bot.config.model import Config, ContractTable, PositionTable, QuarterliesTable
from bot.config.read import Document
from bot.config.staging import staged_checks
from bot.core.contracts import ContractKind
from bot.core.margin.venues import rules_for
from bot.core.types import MarginMode, PositionMode, Symbol
from bot.venues.calendar import dated, undated

NO_BALANCE = "missing; a simulated account needs the futures wallet it starts with, such as balance = 5000"

NEITHER = "missing, and keys as well; a real account has keys, a simulated one the balance it starts with"


def cross_checks(config: Config, document: Document) -> Iterator[Problem]:
    """Every mistake between the parts of a configuration whose values are valid one by one."""
    yield from _accounts(config, document)
    yield from _contracts(config, document)
    yield from _kinds(config, document)
    for key, text in unclear_money(config, named_settlements(config)):
        yield document.problem(key, text)
    yield from _positions(config, document)
    for symbol in config.paper.depth:
        if symbol != ANY_SYMBOL:
            yield from _contract(config, symbol, ("paper", "depth", symbol), document)
    yield from _quarterlies(config, document)
    yield from _rules(config, document)
    yield from staged_checks(config, document)


def _accounts(config: Config, document: Document) -> Iterator[Problem]:
    """What an account is reached by, and that it is somewhere at all."""
    for name, account in config.accounts.items():
        key: Key = ("accounts", name)
        if account.balance is None and account.keys is None:
            text = NO_BALANCE if account.venue is None else NEITHER
            yield document.problem((*key, "balance"), text)
        if account.venue is None:
            wanted = [word for word in ("keys", "loopback", "accept_key_rights") if getattr(account, word)]
            for word in wanted:
                text = f"an account on paper only has none; write its venue: {listed(VENUES)}"
                yield document.problem((*key, word), text)
        elif account.margin_rules not in (allowed := _rules_of(account.venue)):
            text = f"found {shown(account.margin_rules)}; {account.venue} follows {listed(allowed)}"
            yield document.problem((*key, "margin_rules"), f"{text}; leave it out")
    for name in config.limits.accounts.keys() - config.accounts.keys():
        text = f"there is no such account{suggestion(name, config.accounts)}"
        yield document.problem(("limits", "accounts", name), text)
    venues = {account.venue for account in config.accounts.values()}
    if len(venues - {None}) > 1:
        key = ("accounts", list(config.accounts)[-1], "venue")
        yield document.problem(key, "accounts at different exchanges; use one configuration for each")


def _rules_of(venue: str) -> tuple[str, ...]:
    """The margin rules an exchange may have: those of its contracts of either kind."""
    return tuple(dict.fromkeys(rules_for(venue, kind).name for kind in ContractKind))


def _contracts(config: Config, document: Document) -> Iterator[Problem]:
    """Two accounts under different margin rules need contracts of their own, which one file cannot hold."""
    names = {account.margin_rules for account in config.accounts.values()}
    if len(names) > 1:
        account = list(config.accounts)[-1]
        yield document.problem(
            ("accounts", account, "margin_rules"),
            f"accounts follow different margin rules ({', '.join(sorted(names))});"
            " use one configuration for each venue",
        )


def _kinds(config: Config, document: Document) -> Iterator[Problem]:
    """Kind and expiry that a symbol contradicts, or that no symbol could have."""
    for symbol, contract in config.contracts.items():
        dated = "-" in symbol
        base, settlement = coins(symbol)
        kind = ContractKind.INVERSE if settlement == base else ContractKind.LINEAR
        if symbol == ANY_SYMBOL and (contract.kind or contract.expiry):
            wrong = "kind" if contract.kind else "expiry"
            yield document.problem(("contracts", symbol, wrong), "every symbol has its own; leave it out")
        elif contract.kind not in (None, kind):
            yield document.problem(
                ("contracts", symbol, "kind"),
                f"{shown(symbol)} settles in {settlement}, so it is {kind};"
                ' an inverse contract is written like "BTC/USD:BTC", a linear one like "BTC/USDT:USDT"',
            )
        elif contract.expiry is not None and not dated:
            yield document.problem(
                ("contracts", symbol, "expiry"),
                f"{shown(symbol)} is a perpetual; a dated contract has its date in the symbol:"
                f' "{symbol}-261225"',
            )


def _positions(config: Config, document: Document) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], Key] = {}
    for index, position in enumerate(config.paper.positions):
        key: Key = ("paper", "positions", index)
        yield from _size(position, key, document)
        yield from _contract(config, position.symbol, (*key, "symbol"), document)
        yield from _leverage(config, position, key, document)
        name = account_of(config, position)
        if name is None:
            yield document.problem((*key, "account"), _account_wanted(config, position.account))
            continue
        side = position.side if config.accounts[name].position_mode is PositionMode.HEDGE else "one"
        slot = (name, position.symbol, side)
        if slot in seen:
            yield document.problem(
                key,
                f"a second position of {name} in {position.symbol};"
                f" the first is at {document.origin(seen[slot])}"
                f' (a long and a short side by side need position_mode = "hedge")',
            )
        seen.setdefault(slot, key)


def account_of(config: Config, position: PositionTable) -> str | None:
    """The account a position is in: the named one, else the only one; None if there is no such account."""
    if position.account is None:
        return next(iter(config.accounts)) if len(config.accounts) == 1 else None
    return position.account if position.account in config.accounts else None


def _account_wanted(config: Config, found: str | None) -> str:
    allowed = ", ".join(f'"{name}"' for name in config.accounts)
    if found is None:
        return f"missing; there are several accounts, so say which: {allowed}"
    return f"found {shown(found)}{suggestion(found, config.accounts)}; allowed: {allowed}"


def _size(position: PositionTable, key: Key, document: Document) -> Iterator[Problem]:
    if (position.notional is None) == (position.quantity is None):
        found = "neither" if position.notional is None else "both"
        yield document.problem(key, f"{found} of notional and quantity given; give exactly one")
    if position.margin is not None and position.margin_mode is MarginMode.CROSS:
        yield document.problem((*key, "margin"), "a cross position has no margin of its own; leave it out")


def contract_name(config: Config, symbol: Symbol) -> Symbol | None:
    """Which of ``config.contracts`` describes ``symbol``: its own, that of its perpetual, or ``*``."""
    names = (symbol, undated(symbol), Symbol(ANY_SYMBOL))
    return next((name for name in names if name in config.contracts), None)


def quarterly_symbol(table: QuarterliesTable, expiry_ms: int | None) -> Symbol:
    """The unified symbol of a quarterly that expires then; ``None`` leaves out the date."""
    symbol = table.underlying
    if table.kind is ContractKind.INVERSE:
        base = symbol.partition("/")[0]
        symbol = Symbol(f"{base}/USD:{base}")
    return symbol if expiry_ms is None else dated(symbol, expiry_ms)


def _quarterlies(config: Config, document: Document) -> Iterator[Problem]:
    seen: dict[Symbol, Key] = {}
    for index, table in enumerate(config.paper.quarterlies):
        key: Key = ("paper", "quarterlies", index)
        symbol = quarterly_symbol(table, None)
        yield from _contract(config, symbol, (*key, "underlying"), document)
        base, settlement = coins(table.underlying)
        if table.kind is ContractKind.LINEAR and settlement == base:
            yield document.problem(
                key,
                f"{shown(table.underlying)} settles in {settlement}, and so do its quarterlies;"
                ' write kind = "inverse", or name the linear perpetual',
            )
        if symbol in seen:
            yield document.problem(
                key,
                f"a second time the quarterlies of {symbol}; the first is at {document.origin(seen[symbol])}",
            )
        seen.setdefault(symbol, key)


def _contract_table(config: Config, symbol: Symbol) -> ContractTable | None:
    name = contract_name(config, symbol)
    return None if name is None else config.contracts[name]


def _contract(config: Config, symbol: Symbol, key: Key, document: Document) -> Iterator[Problem]:
    if contract_name(config, symbol) is not None:
        return
    if not config.contracts and all(account.venue for account in config.accounts.values()):
        return  # The exchange will say what it lists, and in which steps and tiers.
    if symbol == ANY_SYMBOL:
        yield document.problem(key, 'every symbol needs a contract: add [contracts."*"]')
        return
    hint = suggestion(symbol, config.contracts)
    yield document.problem(
        key,
        f"no contract for {shown(symbol)}{hint}; add [contracts.{shown(symbol)}] with tick, lot and tiers,"
        ' or [contracts."*"] for all symbols',
    )


def _leverage(config: Config, position: PositionTable, key: Key, document: Document) -> Iterator[Problem]:
    contract = _contract_table(config, position.symbol)
    if contract is not None and position.leverage > contract.max_leverage:
        yield document.problem(
            (*key, "leverage"),
            f"found {format_exact(position.leverage)}; the contract allows at most"
            f" {format_exact(contract.max_leverage)}",
        )


def _rules(config: Config, document: Document) -> Iterator[Problem]:
    for index, rule in enumerate(config.rules):
        for at, symbol in enumerate(rule.symbols or ()):
            yield from _contract(config, symbol, ("rules", index, "symbols", at), document)
