"""A market that falls in steps, the bot on it, and what both sides wrote down."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.core.facts import MET
from bot.core.types import OrderKind, PositionId, Side, Symbol
from bot.simulator import OrderRecord, OrderTerms, World
from bot.simulator.standing import standing
from tests.building.contracts import BTC
from tests.building.exchange import Exchange
from tests.building.simulator import ALICE, BOB
from tests.building.venues import SOL, Venue, a_quarterly, machine_ms

D = Decimal
LONG = f"{BTC}/long"
ACCOUNT = """\
[accounts.{name}]
venue = "{venue}"
position_mode = "{mode}"
keys = {{ api_key = "env:{key}S_KEY", secret = "env:{key}S_SECRET"{word} }}
loopback = {{ port = {port}, ca_file = "{ca_file}" }}

"""
RULES = """\
[limits]
cooldown = "1s"
margin_per_day = 5000

[[rules]]
use = "atr_stop"
symbols = ["ETH/USDT:USDT"]
params = { multiple = 3, timeframe = "1m", length = 14, step = 1 }

[[rules]]
use = "top_up"
symbols = ["BTC/USDT:USDT"]
params = { below = 0.07, restore_to = 0.12, max_times = 1 }

[[rules]]
use = "cut_leverage"
symbols = ["BTC/USDT:USDT"]
params = { below = 0.06, leverage = 5, max_times = 1 }

[[rules]]
use = "partial_close"
symbols = ["BTC/USDT:USDT", "SOL/USDT:USDT"]
params = { below = 0.05, restore_to = 0.10, max_times = 1 }
"""
HEDGE = """
[[rules]]
use = "quarterly_hedge"
symbols = ["BTC/USDT:USDT"]
params = { below = 0.085, calm = 0.30, ratio = 0.5, leverage = 5 }
"""
TOLERANCE = D("0.002")
"""Of the mark: how far the seatbelt lets its stop stand from where it belongs."""
BY_HAND = "web"
"""What the client ids of orders begin with that a person places on the exchange's site."""


def configured(venue: Venue, exchange: Exchange, folder: Path, *, hedge: bool) -> Path:
    """A configuration with every lever for the accounts that hold something there."""
    names = {"main": "ALICE"} if venue.both_modes else {"main": "ALICE", "other": "BOB"}
    text = 'mode = "live"\n\n'
    for name, key in names.items():
        word = f', passphrase = "env:{key}S_WORD"' if venue.name == "okx" else ""
        text += ACCOUNT.format(
            name=name,
            venue=venue.name,
            mode=venue.mode,
            key=key,
            word=word,
            port=exchange.port,
            ca_file=exchange.ca_file,
        )
    path = folder / "bot.toml"
    path.write_text(text + RULES + (HEDGE if hedge else ""))
    return path


@dataclass(slots=True)
class Crash:
    """The exchange, and what a person did there by hand."""

    venue: Venue
    exchange: Exchange
    hands: set[str] = field(default_factory=set)
    moved_by_hand: list[Decimal] = field(default_factory=list)

    @property
    def dated(self) -> Symbol:
        """The quarterly."""
        return next((s for s in self.exchange.world.contracts if "-" in s), Symbol(""))

    def fall(self, price: str, symbol: Symbol = BTC) -> None:
        """The mark goes there; the quarterly of BTC stands where BTC stands."""
        if symbol == BTC and self.venue.quarterlies:
            self.exchange.mark(price, a_quarterly(machine_ms())[0])
        self.exchange.mark(price, symbol)

    def guarded(self, symbol: Symbol = BTC, *, unlike: Any = None) -> Any:
        """The books once one stop of ours rests that closes all of the position, and stands in its place.

        ``unlike`` are books with a stop that has to go first: the new one is of the position's very size.
        """
        account = self.holder(symbol)
        past = {stop["id"] for stop in self.stops(unlike, symbol)} if unlike is not None else set()

        def holds(books: Any) -> bool:
            stops, held = self.stops(books, symbol), books["positions"].get(f"{symbol}/long")
            if len(stops) != 1 or held is None or stops[0]["id"] in past:
                return False
            trigger = D(stops[0]["trigger"])
            size, wanted = D(stops[0]["quantity"]), D(held["quantity"])
            fits = size >= wanted if unlike is None else size == wanted
            return fits and self.protects(symbol, trigger)

        return self.exchange.until(holds, account=account)

    def protects(self, symbol: Symbol, trigger: Decimal) -> bool:
        """Whether a stop there stands between mark and liquidation, as the exchange sees them."""
        mark, liquidation = self._seen(symbol)
        return liquidation < trigger < mark

    def settled(self, symbol: Symbol) -> bool:
        """Whether the one stop is so near to 1 % above liquidation that nobody would move it."""
        stops = self.stops(self.exchange.books(self.holder(symbol)), symbol)
        mark, liquidation = self._seen(symbol)
        best = liquidation * D("1.01")
        return len(stops) == 1 and abs(D(stops[0]["trigger"]) - best) < mark * TOLERANCE

    def _seen(self, symbol: Symbol) -> tuple[Decimal, Decimal]:
        """Mark and liquidation price as the exchange has them."""
        world, id_ = self.exchange.world, self.id_of(symbol)
        view = world.view(id_.account)
        figures = standing(world, view, view.positions[id_])
        assert figures.liquidation is not None
        return figures.mark, figures.liquidation

    def stops(self, books: Any, symbol: Symbol = BTC) -> list[Any]:
        """The stops of ours on a position."""
        return [
            order
            for order in books["orders"]
            if order["kind"] == "stop_market"
            and order["position"] == f"{symbol}/long"
            and order["client_id"].startswith("hf")
        ]

    def triggers(self, books: Any, symbol: Symbol) -> list[Decimal]:
        """Where they stand."""
        return [D(stop["trigger"]) for stop in self.stops(books, symbol)]

    def holder(self, symbol: Symbol) -> str:
        """Whose position it is."""
        return str(self.id_of(symbol).account)

    def id_of(self, symbol: Symbol) -> PositionId:
        """The long in that symbol."""
        return PositionId(self.venue.crosser if symbol == SOL else ALICE, symbol, Side.LONG)

    # --- by hand -------------------------------------------------------------------------------------

    def place(self, kind: OrderKind, quantity: str, limit: str | None = None) -> None:
        """An order of the trader's own that closes some of BTC."""
        name = f"{BY_HAND}{len(self.hands) + 1}"
        self.hands.add(name)
        one_way = self.venue.mode == "one_way"
        terms = OrderTerms(
            client_id=name,
            id=self.id_of(BTC),
            kind=kind,
            quantity=D(quantity),
            reduces=True,
            reduce_only=one_way,
            limit=None if limit is None else D(limit),
        )
        placed = self.exchange.by_hand(lambda world: world.place(terms))
        assert isinstance(placed, OrderRecord), placed

    def cancel(self, order: Any) -> None:
        """The trader takes an order of ours away."""
        self.hands.add(_ours(order["client_id"]))
        self.exchange.by_hand(lambda world: world.cancel(ALICE, order["id"]))

    def add_margin(self, amount: str) -> None:
        """The trader puts margin into BTC."""
        self.moved_by_hand.append(D(amount))
        refused = self.exchange.by_hand(lambda world: world.move_margin(self.id_of(BTC), D(amount)))
        assert refused is None, refused


@dataclass(frozen=True, slots=True)
class Deed:
    """One change on the books of the exchange, or what explains one: the same where it does."""

    what: str
    which: str


def deeds_on_the_books(world: World) -> list[Deed]:
    """Every order that was placed, cancelled or met, and all margin that was moved, of both accounts."""
    found: list[Deed] = []
    for account in (ALICE, BOB):
        view = world.view(account)
        for order in view.orders.values():
            if order.parent is not None:
                continue
            name = _ours(order.client_id)
            found.append(Deed("placed", name))
            if order.status == "cancelled":
                found.append(Deed("cancelled", name))
            if order.status == "triggered":
                found.append(Deed("met", name))
        found += [_margin(move.id.symbol, move.amount) for move in view.margin_moves]
    return found


def explained_by(rows: list[Any]) -> list[Deed]:
    """What a journal accounts for: actions whose outcome was verified, and orders that were met."""
    done = {row["body"]["client_id"] for row in rows if row["kind"] == "Outcome" and verified(row["body"])}
    met = {row["body"]["client_id"] for row in rows if _is_met(row)}
    found = [Deed("met", name) for name in met]
    resting: dict[str, str] = {}
    for row in rows:
        body = row["body"]
        if row["kind"] != "Action" or body["client_id"] not in done:
            continue
        intent, name = body["intent"], body["client_id"]
        where = f"{intent['id']['account']}/{intent['id']['symbol']}"
        match intent["type"]:
            case "AddMargin":
                found.append(_margin(intent["id"]["symbol"], D(intent["amount"])))
            case "PlaceStop" | "MoveStop":
                found.append(Deed("placed", name))
                if intent["type"] == "MoveStop":
                    found.append(Deed("cancelled", resting[where]))
                resting[where] = name
            case "ReducePosition" | "OpenHedge":
                found.append(Deed("placed", name))
            case "CutLeverage":
                found.append(Deed("leverage", f"{intent['id']['symbol']} {intent['leverage']}"))
            case other:
                raise AssertionError(f"nobody expected {other}")
    return found


def _margin(symbol: str, amount: Decimal) -> Deed:
    return Deed("margin", f"{symbol} {amount.normalize():f}")


def verified(outcome: Any) -> bool:
    """Whether an outcome proves that an action was done; that an order was met later is another matter."""
    return bool(outcome["kind"] == "verified" and outcome["proof"] != MET)


def _is_met(row: Any) -> bool:
    return bool(row["kind"] == "Outcome" and row["body"]["proof"] == MET)


def _ours(client_id: str) -> str:
    """A client id as our journal has it: exchanges that take no hyphen have another letter in its place."""
    return re.sub(r"^hf[-_Z](\d+)[-_Z](\d+)$", r"hf-\1-\2", client_id)


def journal(holdfast: Any, config: Path, *kinds: str) -> list[Any]:
    """What the bot wrote down, as a person reads it."""
    asked = [word for kind in kinds for word in ("--kind", kind)]
    answer = holdfast("journal", "-c", config, "--json", "--limit", 200, *asked)
    rows: list[Any] = json.loads(answer.stdout)["rows"]
    return rows
