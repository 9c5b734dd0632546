"""A market that never rests: it asks for every lever again and again, whether the bot lives or not."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from bot.core.types import AccountName, MarginMode, OrderKind, PositionId, Side, Symbol
from bot.simulator import World
from bot.simulator.standing import standing
from bot.simulator.world import OrderTerms
from bot.venues.paper import Opening
from bot.venues.paper.model import PaperError
from tests.building.contracts import BTC
from tests.building.exchange import Exchange, running
from tests.building.simulator import ALICE, BOB, ETH
from tests.building.venues import BINANCE, BYBIT, SOL, Venue, a_market_in_danger, a_quarterly, machine_ms

D = Decimal
DRILLS = Path(__file__).parent / "rules"
HEAD = """\
mode = "live"

[accounts.main]
venue = "{venue}"
keys = {{ api_key = "env:ALICES_KEY", secret = "env:ALICES_SECRET" }}
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

[limits]
cooldown = "1s"
actions_per_hour = 10000
equal_actions = 10000
margin_per_day = 1000000

[watchdogs]
deaths_limit = 1000000
"""
RULE = """
[[rules]]
use = "{use}"
symbols = ["{symbol}"]
params = {{ {params} }}
"""
STOPS = ("atr_stop", ETH, 'multiple = 3, timeframe = "1m", length = 14, step = 1')
CUTS = ("cut_leverage", BTC, "below = 0.07, leverage = 5, max_times = 100")
OF_ALL = (
    STOPS,
    ("top_up", BTC, "below = 0.07, restore_to = 0.12, max_times = 100"),
    ("partial_close", SOL, "below = 0.05, restore_to = 0.10, max_times = 100"),
    (str(DRILLS / "take_back.py"), BTC, "above = 51500, below = 52500"),
    ("quarterly_hedge", BTC, "below = 0.085, calm = 0.16, ratio = 0.5, leverage = 5"),
    (str(DRILLS / "spare_stop.py"), SOL, "above = 101, below = 103"),
    (str(DRILLS / "cancel_spare.py"), SOL, "above = 104, below = 106"),
    (str(DRILLS / "take_profit.py"), SOL, "above = 107, below = 109"),
)
"""The rules at Binance, by what each asks for. Leverage cannot be cut there while margin is isolated."""
RULES = {BINANCE.name: OF_ALL, BYBIT.name: (STOPS, CUTS)}
HELD = {
    BTC: (D("0.2"), MarginMode.ISOLATED),
    ETH: (D(2), MarginMode.ISOLATED),
    SOL: (D(1000), MarginMode.CROSS),
}
LEVERAGE = D(10)
CALM = {BTC: 50_000, ETH: 2_000, SOL: 100}
STIR_S = 0.3
"""Between two deeds of the hand, on average."""
MARGIN = D(1000)
"""What the hand leaves behind the position in BTC."""


@dataclass(slots=True)
class Hand:
    """Whoever trades there by hand, and the market itself: both ask the bot to act."""

    exchange: Exchange
    chance: random.Random
    margin_moves: list[tuple[Symbol, Decimal]] = field(default_factory=list)
    """Margin that was moved by hand."""
    orders: int = 0
    is_quiet: Callable[[], bool] = lambda: False
    """Whether nothing of the bot is on its way. Margin is proven by its change, so while an addition is open
    nobody else may change it: an exchange that tells nothing else leaves a bot no other proof."""

    def stir(self) -> None:
        """Do one thing."""
        deeds = (self.fall, self.slip, self.take_margin, self.take_margin, self.trade, self.shake)
        self.chance.choice(deeds)()

    def fall(self) -> None:
        """BTC falls until margin is asked for, now and then to a new price."""
        self.move(BTC, D(self.chance.randrange(48_300, 48_700)))

    def slip(self) -> None:
        """BTC falls so far that a hedge is wanted, and no margin yet."""
        self.move(BTC, D(self.chance.randrange(48_900, 49_300)))

    def shake(self) -> None:
        """ETH and SOL move: a stop follows, a part is closed."""
        self.move(ETH, D(self.chance.randrange(1_970, 2_030)))
        self.sink()

    def sink(self) -> None:
        """SOL falls so near to its liquidation that a part has to be closed."""
        beyond = D(self.chance.randrange(30, 48)) / 1000

        def fall(world: World) -> None:
            view, id_ = world.view(ALICE), PositionId(ALICE, SOL, Side.LONG)
            held = view.positions.get(id_)
            liquidation = standing(world, view, held).liquidation if held is not None else None
            if liquidation is not None:
                world.move(SOL, (liquidation * (1 + beyond)).quantize(D("0.01")))

        self.exchange.by_hand(fall)

    def calm(self) -> None:
        """Prices are as they were."""
        for symbol, price in CALM.items():
            self.move(symbol, D(price))

    def take_margin(self) -> None:
        """BTC recovers, and its holder takes out what the bot has put in."""
        if self._all_is_quiet():
            self.relieve()

    def relieve(self) -> None:
        """The same, whatever the bot is at."""
        self.calm()

        def take(world: World) -> None:
            id_ = PositionId(ALICE, BTC, Side.LONG)
            held = world.view(ALICE).positions.get(id_)
            over = D(0) if held is None else held.margin - MARGIN * held.quantity / HELD[BTC][0]
            if over >= 1 and world.move_margin(id_, -over) is None:
                self.margin_moves.append((BTC, -over))

        self.exchange.by_hand(take)

    def trade(self) -> None:
        """Positions are made smaller, or as large as they were."""
        if self._all_is_quiet():
            self.chance.choice((self.halve, self.refill))()

    def halve(self) -> None:
        """Half of BTC is closed by hand."""

        def close(world: World) -> None:
            id_ = PositionId(ALICE, BTC, Side.LONG)
            held = world.view(ALICE).positions.get(id_)
            half = D(0) if held is None else held.quantity / 2
            self._order(world, id_, half - half % D("0.001"), reduces=True)

        self.exchange.by_hand(close)

    def refill(self) -> None:
        """What was closed is opened again, as far as there is money left."""

        def open_again(world: World) -> None:
            for symbol, (wanted, mode) in HELD.items():
                id_ = PositionId(ALICE, symbol, Side.LONG)
                held = world.view(ALICE).positions.get(id_)
                if held is None:
                    with suppress(PaperError):
                        world.open(Opening(id=id_, quantity=wanted, leverage=LEVERAGE, mode=mode))
                elif held.quantity < wanted:
                    self._order(world, id_, wanted - held.quantity, reduces=False)

        self.exchange.by_hand(open_again)

    def _all_is_quiet(self) -> bool:
        """Prices as they were give the bot no reason to act; then it is asked, a moment later."""
        self.calm()
        time.sleep(STIR_S)
        return self.is_quiet()

    def move(self, symbol: Symbol, price: Decimal) -> None:
        """The mark goes there; a quarterly stands where BTC stands."""

        def go(world: World) -> None:
            if symbol == BTC:
                world.move(a_quarterly(machine_ms())[0], price)
            world.move(symbol, price)

        self.exchange.by_hand(go)

    def _order(self, world: World, id_: PositionId, quantity: Decimal, *, reduces: bool) -> None:
        if not quantity:
            return
        self.orders += 1
        world.place(
            OrderTerms(
                client_id=f"web{self.orders}",
                id=id_,
                kind=OrderKind.MARKET,
                quantity=quantity,
                reduces=reduces,
                reduce_only=reduces,
            )
        )


@contextmanager
def stirring(hand: Hand) -> Iterator[None]:
    """The hand is at work while the block runs; what went wrong with it counts."""
    over = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not over.wait(hand.chance.uniform(0, 2 * STIR_S)):
                hand.stir()
        except BaseException as error:  # noqa: BLE001  # it is raised where the test is
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


@contextmanager
def a_scene(folder: Path, seed: int, venue: Venue = BINANCE) -> Iterator[tuple[Hand, Path]]:
    """An exchange that runs, a hand on it, and the configuration of a bot in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(a_market_in_danger(venue), folder / "exchange", venue.name) as exchange:
        text = HEAD.format(venue=venue.name, port=exchange.port, ca_file=exchange.ca_file)
        for use, symbol, params in RULES[venue.name]:
            text += RULE.format(use=use, symbol=symbol, params=params)
        config = folder / "bot.toml"
        config.write_text(text)
        yield Hand(exchange, random.Random(seed)), config


def accounts() -> tuple[AccountName, ...]:
    """Whose books there are."""
    return ALICE, BOB
