"""Binance's dialect and the simulated Binance, each written from the documents, understand each other."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.core.intents import OpenHedge
from bot.core.types import ClientId, OrderKind, PositionId, PositionMode, Side
from bot.venues.live.dialects.binanceusdm import DIALECT
from bot.venues.live.terms import AccountState, Listing
from bot.venues.live.wire import Request
from bot.venues.paper.model import PaperAccount
from tests.building.contracts import BTC
from tests.building.simulator import ALICE, ALICES_KEY, a_holding, a_world
from tests.simulator.binance_desk import QUARTERLY, run, served, with_quarterly
from tests.simulator.client import a_client
from tests.simulator.test_binance_ccxt import machine_ms

D = Decimal
LONG, HEDGE = PositionId(ALICE, BTC, Side.LONG), PositionId(ALICE, QUARTERLY, Side.SHORT)


class Bridge:
    """Carries the dialect's requests over the real client, signed by it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.listing = Listing(())

    async def ask(self, request: Request) -> Any:
        """The payload, an error's too."""
        try:
            return await self._client.request(request.path, request.api, request.method, dict(request.params))
        except Exception as error:  # noqa: BLE001 - the client's classes prove nothing, the body does
            return self._client.parse_json(str(error).partition(" ")[2])

    async def ask_all(self, requests: Sequence[Request]) -> list[Any]:
        return [await self.ask(request) for request in requests]

    async def load(self) -> None:
        markets = list((await self._client.load_markets()).values())
        brackets = await self.ask_all(DIALECT.contracts.tier_requests(markets))
        self.listing = DIALECT.contracts.listing(markets, brackets)

    async def account(self) -> AccountState:
        requests = DIALECT.reading.account_requests(self.listing)
        answers = {name: await self.ask(request) for name, request in requests.items()}
        return DIALECT.reading.account(ALICE, answers, self.listing)


def test_every_lever_shows_on_the_books_of_the_exchange(certificates: Path) -> None:
    async def main() -> None:
        world = with_quarterly(machine_ms)
        world.open(a_holding(quantity="2"))
        async with (
            served(world, certificates) as server,
            a_client("binanceusdm", server.port, server.ca_file, ALICES_KEY) as client,
        ):
            bridge = Bridge(client)
            await bridge.load()
            assert {s: c.contract.expiry_ms for s, c in bridge.listing.by_symbol.items()} == {
                symbol: contract.expiry_ms for symbol, contract in world.contracts.items()
            }
            instrument, act = bridge.listing.by_symbol[BTC], DIALECT.acting(PositionMode.ONE_WAY)
            (held,) = (await bridge.account()).positions
            assert (held.id, held.quantity, held.margin) == (LONG, D(2), D(20))
            levers = [
                act.add_margin(held, instrument, D("5.25")),
                act.add_margin(held, instrument, D("-1.25")),
                act.place_stop(held, instrument, D(95), ClientId("hf-1-1")),
                act.place_take_profit(held, instrument, D(110), D(1), ClientId("hf-1-2")),
                act.reduce(held, instrument, D("0.5"), ClientId("hf-1-3")),
                act.reduce(held, instrument, D("0.5"), ClientId("hf-1-4"), D("99.5")),
            ]
            for request in levers:
                answer = await bridge.ask(request)
                assert DIALECT.answers.code(200, answer) is None
                assert DIALECT.answers.proves(request, answer)
            hedge = OpenHedge(id=LONG, symbol=QUARTERLY, quantity=D(1), leverage=D(5), limit=D(99))
            dated = bridge.listing.by_symbol[QUARTERLY]
            answers = await bridge.ask_all(act.open_hedge(hedge, held, dated, ClientId("hf-1-5")))
            assert [DIALECT.answers.code(200, answer) for answer in answers] == ["-4046", None, None]
            cut = await bridge.ask_all(act.set_leverage(held, instrument, D(5)))
            assert [DIALECT.answers.code(400, answer) for answer in cut] == ["-4161"]
            state = await bridge.account()
            assert state.flaws == ()
            # 20 + 5.25 - 1.25 of margin, half of which went with half of the position.
            assert {p.id: (p.quantity, p.margin) for p in state.positions} == {
                LONG: (D(1), D(12)),
                HEDGE: (D(1), D(20)),
            }
            assert {o.client_id: (o.kind, o.trigger) for o in state.orders} == {
                "hf-1-1": (OrderKind.STOP_MARKET, D(95)),
                "hf-1-2": (OrderKind.TAKE_PROFIT_MARKET, D(110)),
            }
            profit = next(o for o in state.orders if o.client_id == "hf-1-2")
            await bridge.ask(act.cancel(instrument, profit))
            assert [o.client_id for o in world.view(ALICE).open_orders] == ["hf-1-1"]
            requests = DIALECT.reading.order_requests(instrument, ClientId("hf-1-3"), conditional=False)
            found = DIALECT.reading.order(instrument, ClientId("hf-1-3"), await bridge.ask_all(requests))
            assert found is not None
            assert [(f.quantity, f.price, f.fee) for f in found.fills] == [(D("0.5"), D(100), D("0.025"))]
            requests = DIALECT.reading.order_requests(instrument, ClientId("hf-9-9"), conditional=True)
            nobody = await bridge.ask_all(requests)
            assert DIALECT.reading.order(instrument, ClientId("hf-9-9"), nobody) is None

    run(main)


def test_coins_held_outright_are_read_on_the_spot_host(certificates: Path) -> None:
    async def main() -> None:
        coins = {"BTC": D("0.5"), "ETH": D(2)}
        alice = PaperAccount(name=ALICE, balance=D(10_000), spot=coins)
        world = a_world(hands=machine_ms, accounts=(alice,))
        async with (
            served(world, certificates) as server,
            a_client("binanceusdm", server.port, server.ca_file, ALICES_KEY) as client,
        ):
            beside = DIALECT.beside
            assert beside.spot(await Bridge(client).ask_all(beside.spot_requests())) == coins

    run(main)


def test_funding_that_was_paid_and_open_interest_are_read(certificates: Path) -> None:
    async def main() -> None:
        world = with_quarterly(machine_ms)
        world.open(a_holding(quantity="2"))
        async with (
            served(world, certificates) as server,
            a_client("binanceusdm", server.port, server.ca_file, ALICES_KEY) as client,
        ):
            bridge = Bridge(client)
            await bridge.load()
            btc, beside = bridge.listing.by_symbol[BTC], DIALECT.beside
            requests = beside.payment_requests([btc], world.clock.now_ms() - 60_000)
            assert beside.payments(await bridge.ask_all(requests), bridge.listing) == []
            world.settle_funding(BTC)
            (paid,) = beside.payments(await bridge.ask_all(requests), bridge.listing)
            (booked,) = world.view(ALICE).income
            assert (paid.symbol, paid.amount, paid.at_ms) == (BTC, booked.amount, booked.at_ms)
            assert paid.amount < 0
            answers = await bridge.ask_all(beside.interest_requests([btc]))
            (told,) = beside.interest(answers, bridge.listing, world.clock.now_ms())
            assert (told.symbol, told.quantity) == (BTC, world.market[BTC].open_interest)

    run(main)
