"""The way to the exchange and back: latency, and every fault that can befall a request on it.

A request that has left is on its way whatever becomes of the program that sent it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from random import Random

from bot.core.types import AccountName, PositionId, Side
from bot.simulator import Call, World
from bot.simulator.binance import BinanceWire
from bot.simulator.faults import AFTER, BEFORE, Fault, FaultKind
from bot.simulator.server import HTML
from bot.simulator.wire import Answer
from bot.venues.live.wire import Reply
from tests.faults.evidence import Asked, Cause, Who
from tests.faults.ledger import Ledger, writes
from tests.faults.passing import Time

TRUTH = "truth"
_LOST = Reply(sent=True, error="ServerDisconnectedError")
Deliver = Callable[[Reply], bool]
"""Hands a reply on; whether anybody still waited for it."""


@dataclass(slots=True)
class Exchange:
    """The simulated Binance USD-M with the roads that lead to it."""

    time: Time
    world: World
    wire: BinanceWire
    ledger: Ledger
    random: Random
    latency_ms: tuple[int, int] = (5, 60)
    unreachable: bool = False
    """No connection can be made at all."""
    named: dict[int, str] = field(default_factory=dict)
    """What a fault that was ordered is called, by its id."""
    rewritten: dict[int, Callable[[str], str]] = field(default_factory=dict)
    """What becomes of a frame that a fault replaces, by the fault's id, where it is not its body."""
    lines: count[int] = field(default_factory=count)
    """Numbers for the lines of streams."""
    committed: Callable[[], int] = lambda: 0
    """The sequence number of the last row that is safe on the bot's disk."""
    restless: Callable[[Asked], None] = lambda _: None
    """Told of each request as it arrives."""

    def order(self, name: str, fault: Fault) -> int:
        """Let a fault wait for its request or message; the ledger has it under ``name`` once it acted."""
        number = self.world.faults.order(fault)
        self.named[number] = name
        return number

    def replaced(self, fault: Fault, text: str) -> str:
        """What a frame becomes that a fault replaces."""
        rewrite = self.rewritten.get(fault.fault_id)
        return fault.body if rewrite is None else rewrite(text)

    def acted(self, fault: Fault, request: int | None = None) -> None:
        """A fault that was waited for has come to pass. One that lasts is in the ledger already."""
        name = self.named.get(fault.fault_id)
        if name is not None:
            self.ledger.injected(name, str(fault.kind), request=request)

    def way_ms(self) -> float:
        """How long one way takes."""
        low, high = self.latency_ms
        return (
            low + (high - low) * self.random.random()
        )  # As ``uniform`` does, which is asked at every frame.

    def ask(self, epoch: int, account: AccountName, call: Call, deliver: Deliver) -> None:
        """A request leaves; ``deliver`` is called with the reply if one comes."""
        params = call.params
        number = self.ledger.sent(
            Asked(
                number=0,
                epoch=epoch,
                account=account,
                sent_ms=0,
                arrived_ms=None,
                answered_ms=None,
                method=call.method,
                path=call.path,
                params=params,
                client_id=params.get("newClientOrderId") or params.get("clientAlgoId", ""),
                committed=self.committed(),
                writes=writes(call.method, call.path, params),
                executed=False,
                code="",
                status=None,
                answered="",
            )
        )
        if self.unreachable:
            refused = Reply(sent=False, error="ClientConnectorError: Cannot connect to host")
            self._reply(number, refused, deliver, "unreachable")
            return
        self.time.after(self.way_ms(), lambda: self._arrive(number, call, deliver))

    # -- inside -------------------------------------------------------------------------------------

    def _arrive(self, number: int, call: Call, deliver: Deliver) -> None:
        if self.unreachable:
            self._reply(number, _LOST, deliver, "unreachable")
            return
        fault = self.world.faults.take(BEFORE, call.method, call.target, self.wire.api_key(call))
        if fault is None:
            self._execute(number, call, deliver)
            return
        self.acted(fault, number)
        match fault.kind:
            case FaultKind.DELAY_BEFORE:
                self.time.after(fault.ms, lambda: self._execute(number, call, deliver))
            case FaultKind.HANG_BEFORE:
                pass
            case FaultKind.ERROR_BEFORE:
                self._reply(number, _error(fault), deliver, fault.kind)
            case FaultKind.LIMITED | FaultKind.BANNED:
                status = 429 if fault.kind is FaultKind.LIMITED else 418
                headers = {"retry-after": str(fault.retry_after_s)}
                body = fault.body or '{"code":-1003,"msg":"Too many requests."}'
                reply = Reply(sent=True, status=status, headers=headers, body=body)
                self._reply(number, reply, deliver, fault.kind)
            case _:
                self._reply(number, _LOST, deliver, fault.kind)

    def _execute(self, number: int, call: Call, deliver: Deliver) -> None:
        self.ledger.arrived(number)
        cause = Cause(who=Who.BOT, what=f"{call.method} {call.path}", request=number)
        with self.ledger.because(cause):
            answer = self.wire.answer(call)
            code = _code(answer)
            done = answer.status == 200
            self.ledger.carried_out(number, executed=done, code=code)
            if done:
                self._note_settings(number, call)
        self.restless(self.ledger.requests[number])
        fault = self.world.faults.take(AFTER, call.method, call.target, self.wire.api_key(call))
        if fault is None:
            self._reply(number, _whole(answer), deliver, TRUTH)
            return
        self.acted(fault, number)
        match fault.kind:
            case FaultKind.DELAY_AFTER:
                self.time.after(fault.ms, lambda: self._reply(number, _whole(answer), deliver, fault.kind))
            case FaultKind.HANG_AFTER:
                pass
            case FaultKind.LOST_AFTER | FaultKind.CUT_BODY:
                self._reply(number, _LOST, deliver, fault.kind)
            case _:
                self._reply(number, _instead(answer, fault), deliver, fault.kind)

    def _reply(self, number: int, reply: Reply, deliver: Deliver, how: str) -> None:
        retry = reply.headers.get("retry-after", "")
        wait_ms = int(retry) * 1000 if retry and reply.status in (418, 429) else 0

        def comes() -> None:
            banned = reply.status == 418
            heard = deliver(reply)
            self.ledger.answered(number, reply.status, str(how), retry_ms=wait_ms, banned=banned, heard=heard)

        self.time.after(self.way_ms(), comes)

    def _note_settings(self, number: int, call: Call) -> None:
        """What the paper exchange tells nobody: margin that was moved, leverage and modes that were set."""
        asked = self.ledger.requests[number]
        params, path = asked.params, call.path.rpartition("/")[2]
        if call.method != "POST":
            return
        contract = self.wire._office.by_id.get(params.get("symbol", ""))
        symbol = "" if contract is None else contract.symbol
        match path:
            case "positionMargin":
                assert contract is not None, f"margin of {params}"
                held = self.world.view(asked.account).positions
                told = params.get("positionSide", "")
                sides = [Side(told.lower())] if told in ("LONG", "SHORT") else list(Side)
                ids = [PositionId(asked.account, contract.symbol, side) for side in sides]
                (id_,) = [id_ for id_ in ids if id_ in held]
                amount = Decimal(params["amount"])
                self.ledger.margin_moved(id_, amount if params["type"] == "1" else -amount)
            case "leverage":
                self.ledger.was_set(asked.account, symbol, "leverage", params["leverage"])
            case "marginType":
                self.ledger.was_set(asked.account, symbol, "margin mode", params["marginType"])
            case "dual":
                self.ledger.was_set(asked.account, "", "position mode", params["dualSidePosition"])
            case _:
                pass


def _whole(answer: Answer) -> Reply:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(sent=True, status=answer.status, headers=headers, body=answer.body)


def _error(fault: Fault) -> Reply:
    return Reply(sent=True, status=fault.status, body=fault.body or HTML)


def _instead(answer: Answer, fault: Fault) -> Reply:
    match fault.kind:
        case FaultKind.ERROR_AFTER:
            return _error(fault)
        case FaultKind.HTML_AFTER:
            return Reply(sent=True, status=200, body=fault.body or HTML)
        case FaultKind.EMPTY_AFTER:
            return Reply(sent=True, status=200)
        case FaultKind.CUT_JSON:
            return Reply(sent=True, status=200, body=answer.body[: len(answer.body) // 2])
        case _:
            return Reply(sent=True, status=200, body=fault.body)


def _code(answer: Answer) -> str:
    if answer.status == 200:
        return ""
    return str(json.loads(answer.body).get("code", ""))
