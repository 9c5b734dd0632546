"""Whatever is done, in whatever order: the books balance to the last digit and the wires tell the truth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core.contracts import Contract, ContractKind, Tier
from bot.core.facts import BalanceChanged, Book, InstrumentChanged, Liquidated, OrdersChanged, PositionChanged
from bot.core.intents import (
    AddMargin,
    CutLeverage,
    Intent,
    MoveStop,
    PlaceStop,
    ReducePosition,
    WithdrawMargin,
)
from bot.core.margin.arithmetic import coordinate, unrealised
from bot.core.margin.assess import assess
from bot.core.margin.bounds import Band
from bot.core.margin.pool import Holding, Pool
from bot.core.margin.rules import LeverageCut, MaintenanceAt, TierUnit
from bot.core.types import (
    AccountName,
    ClientId,
    MarginMode,
    Order,
    OrderKind,
    Position,
    PositionId,
    PositionMode,
    PriceKind,
    Side,
    Symbol,
)
from bot.venues.paper import MarketModel, Opening, OrderRequest, PaperAccount, PaperError, PaperExchange
from bot.venues.paper.collateral import CollateralTerms
from bot.venues.paper.model import Share
from bot.venues.port import Batch
from tests.venues.paper.desk import BTC, ETH, D, a_contract, an_action

COIN, COIN_DATED = Symbol("COIN"), Symbol("COIN-DATED")
SYMBOLS = (BTC, ETH, COIN, COIN_DATED)
EXPIRY_MS = {ETH: 5, COIN_DATED: 6}
PERPETUALS = tuple(symbol for symbol in SYMBOLS if symbol not in EXPIRY_MS)
USDT, THE_COIN = "USDT", "COIN"
GIVEN = {USDT: D(200), THE_COIN: D(2)}
USDE, XAU = "USDe", "XAU"
TERMS = {
    USDE: CollateralTerms(price=D("0.01"), haircut=D("0.1")),
    XAU: CollateralTerms(price=D("0.3"), haircut=D("0.5")),
}
"""In coins: the account that holds them has its balance in coins."""
ONE_WAY, HEDGE = AccountName("one_way"), AccountName("hedge")
START = {BTC: D(100), ETH: D(10), COIN: D(100), COIN_DATED: D(102)}
PROGRESSIVE = (
    Tier(floor=D(0), cap=D(200), rate=D("0.01"), max_leverage=D(50)),
    Tier(floor=D(200), cap=D(600), rate=D("0.02"), deduction=D(2), max_leverage=D(20)),
    Tier(floor=D(600), cap=None, rate=D("0.05"), deduction=D(20), max_leverage=D(10)),
)
STEPPED = (
    Tier(floor=D(0), cap=D(2), rate=D("0.01"), max_leverage=D(50)),
    Tier(floor=D(2), cap=D(6), rate=D("0.02"), max_leverage=D(20)),
    Tier(floor=D(6), cap=None, rate=D("0.05"), max_leverage=D(10)),
)
VENUES: dict[str, dict[str, Any]] = {
    "binance": {"tiers": PROGRESSIVE, "liquidation_fee": D("0.0125"), "removable": "above_initial_at_mark"},
    "bybit": {
        "tiers": PROGRESSIVE,
        "maintenance_at": MaintenanceAt.ENTRY,
        "leverage_cut": LeverageCut.RESETS_MARGIN,
        "removable": "added_only",
        "liquidation_steps": True,
    },
    "okx": {
        "tiers": STEPPED,
        "tier_unit": TierUnit.CONTRACTS,
        "tier_deduction": False,
        "closing_fee": D("0.0005"),
        "leverage_cut": LeverageCut.RESETS_MARGIN,
        "liquidation_steps": True,
        "liquidation_fee": D("0.0005"),
    },
    "bitget": {
        "tiers": PROGRESSIVE,
        "cross_maintenance_at": MaintenanceAt.MARK,
        "closing_fee": D("0.0006"),
        "leverage_cut": LeverageCut.TOPS_UP,
    },
}
MODELS = (
    MarketModel(maker_fee=D("0.0002"), taker_fee=D("0.0005"), spread=D("0.001")),
    MarketModel(taker_fee=D("0.0007"), depth={BTC: D(150), ETH: D(40), COIN: D(150), COIN_DATED: D(90)}),
)

ids = st.builds(
    PositionId, st.sampled_from((ONE_WAY, HEDGE)), st.sampled_from(SYMBOLS), st.sampled_from(list(Side))
)
quantities = st.integers(1, 9_000).map(lambda n: D(n) / 1000)
sizes = st.one_of(quantities, st.just(D(1)))
leverages = st.sampled_from([D(2), D(5), D(10), D(20), D(50), D(7)])
modes = st.sampled_from(list(MarginMode))
shifts = st.one_of(st.integers(-30, 30), st.integers(-300, 300), st.sampled_from([-1, 0, 1]))


def contracts_of(venue: str) -> dict[Symbol, Contract]:
    return {symbol: a_traded(symbol, family=venue, **VENUES[venue]) for symbol in SYMBOLS}


def a_traded(symbol: Symbol, **rules: Any) -> Contract:
    """Two contracts that settle in dollars and two in a coin, a perpetual and a dated one of each."""
    own: dict[str, Any] = {"max_leverage": D(50), "expiry_ms": EXPIRY_MS.get(symbol)}
    if inverse(symbol):
        own |= {"kind": ContractKind.INVERSE, "settlement": THE_COIN, "lot": D("0.1")}
        own |= {"margin_step": D("0.0001"), "contract_size": D(100)}
        if "tier_unit" not in rules:
            rules["tiers"] = tuple(in_coins(tier) for tier in rules["tiers"])
    return a_contract(symbol, **own, **rules)


def inverse(symbol: Symbol) -> bool:
    return symbol in (COIN, COIN_DATED)


def in_coins(tier: Tier) -> Tier:
    cap = None if tier.cap is None else tier.cap / 100
    return replace(tier, floor=tier.floor / 100, cap=cap, deduction=tier.deduction / 100)


def size(symbol: Symbol, quantity: Decimal) -> Decimal:
    """A quantity in base as the contract counts it: of inverse ones about as much in quote."""
    return quantity * 100 if inverse(symbol) else quantity


def on_tick(price: Decimal) -> Decimal:
    return max(D("0.1"), price.quantize(D("0.1")))


class TheExchange(RuleBasedStateMachine):
    """Random trading on an exchange, and on a twin that evaluates every move in full."""

    @initialize(
        venue=st.sampled_from(sorted(VENUES)),
        model=st.sampled_from(MODELS),
        brought=st.lists(
            st.tuples(ids, st.tuples(sizes, leverages, modes, st.integers(-20, 20))), max_size=5
        ),
        fund=st.sampled_from([D(0), D("2.5"), D(1000)]),
        held=st.sampled_from([{}, {USDE: D(100), XAU: D("0.7")}]),
    )
    def start(
        self, venue: str, model: MarketModel, brought: list[Any], fund: Decimal, held: dict[str, Decimal]
    ) -> None:
        accounts = [
            PaperAccount(name=ONE_WAY, balance=GIVEN[USDT], others={THE_COIN: GIVEN[THE_COIN]}),
            PaperAccount(
                name=HEDGE,
                balance=GIVEN[THE_COIN],
                currency=THE_COIN,
                others={USDT: GIVEN[USDT]},
                position_mode=PositionMode.HEDGE,
                collateral=held,
            ),
        ]
        self.now_ms = 1
        self.fund, self.held = fund, held
        self.contracts = contracts_of(venue)
        self.exchange, self.twin = (
            PaperExchange(accounts, self.contracts, model, insurance_fund=fund, collateral=TERMS)
            for _ in range(2)
        )
        self.prices = {symbol: (price, price) for symbol, price in START.items()}
        self.positions: dict[PositionId, Position] = {}
        self.orders: dict[PositionId, tuple[Order, ...]] = {}
        self.balances = {(a.name, c): (GIVEN[c], GIVEN[c]) for a in accounts for c in GIVEN}
        # The collateral counts 100 * 0.01 * 0.9 + 0.7 * 0.3 * 0.5 = 1.005.
        worth = GIVEN[THE_COIN] + (D("1.005") if held else 0)
        self.balances[HEDGE, THE_COIN] = (worth, worth)
        self.names = 0
        for symbol, price in START.items():
            self.move(symbol, price, price, gap=True)
        for id_, opening in brought:
            self.a_position_is_brought(id_, *opening)

    # --- what can happen -------------------------------------------------------------------------

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        marks=shifts,
        lasts=st.one_of(st.just(None), shifts),
        gap=st.booleans(),
    )
    def prices_move(self, symbol: Symbol, marks: int, lasts: int | None, gap: bool) -> None:
        mark, last = self.prices[symbol]
        to_mark = on_tick(mark * (1000 + marks) / 1000)
        to_last = to_mark if lasts is None else on_tick(last * (1000 + lasts) / 1000)
        self.move(symbol, to_mark, to_last, gap=gap)

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        kind=st.sampled_from(["mark", "last", "both"]),
        side=st.sampled_from(["low", "high"]),
        ticks=st.integers(-1, 1),
        gap=st.booleans(),
    )
    def prices_go_to_a_wire(self, symbol: Symbol, kind: str, side: str, ticks: int, *, gap: bool) -> None:
        wires = self.exchange.wires(symbol)
        bound = getattr(wires.last if kind == "last" else wires.mark, side)
        if bound is not None:
            to = max(D("0.1"), bound + ticks * D("0.1"))
            mark, last = self.prices[symbol]
            self.move(symbol, mark if kind == "last" else to, last if kind == "mark" else to, gap=gap)

    @rule(symbol=st.sampled_from(PERPETUALS), rate=st.integers(-300, 300))
    def funding_is_settled(self, symbol: Symbol, rate: int) -> None:
        self.both(lambda x: x.settle_funding(self.now_ms, symbol, D(rate) / 10_000))

    @rule(symbol=st.sampled_from(sorted(EXPIRY_MS)), shift=st.integers(-30, 30), sure=st.integers(0, 5))
    def a_contract_is_delivered(self, symbol: Symbol, shift: int, sure: int) -> None:
        if sure:
            return  # In a delivered contract nothing more happens, so in most runs it must not come early.
        self.now_ms = max(self.now_ms, EXPIRY_MS[symbol])
        price = on_tick(self.prices[symbol][0] * (1000 + shift) / 1000)
        self.both(lambda x: x.deliver(self.now_ms, symbol, price))
        assert all(id_.symbol != symbol for id_ in self.positions)
        assert all(id_.symbol != symbol for id_, orders in self.orders.items() if orders)

    @rule(symbol=st.sampled_from(SYMBOLS), cap=st.sampled_from([D(0), D("0.001"), D("0.02")]))
    def funding_is_capped(self, symbol: Symbol, cap: Decimal) -> None:
        self.both(lambda x: x.listing.change_funding(1, symbol, cap=cap))

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from(list(Side)),
        quantity=st.one_of(sizes, st.just(Share(D("0.5"))), st.just(Share(D(1)))),
        shift=st.one_of(st.none(), st.integers(-60, 60)),
    )
    def the_market_deleverages(
        self, symbol: Symbol, side: Side, quantity: Decimal | Share, shift: int | None
    ) -> None:
        mark = self.prices[symbol][0]
        price = None if shift is None else on_tick(mark * (1000 + shift) / 1000)
        self.both(lambda x: x.deleverage(1, symbol, side, quantity, price))

    @rule(asset=st.sampled_from([USDE, XAU]), percent=st.integers(0, 120))
    def collateral_is_priced_anew(self, asset: str, percent: int) -> None:
        self.both(lambda x: x.collateral_price(1, asset, TERMS[asset].price * percent / 100))

    @rule(id_=ids, quantity=sizes, leverage=leverages, mode=modes, shift=st.integers(-20, 20))
    def a_position_is_brought(
        self, id_: PositionId, quantity: Decimal, leverage: Decimal, mode: MarginMode, shift: int
    ) -> None:
        entry = on_tick(self.prices[id_.symbol][1] * (1000 + shift) / 1000)
        quantity = size(id_.symbol, quantity)
        opening = Opening(id=id_, quantity=quantity, leverage=leverage, mode=mode, entry=entry)
        try:
            self.both(lambda x: x.open(self.now_ms, opening))
        except PaperError:
            return

    @rule(data=st.data(), quantity=sizes, reduces=st.booleans(), leverage=leverages, mode=modes)
    def a_market_order_comes(
        self, data: st.DataObject, quantity: Decimal, reduces: bool, leverage: Decimal, mode: MarginMode
    ) -> None:
        id_ = self.some_id(data)
        self.submit(id_, OrderKind.MARKET, quantity, reduces=reduces, leverage=leverage, mode=mode)

    @rule(
        data=st.data(),
        kind=st.sampled_from([OrderKind.LIMIT, OrderKind.IOC]),
        quantity=sizes,
        reduces=st.booleans(),
        shift=st.integers(-60, 60),
        mode=modes,
    )
    def a_limit_order_comes(
        self,
        data: st.DataObject,
        kind: OrderKind,
        quantity: Decimal,
        reduces: bool,
        shift: int,
        mode: MarginMode,
    ) -> None:
        id_ = self.some_id(data)
        limit = on_tick(self.prices[id_.symbol][1] * (1000 + shift) / 1000)
        self.submit(id_, kind, quantity, reduces=reduces, limit=limit, mode=mode)

    @rule(
        data=st.data(),
        kind=st.sampled_from([OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_MARKET]),
        quantity=sizes,
        reduces=st.booleans(),
        whole=st.booleans(),
        shift=st.integers(1, 80),
        slack=st.integers(-20, 20),
        by=st.sampled_from(list(PriceKind)),
    )
    def a_conditional_order_comes(
        self,
        data: st.DataObject,
        kind: OrderKind,
        quantity: Decimal,
        reduces: bool,
        whole: bool,
        shift: int,
        slack: int,
        by: PriceKind,
    ) -> None:
        id_ = self.some_id(data)
        rises = ((id_.side is Side.LONG) is not reduces) is kind.is_stop
        price = self.prices[id_.symbol][0 if by is PriceKind.MARK else 1]
        trigger = on_tick(price * (1000 + (shift if rises else -shift)) / 1000)
        limit = on_tick(trigger * (1000 + slack) / 1000) if kind is OrderKind.STOP_LIMIT else None
        closes = whole and reduces
        self.submit(
            id_,
            kind,
            quantity,
            reduces=reduces,
            trigger=trigger,
            limit=limit,
            trigger_by=by,
            closes_position=closes,
        )

    @precondition(lambda self: self.positions)
    @rule(
        data=st.data(),
        what=st.sampled_from(["add", "withdraw", "cut", "reduce", "stop", "move"]),
        n=st.integers(1, 3000),
    )
    def the_bot_acts(self, data: st.DataObject, what: str, n: int) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.positions, key=str)))
        mark = self.prices[id_.symbol][0]
        trigger = on_tick(mark * (1000 - id_.side.sign * (1 + n % 80)) / 1000)
        money = D(n) / (10_000 if inverse(id_.symbol) else 100)
        intents: dict[str, Callable[[], Intent]] = {
            "add": lambda: AddMargin(id=id_, amount=money),
            "withdraw": lambda: WithdrawMargin(id=id_, amount=money),
            "cut": lambda: CutLeverage(id=id_, leverage=D(1 + n % 20)),
            "reduce": lambda: ReducePosition(id=id_, quantity=size(id_.symbol, D(n) / 1000)),
            "stop": lambda: PlaceStop(id=id_, trigger=trigger),
            "move": lambda: MoveStop(id=id_, trigger=trigger),
        }
        action = an_action(intents[what](), self.name())
        self.both(lambda x: x.execute(self.now_ms, action))

    @rule(id_=ids, leverage=leverages)
    def leverage_is_changed(self, id_: PositionId, leverage: Decimal) -> None:
        self.both(lambda x: x.set_leverage(self.now_ms, id_, leverage))

    @precondition(lambda self: any(self.orders.values()))
    @rule(data=st.data())
    def an_order_is_cancelled(self, data: st.DataObject) -> None:
        resting = [o.client_id for orders in self.orders.values() for o in orders]
        name = data.draw(st.sampled_from(resting))
        self.both(lambda x: x.cancel(self.now_ms, name))

    @rule(symbol=st.sampled_from(SYMBOLS), percent=st.integers(50, 200))
    def tiers_change(self, symbol: Symbol, percent: int) -> None:
        contract: Contract = self.contracts[symbol]
        tiers = tuple(
            Tier(
                floor=t.floor,
                cap=t.cap,
                rate=t.rate * percent / 100,
                deduction=t.deduction * percent / 100,
                max_leverage=t.max_leverage,
            )
            for t in contract.tiers
        )
        changed = replace(contract, tiers=tiers)
        self.both(lambda x: x.listing.change_tiers(self.now_ms, changed))

    # --- what must hold --------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        if not hasattr(self, "exchange"):
            return
        books = self.exchange._books
        for currency, given in GIVEN.items():
            pots = books.pots[currency]
            total = pots.fees + pots.funding + pots.insurance_fund
            total += sum(account.wallets[currency].amount for account in books.accounts.values())
            total += sum(p.margin for p in self.positions.values() if self.settles_in(p.id.symbol, currency))
            total -= sum(m.paid for s, m in books.markets.items() if self.settles_in(s, currency))
            total -= sum(m.borne for s, m in books.markets.items() if self.settles_in(s, currency))
            total += books.collateral.cash if currency == THE_COIN else 0
            assert pots.insurance_fund >= 0
            assert total == 2 * given + self.fund
        for asset, amount in books.accounts[HEDGE].collateral.items():
            assert amount >= 0
            assert amount + books.collateral.sold[asset] == self.held[asset]

    @invariant()
    def what_was_booked_is_what_the_trades_earned(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for symbol, market in self.exchange._books.markets.items():
            contract, mark = self.contracts[symbol], self.prices[symbol][0]
            held = [p for p in self.positions.values() if p.id.symbol == symbol]
            ours = market.paid + sum(unrealised(p, contract, mark) for p in held)
            theirs = market.value + market.inventory * coordinate(contract, mark)
            # Profits of inverse contracts are booked in eight decimals: of each a hair stays in the market.
            assert abs(ours + theirs) <= (D("0.000001") if inverse(symbol) else 0), symbol

    @invariant()
    def facts_alone_rebuild_the_snapshot(self) -> None:
        if not hasattr(self, "exchange"):
            return
        now = self.exchange.snapshot(2)
        assert {f.id: f.position for f in now if isinstance(f, PositionChanged)} == self.positions
        orders = {f.id: f.orders for f in now if isinstance(f, OrdersChanged) and f.orders}
        assert orders == {k: v for k, v in self.orders.items() if v}
        for fact in now:
            if isinstance(fact, BalanceChanged):
                assert fact.wallet == self.balances[fact.account, fact.currency][0]
                if not self.crosses(fact.account, fact.currency):
                    assert fact.free == self.balances[fact.account, fact.currency][1]

    @invariant()
    def everyone_left_is_alive(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for pool in self.pools():
            assert not assess(pool, {s: p[0] for s, p in self.prices.items()}).liquidatable
        for (name, currency), (wallet, _) in self.balances.items():
            assert self.crosses(name, currency) or wallet >= 0

    @invariant()
    def orders_leave_with_their_position(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for id_, orders in self.orders.items():
            assert id_ in self.positions or not any(o.reduces for o in orders)
        one_way = {(i.account, i.symbol) for i in self.positions if i.account == ONE_WAY}
        assert len(one_way) == sum(i.account == ONE_WAY for i in self.positions)

    # --- words -----------------------------------------------------------------------------------

    def both(self, do: Callable[[PaperExchange], Sequence[Batch]]) -> Sequence[Batch]:
        """Do it on the exchange and on the twin without wires; the same facts must come of it."""
        result = do(self.exchange)
        for quote in self.twin._quotes.values():
            quote.mark_low, quote.mark_high = D("Infinity"), D("-Infinity")
        assert do(self.twin) == result
        for batch in result:
            self.fold(batch)
        return result

    def move(self, symbol: Symbol, mark: Decimal, last: Decimal, *, gap: bool) -> None:
        wires = self.exchange.wires(symbol)
        before = self.exchange.snapshot(0)
        self.prices[symbol] = (mark, last)
        result = self.both(lambda x: x.move(self.now_ms, symbol, mark, last, gap=gap))
        if inside(wires.mark, mark) and inside(wires.last, last):
            assert result == ()
            changed = [f for f in self.exchange.snapshot(0) if f not in before]
            assert all(isinstance(f, BalanceChanged | Book) for f in changed)

    def submit(self, id_: PositionId, kind: OrderKind, quantity: Decimal, **rest: Any) -> None:
        quantity = size(id_.symbol, quantity)
        request = OrderRequest(client_id=self.name(), id=id_, kind=kind, quantity=quantity, **rest)
        held = self.positions.get(id_)
        opposite = PositionId(id_.account, id_.symbol, id_.side.opposite)
        across = self.positions.get(opposite)
        self.both(lambda x: x.submit(self.now_ms, request))
        if request.reduces:
            after = self.positions.get(id_)
            assert after is None or (held is not None and after.quantity <= held.quantity)
            assert across is not None or opposite not in self.positions

    def some_id(self, data: st.DataObject) -> PositionId:
        """Any position id, one that is open more often than not."""
        held = [st.sampled_from(sorted(self.positions, key=str))] if self.positions else []
        drawn: PositionId = data.draw(st.one_of(ids, *held, *held, *held))
        return drawn

    def name(self) -> ClientId:
        self.names += 1
        return ClientId(f"n{self.names}")

    def fold(self, batch: Batch) -> None:
        seen = [type(f) for f in batch if isinstance(f, PositionChanged | OrdersChanged | BalanceChanged)]
        assert seen or not any(isinstance(f, Liquidated) for f in batch)
        for fact in batch:
            match fact:
                case PositionChanged(id=id_, position=None):
                    del self.positions[id_]
                case PositionChanged(id=id_, position=Position() as held):
                    self.positions[id_] = held
                case OrdersChanged(id=id_, orders=orders):
                    self.orders[id_] = orders
                case BalanceChanged(account=name, wallet=wallet, free=free, currency=currency):
                    self.balances[name, currency] = (wallet, free)
                case InstrumentChanged(contract=contract):
                    self.contracts[contract.symbol] = contract
                case _:
                    pass

    def crosses(self, name: AccountName, currency: str) -> bool:
        return bool(self.cross(name, currency))

    def cross(self, name: AccountName, currency: str) -> tuple[Holding, ...]:
        return tuple(
            Holding(p, self.contracts[i.symbol])
            for i, p in self.positions.items()
            if i.account == name and p.mode is MarginMode.CROSS and self.settles_in(i.symbol, currency)
        )

    def settles_in(self, symbol: Symbol, currency: str) -> bool:
        contract: Contract = self.contracts[symbol]
        return contract.settlement == currency

    def pools(self) -> Iterator[Pool]:
        for name in (ONE_WAY, HEDGE):
            mine = [p for i, p in self.positions.items() if i.account == name]
            for currency in GIVEN:
                if cross := self.cross(name, currency):
                    yield Pool(MarginMode.CROSS, self.balances[name, currency][0], cross)
            for held in mine:
                if held.mode is MarginMode.ISOLATED:
                    contract = self.contracts[held.id.symbol]
                    yield Pool(MarginMode.ISOLATED, held.margin, (Holding(held, contract),))


def inside(band: Band, price: Decimal) -> bool:
    return (band.low is None or band.low < price) and (band.high is None or price < band.high)


TestTheExchange = TheExchange.TestCase
TestTheExchange.settings = settings(stateful_step_count=50, max_examples=120)
