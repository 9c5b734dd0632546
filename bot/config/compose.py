"""From a configuration to the parts that live, paper and replay are composed of.

The one place where a table of the file becomes an argument of the engine or of the paper exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from bot.config.coverage import NO_BALANCE, account_of, contract_name, quarterly_symbol
from bot.config.currencies import balance_currency, coins, unclear_money
from bot.config.errors import Key, shown, suggestion
from bot.config.fields import ANY_SYMBOL, AUTO, FIRST, format_exact
from bot.config.limits import AccountBudgetsTable, BudgetsTable, LimitsTable
from bot.config.model import ContractTable
from bot.config.settings import Settings
from bot.config.tiers import read_file
from bot.core.capabilities import Capabilities
from bot.core.contracts import Contract, ContractKind, Tiers
from bot.core.margin.rules import MarginRules
from bot.core.margin.venues import RULES, rules_for
from bot.core.settings import Budgets, BudgetsByCurrency, EngineSettings, Limits, SeatbeltSettings
from bot.core.types import AccountName, MarginMode, PositionId, Side, Symbol
from bot.venues.calendar import expiry_of, undated
from bot.venues.paper.model import MarketModel, Opening, PaperAccount

COIN_STEP = Decimal("0.00000001")
"""Coins are booked in eight decimals, and venues take isolated margin in them as finely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPosition:
    """A position of the configuration in one symbol; exactly one of ``notional`` and ``quantity`` is set.

    ``entry`` ``None`` means the first traded price. ``key`` is where it was written, for messages.
    """

    id: PositionId
    notional: Decimal | None
    quantity: Decimal | None
    leverage: Decimal
    mode: MarginMode
    entry: Decimal | None
    margin: Decimal | None
    key: Key


def limits(table: LimitsTable) -> Limits:
    """The core's limits: the same names, durations in milliseconds."""
    values = table.model_dump(mode="python", round_trip=True)
    plain = {
        field.name: getattr(table, field.name.removesuffix("_ms"))
        for field in fields(Limits)
        if field.name.removesuffix("_ms") in values
    }
    accounts = {AccountName(name): _by_currency(each) for name, each in table.accounts.items()}
    return Limits(**(plain | {"currencies": _currencies(table.currencies), "accounts": accounts}))


def _by_currency(table: AccountBudgetsTable) -> BudgetsByCurrency:
    return BudgetsByCurrency(**(dict(table) | {"currencies": _currencies(table.currencies)}))


def _currencies(tables: Mapping[str, BudgetsTable]) -> dict[str, Budgets]:
    return {currency: Budgets(**dict(budgets)) for currency, budgets in tables.items()}


def engine_settings(
    settings: Settings,
    *,
    capabilities: Mapping[AccountName, Capabilities],
    stale_after_ms: Mapping[Symbol, int] | None = None,
    epoch: int = 1,
    defended: bool = True,
) -> EngineSettings:
    """What the engine is built from; ``defended`` false leaves out all rules and the seatbelt."""
    seatbelt = settings.config.seatbelt
    return EngineSettings(
        rules=settings.rules if defended else (),
        limits=limits(settings.config.limits),
        seatbelt=SeatbeltSettings(
            enabled=seatbelt.enabled and defended,
            clear_of_liquidation=seatbelt.clear_of_liquidation,
            tolerance=seatbelt.tolerance,
            last_resort=seatbelt.last_resort,
        ),
        capabilities=capabilities,
        taker_fee=settings.config.paper.fees.taker,
        stale_after_ms=stale_after_ms or {},
        epoch=epoch,
    )


def contract(
    settings: Settings, symbol: Symbol, *, tick: Decimal | None = None, synthetic_prices: bool = False
) -> Contract:
    """The contract of ``symbol``; ConfigError if the configuration has none.

    A dated contract without a table of its own has that of its perpetual. ``tick`` is the last decimal of the
    tape, used where the configuration says ``"auto"``; ``synthetic_prices`` marks modelled prices.
    """
    name, table = _contract_table(settings, symbol)
    if table.tick == AUTO and tick is None:
        raise settings.refuse(
            ("contracts", name),
            f'tick is "auto", but nothing tells the decimals of {symbol}; write a price step',
        )
    base, settlement = coins(symbol)
    kind = ContractKind.INVERSE if settlement == base else ContractKind.LINEAR
    finest = kind is ContractKind.INVERSE and "margin_step" not in table.model_fields_set
    return Contract(
        symbol=symbol,
        kind=kind,
        settlement=settlement,
        tick=table.tick if isinstance(table.tick, Decimal) else (tick or Decimal(1)),
        lot=table.lot,
        min_quantity=table.min_quantity,
        min_notional=table.min_notional,
        max_leverage=table.max_leverage,
        contract_size=table.contract_size,
        margin_step=COIN_STEP if finest else table.margin_step,
        funding_interval_ms=table.funding_interval,
        expiry_ms=expiry_of(symbol) if table.expiry is None else table.expiry,
        tiers=_tiers(settings, name, table, symbol),
        synthetic_prices=synthetic_prices,
        synthetic_tiers=table.synthetic_tiers,
        rules=_rules(next(iter(settings.config.accounts.values())).margin_rules, kind),
    )


def _tiers(settings: Settings, name: Symbol, table: ContractTable, symbol: Symbol) -> Tiers:
    tiers = settings.tiers.tables.get(name)
    if tiers is not None:
        return tiers
    assert table.tiers_file is not None, f"{name}: neither tiers nor a file of them"
    return read_file(symbol, ("contracts", name, "tiers_file"), table.tiers_file, settings.document)


def _contract_table(settings: Settings, symbol: Symbol) -> tuple[Symbol, ContractTable]:
    contracts = settings.config.contracts
    name = contract_name(settings.config, symbol)
    if name is not None:
        return name, contracts[name]
    raise settings.refuse(
        ("contracts",),
        f"no contract for {shown(symbol)}{suggestion(symbol, contracts)};"
        f' add [contracts.{shown(symbol)}] with tick, lot and tiers, or [contracts."*"] for all symbols',
    )


def _rules(name: str, kind: ContractKind) -> MarginRules:
    """The margin rules of an account's venue for a kind of contract: inverse ones have their own."""
    if not name.endswith(_OF_THE_OTHER_KIND[kind]):
        return RULES[name]
    return rules_for(name.partition("_")[0], kind)


_OF_THE_OTHER_KIND = {
    ContractKind.INVERSE: ("_linear", "_usdm"),
    ContractKind.LINEAR: ("_inverse", "_coinm", "_inverse_legacy"),
}


def paper_accounts(settings: Settings, contracts: Iterable[Contract] = ()) -> tuple[PaperAccount, ...]:
    """The accounts with their balances, as the paper exchange takes them.

    ConfigError where an account has no balance, and where ``contracts`` settle in several currencies and the
    file leaves open which it means.
    """
    config = settings.config
    settlements = tuple(dict.fromkeys(contract.settlement for contract in contracts))
    for key, text in unclear_money(config, settlements):
        raise settings.refuse(key, text)
    counted = any(entry.needs.spot_balances for entry in settings.rules)
    return tuple(
        PaperAccount(
            name=AccountName(name),
            balance=_balance(settings, name),
            currency=balance_currency(config, name, settlements),
            others=account.others,
            position_mode=account.position_mode,
            collateral=account.collateral,
            spot=account.spot if account.spot or counted else None,
        )
        for name, account in config.accounts.items()
    )


def _balance(settings: Settings, account: str) -> Decimal:
    balance = settings.config.accounts[account].balance
    if balance is None:
        raise settings.refuse(("accounts", account, "balance"), NO_BALANCE)
    return balance


def market_model(settings: Settings, symbols: Iterable[Symbol]) -> MarketModel:
    """What trading costs in ``symbols``."""
    paper = settings.config.paper
    general = paper.depth.get(Symbol(ANY_SYMBOL))
    quarterlies = {quarterly_symbol(table, None): table.depth for table in paper.quarterlies}
    depths = {
        symbol: (None if expiry_of(symbol) is None else quarterlies.get(undated(symbol)))
        or paper.depth.get(symbol, general)
        for symbol in symbols
    }
    return MarketModel(
        maker_fee=paper.fees.maker,
        taker_fee=paper.fees.taker,
        spread=paper.spread,
        depth={symbol: depth for symbol, depth in depths.items() if depth is not None},
        max_impact=paper.max_impact,
        shown=frozenset[Symbol]().union(*(entry.needs.beside for entry in settings.rules)),
    )


def planned_positions(
    settings: Settings, symbols: Iterable[Symbol], derived: Iterable[Symbol] = ()
) -> tuple[PlannedPosition, ...]:
    """The configured positions, ``*`` written out for every symbol of ``symbols`` not named otherwise.

    ``derived`` have prices without a tape: only a position that names one is in it. ConfigError for a
    position in a symbol that is among neither.
    """
    known, modelled = sorted(set(symbols)), sorted(set(derived))
    tables = settings.config.paper.positions
    named = {(account_of(settings.config, table), table.symbol) for table in tables}
    planned: list[PlannedPosition] = []
    for index, table in enumerate(tables):
        account = account_of(settings.config, table)
        assert account is not None, f"position {index + 1}: an account that was not checked"
        key: Key = ("paper", "positions", index)
        if table.symbol not in (*known, *modelled, ANY_SYMBOL):
            raise settings.refuse(
                (*key, "symbol"),
                f"no prices for {shown(table.symbol)}{suggestion(table.symbol, (*known, *modelled))};"
                f" there are tapes for {', '.join(known) or 'no symbol'}{_and_modelled(modelled)}:"
                " add one for it, or take the position out",
            )
        chosen = (
            [s for s in known if (account, s) not in named] if table.symbol == ANY_SYMBOL else [table.symbol]
        )
        planned.extend(
            PlannedPosition(
                id=PositionId(AccountName(account), symbol, Side(table.side)),
                notional=table.notional,
                quantity=table.quantity,
                leverage=table.leverage,
                mode=table.margin_mode,
                entry=None if table.entry == FIRST else Decimal(table.entry),
                margin=table.margin,
                key=key,
            )
            for symbol in chosen
        )
    return tuple(planned)


def _and_modelled(symbols: list[Symbol]) -> str:
    return f", and modelled prices for {', '.join(symbols)}" if symbols else ""


def opening(
    settings: Settings, planned: PlannedPosition, contract: Contract, first_price: Decimal
) -> Opening:
    """The position as the paper exchange takes it, in whole lots; ConfigError where it is too small."""
    entry = planned.entry or first_price
    if planned.quantity is not None:
        quantity = contract.quantity_down(planned.quantity)
    else:
        assert planned.notional is not None, f"{planned.id}: neither quantity nor notional"
        linear = contract.kind is ContractKind.LINEAR
        quantity = contract.quantity_down(planned.notional / entry if linear else planned.notional * entry)
    if quantity <= 0 or quantity < contract.min_quantity:
        least = max(contract.lot, contract.min_quantity)
        raise settings.refuse(
            planned.key,
            f"{planned.id.symbol} at {format_exact(entry)} comes to {format_exact(quantity)};"
            f" the contract takes at least {format_exact(least)}:"
            " make the position larger or the lot smaller",
        )
    return Opening(
        id=planned.id,
        quantity=quantity,
        leverage=planned.leverage,
        mode=planned.mode,
        entry=planned.entry,
        margin=planned.margin,
    )
