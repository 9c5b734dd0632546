"""The control endpoint: faults to order, prices to move, keys to revoke. Plain JSON, on loopback only.

``POST /faults`` with the fields of ``Fault`` orders one, ``GET /faults`` lists them, ``DELETE /faults[?id=]``
takes one or all back. ``POST /market`` moves, crashes, halts or settles; ``POST /account`` revokes a key or
ends its private sessions; ``POST /clock`` sets how far the exchange's clock is off; ``POST /outage`` lets
nothing through for a time. ``GET /state`` shows what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.types import Side, Symbol
from bot.simulator.faults import Fault, FaultKind
from bot.simulator.standing import marks_of
from bot.simulator.wire import Answer, Call, Wire
from bot.simulator.world import World
from bot.venues.paper import PaperError


class Control:
    """Carries out what the person at the controls wants."""

    def __init__(self, world: World, wires: Sequence[Wire]) -> None:
        self._world = world
        self._wires = wires
        self._routes: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
            ("GET", "/state"): self._state,
            ("GET", "/faults"): lambda _: [asdict(fault) for fault in world.faults.waiting()],
            ("POST", "/faults"): self._order,
            ("DELETE", "/faults"): self._clear,
            ("POST", "/market"): self._market,
            ("POST", "/account"): self._account,
            ("POST", "/clock"): self._clock,
            ("POST", "/outage"): self._outage,
        }

    def answer(self, call: Call) -> Answer:
        """Do it, or say in one line what is wrong with it."""
        route = self._routes.get((call.method, call.path))
        if route is None:
            known = ", ".join(f"{method} {path}" for method, path in self._routes)
            return Answer.of({"error": f"no {call.method} {call.path}; there are {known}"}, status=404)
        given = call.data if call.body else call.params
        if not isinstance(given, dict):
            return Answer.of({"error": "expected one JSON object"}, status=400)
        try:
            return Answer.of(route(given))
        except (ValueError, TypeError, InvalidOperation, PaperError) as error:
            return Answer.of({"error": str(error) or type(error).__name__}, status=400)
        except KeyError as error:
            return Answer.of({"error": f"{error} is missing or unknown"}, status=400)

    def _state(self, _: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        world = self._world
        return {
            "now_ms": world.clock.now_ms(),
            "skew_ms": world.clock.skew_ms,
            "venues": [wire.name for wire in self._wires],
            "faults": len(world.faults.waiting()),
            "marks": {symbol: str(mark) for symbol, mark in marks_of(world).items()},
            "accounts": {account: self._shown(account) for account in world.accounts},
        }

    def _shown(self, account: Any) -> Any:  # noqa: ANN401 - JSON
        view = self._world.view(account)
        return {
            "wallets": {currency: str(amount) for currency, amount in view.wallets.items()},
            "positions": {
                f"{id_.symbol}/{id_.side}": {
                    "mode": p.mode,
                    "quantity": str(p.quantity),
                    "entry": str(p.entry),
                    "leverage": str(p.leverage),
                    "margin": str(p.margin),
                }
                for id_, p in view.positions.items()
            },
            "orders": [
                {
                    "id": o.order_id,
                    "client_id": o.client_id,
                    "position": f"{o.id.symbol}/{o.id.side}",
                    "kind": o.kind,
                    "quantity": str(o.quantity),
                    "trigger": None if o.trigger is None else str(o.trigger),
                }
                for o in view.open_orders
            ],
        }

    def _order(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        known = {field.name for field in fields(Fault)} - {"fault_id"}
        unknown = set(given) - known
        if unknown:
            raise ValueError(f"unknown {', '.join(sorted(unknown))}; a fault has {', '.join(sorted(known))}")
        fault = Fault(**{**given, "kind": FaultKind(given["kind"])})
        return {"id": self._world.faults.order(fault)}

    def _clear(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self._world.faults.clear(int(given["id"]) if "id" in given else None)
        return {"faults": len(self._world.faults.waiting())}

    def _market(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """``mark`` (and ``last``) is where to; ``by`` a fraction of where it is; ``gap`` jumps there.

        ``rate`` is the funding rate and ``settle`` settles it, ``deleverage`` a quantity of ``side``,
        ``deliver`` the price an expired contract is settled at; ``halted`` stops the trading.
        """
        symbol = Symbol(given["symbol"])
        ticker = self._world.market[symbol]
        if "rate" in given:
            ticker.funding_rate = Decimal(str(given["rate"]))
        if given.get("settle"):
            self._world.settle_funding(symbol)
        if "halted" in given:
            ticker.halted = bool(given["halted"])
        if "mark" in given or "by" in given:
            contract = ticker.contract
            mark = Decimal(str(given.get("mark", ticker.mark)))
            mark = contract.price_down(mark * (1 + Decimal(str(given.get("by", 0)))))
            last = Decimal(str(given.get("last", mark)))
            self._world.move(symbol, mark, last, gap=bool(given.get("gap", False)))
        if "deleverage" in given:
            quantity = Decimal(str(given["deleverage"]))
            self._world.deleverage(symbol, Side(given["side"]), quantity)
        if "deliver" in given:
            self._world.deliver(symbol, Decimal(str(given["deliver"])))
        return {"symbol": symbol, "mark": str(ticker.mark), "last": str(ticker.last)}

    def _account(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        done: dict[str, Any] = {}
        if "revoke" in given or "restore" in given:
            key = str(given.get("revoke") or given["restore"])
            self._world.keys.revoke(key, revoked="revoke" in given)
            done["revoked" if "revoke" in given else "restored"] = key
        if "expire_sessions" in given:
            account = str(given["expire_sessions"])
            done["expired"] = sum(wire.expire_sessions(account) for wire in self._wires)
        return done

    def _clock(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self._world.clock.skew_ms = int(given["skew_ms"])
        return {"now_ms": self._world.clock.now_ms()}

    def _outage(self, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Every request is answered ``status`` and every stream is mute, until the faults are cleared."""
        status = int(given.get("status", 503))
        faults = self._world.faults
        ids = [
            faults.order(Fault(kind=FaultKind.ERROR_BEFORE, status=status, count=None)),
            faults.order(Fault(kind=FaultKind.REFUSE, status=status, count=None)),
            faults.order(Fault(kind=FaultKind.MUTE, count=None)),
        ]
        return {"ids": ids}
