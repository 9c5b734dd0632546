"""Our words for Bybit, OKX and XT, and what is simulated there, each written from the documents."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.types import ClientId, OrderKind, Position, PositionId, PositionMode, Side
from bot.simulator import Wire, World
from bot.simulator.venues import WIRES
from bot.venues.live.dialect import Dialect
from bot.venues.live.dialects import bybit, okx, xt
from bot.venues.live.starting import is_suspended
from bot.venues.live.terms import AccountState, Instrument, Listing
from bot.venues.live.wire import Request
from bot.venues.paper.model import PaperAccount
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ALICES_KEY, a_holding
from tests.simulator.loopback import play, trading
from tests.simulator.test_bybit import a_bybit
from tests.simulator.test_okx import an_okx
from tests.simulator.test_xt import an_xt

D = Decimal
LONG = PositionId(ALICE, BTC, Side.LONG)
OTHERS = pytest.mark.parametrize(
    ("dialect", "make", "mode"),
    [
        (bybit.DIALECT, a_bybit, PositionMode.ONE_WAY),
        (okx.DIALECT, an_okx, PositionMode.ONE_WAY),
        (xt.DIALECT, an_xt, PositionMode.HEDGE),
    ],
    ids=["bybit", "okx", "xt"],
)


class Bridge:
    """Carries a dialect's requests over the real client, signed by it."""

    def __init__(self, client: Any, dialect: Dialect) -> None:
        self._client = client
        self._dialect = dialect
        self.listing = Listing(())

    async def ask(self, request: Request) -> Any:
        """The payload, an error's too."""
        api = list(request.api) if isinstance(request.api, tuple) else request.api
        try:
            return await self._client.request(request.path, api, request.method, request.outgoing())
        except Exception as error:  # noqa: BLE001 - the client's classes prove nothing, the body does
            return self._client.parse_json(str(error).partition(" ")[2])

    async def ask_all(self, requests: Sequence[Request]) -> list[Any]:
        return [await self.ask(request) for request in requests]

    async def load(self) -> Instrument:
        markets = list(self._client.markets.values())
        tiers = await self.ask_all(self._dialect.contracts.tier_requests(markets))
        self.listing = self._dialect.contracts.listing(markets, tiers)
        return self.listing.by_symbol[BTC]

    async def account(self) -> AccountState:
        reading = self._dialect.reading
        requests = reading.account_requests(self.listing)
        answers = {name: await self.ask(request) for name, request in requests.items()}
        return reading.account(ALICE, answers, self.listing)

    async def carry_out(self, *requests: Request) -> None:
        for request in requests:
            answer = await self.ask(request)
            assert self._dialect.answers.code(200, answer) is None, answer
            assert self._dialect.answers.proves(request, answer), answer

    async def outcome(self, instrument: Instrument, name: str, *, conditional: bool) -> Any:
        reading, client_id = self._dialect.reading, ClientId(name)
        requests = reading.order_requests(instrument, client_id, conditional=conditional)
        return reading.order(instrument, client_id, await self.ask_all(requests))


def a_wire(dialect: Dialect, world: World) -> Wire:
    return WIRES[dialect.traits.ccxt_id](world)


def the_same(world: World) -> Position:
    """The position as the exchange has it; since when, no exchange says of all."""
    return replace(world.view(ALICE).positions[LONG], opened_ms=0)


Make = Callable[[], World]


@OTHERS
def test_every_lever_shows_on_the_books_of_the_exchange(
    dialect: Dialect, make: Make, mode: PositionMode, certificates: Path
) -> None:
    world = make()
    world.open(a_holding(quantity="2"))

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            bridge = Bridge(client, dialect)
            btc, act = await bridge.load(), dialect.acting(mode)
            ours, theirs = world.contracts[BTC], btc.contract
            for what in ("tick", "lot", "contract_size", "expiry_ms", "max_leverage", "settlement"):
                assert getattr(theirs, what) == getattr(ours, what), what
            (held,) = (await bridge.account()).positions
            assert replace(held, opened_ms=0) == the_same(world)
            await bridge.carry_out(
                act.add_margin(held, btc, D("525.5")),
                act.add_margin(held, btc, D("-125.5")),
                act.place_stop(held, btc, D(48000), ClientId("hf-1-1")),
                act.place_take_profit(held, btc, D(53000), D(1), ClientId("hf-1-2")),
                act.reduce(held, btc, D("0.5"), ClientId("hf-1-3")),
                act.reduce(held, btc, D("0.5"), ClientId("hf-1-4"), D(49900)),
            )
            state = await bridge.account()
            assert state.flaws == ()
            assert [replace(p, opened_ms=0) for p in state.positions] == [the_same(world)]
            assert {o.client_id: (o.kind, o.trigger, o.reduces) for o in state.orders} == {
                "hf-1-1": (OrderKind.STOP_MARKET, D(48000), True),
                "hf-1-2": (OrderKind.TAKE_PROFIT_MARKET, D(53000), True),
            }
            (balance,) = [each for each in state.balances if each.currency == "USDT"]
            assert balance.wallet == world.view(ALICE).wallets["USDT"]
            profit = next(o for o in state.orders if o.client_id == "hf-1-2")
            cancelling = (
                act.cancel(btc, profit)
                if dialect.cancel_by_id is None
                else dialect.cancel_by_id(btc, profit, state.venue_ids[profit.client_id])
            )
            await bridge.carry_out(cancelling)
            assert [o.client_id for o in (await bridge.account()).orders] == ["hf-1-1"]

    play(scene)


@OTHERS
def test_what_became_of_an_order_is_found(
    dialect: Dialect, make: Make, mode: PositionMode, certificates: Path
) -> None:
    world = make()
    world.open(a_holding(quantity="2"))

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            bridge = Bridge(client, dialect)
            btc, act = await bridge.load(), dialect.acting(mode)
            (held,) = (await bridge.account()).positions
            await bridge.carry_out(
                act.place_stop(held, btc, D(48000), ClientId("hf-1-1")),
                act.reduce(held, btc, D("0.5"), ClientId("hf-1-2")),
            )
            sold = await bridge.outcome(btc, "hf-1-2", conditional=False)
            assert not sold.open
            assert [(f.quantity, f.price, f.fee) for f in sold.fills] == [(D("0.5"), D(50000), D("12.5"))]
            assert (await bridge.outcome(btc, "hf-1-1", conditional=True)).open
            world.move(BTC, D(47900))
            stopped = await bridge.outcome(btc, "hf-1-1", conditional=True)
            assert (stopped.open, [fill.quantity for fill in stopped.fills]) == (False, [D("1.5")])
            assert await bridge.outcome(btc, "hf-9-9", conditional=True) is None
            assert await bridge.outcome(btc, "hf-9-9", conditional=False) is None
            assert (await bridge.account()).positions == ()

    play(scene)


@OTHERS
def test_account_key_market_and_clock_are_read(
    dialect: Dialect, make: Make, mode: PositionMode, certificates: Path
) -> None:
    world = make()

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            bridge, reading = Bridge(client, dialect), dialect.reading
            btc = await bridge.load()
            setup = reading.setup(await bridge.ask_all(reading.setup_requests()))
            assert (setup.position_mode, setup.refuse) == (mode, ())
            asked = reading.rights_request()
            if asked is not None:
                rights = reading.rights(await bridge.ask(asked))
                assert (rights.trade, rights.withdraw, rights.ip_restricted) == (True, False, True)
            prices = reading.market(await bridge.ask_all(reading.market_requests([btc])), bridge.listing)
            assert {type(fact).__name__ for fact in prices if fact.symbol == BTC} == {
                "MarkPrice",
                "FundingRate",
            }
            world.move(BTC, D(50100))
            world.clock.skew_ms = 120_000
            bars = await bridge.ask(reading.bars_request(btc, 60_000, 5))
            assert reading.bars(btc, 60_000, bars, world.clock.now_ms())[-1].close == D(50100)
            clock = await bridge.ask(reading.time_request())
            assert reading.time_ms(clock) == world.clock.now_ms()

    play(scene)


@OTHERS
def test_funding_that_was_paid_and_open_interest_are_read(
    dialect: Dialect, make: Make, mode: PositionMode, certificates: Path
) -> None:
    world = make()
    world.open(a_holding(quantity="2"))

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            bridge = Bridge(client, dialect)
            btc, beside = await bridge.load(), dialect.beside
            since_ms = world.clock.now_ms() - 60_000
            requests = beside.payment_requests([btc], since_ms)
            assert beside.payments(await bridge.ask_all(requests), bridge.listing) == []
            world.settle_funding(BTC)
            (paid,) = beside.payments(await bridge.ask_all(requests), bridge.listing)
            (booked,) = world.view(ALICE).income
            assert (paid.symbol, paid.amount, paid.at_ms) == (BTC, booked.amount, booked.at_ms)
            assert paid.amount < 0
            assert paid.side in (None, Side.LONG)
            answers = await bridge.ask_all(beside.interest_requests([btc]))
            told = beside.interest(answers, bridge.listing, world.clock.now_ms())
            assert [(i.symbol, i.quantity) for i in told if i.symbol == BTC] == [
                (BTC, world.market[BTC].open_interest)
            ]

    play(scene)


@OTHERS
def test_coins_held_outright_are_read(
    dialect: Dialect, make: Callable[..., World], mode: PositionMode, certificates: Path
) -> None:
    # In the unified accounts of Bybit and OKX they lie in the wallet, and XT keeps them apart.
    coins = {"BTC": D("0.5")}
    alice = PaperAccount(name=ALICE, balance=D(100_000), position_mode=mode)
    apart = mode is PositionMode.HEDGE
    world = make(accounts=(replace(alice, spot=coins) if apart else replace(alice, others=coins),))

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            bridge, beside = Bridge(client, dialect), dialect.beside
            found = beside.spot(await bridge.ask_all(beside.spot_requests()))
            assert {asset: held for asset, held in found.items() if asset != "USDT"} == coins

    play(scene)


@OTHERS
def test_a_market_that_is_suspended_is_known_by_the_list_of_markets(
    dialect: Dialect, make: Make, mode: PositionMode, certificates: Path
) -> None:
    world = make()

    async def scene() -> None:
        async with trading(world, a_wire(dialect, world), ALICES_KEY, certificates) as (client, _):
            assert not is_suspended(client.markets[BTC])
            world.market[BTC].halted = True
            markets = await client.load_markets(True)
            assert [symbol for symbol, market in markets.items() if is_suspended(market)] == [BTC]

    play(scene)
