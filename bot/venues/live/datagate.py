"""Judges whether a mark may be believed: pure, from what was believed before and from what came with it.

A frame that looks wrong is held and not dropped, because a crash looks no different: a second source has to
say which of the two it is. Two frames of one stream never corroborate each other, whatever they agree on. Who
asks the second source is ``bot.venues.live.corroboration``. Every mark comes this way: what raises no doubt
costs a few comparisons with bounds computed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from bot.core.facts import LastPrice, MarkPrice
from bot.core.types import ONE, ZERO, Symbol

_ONE_S = Decimal(1_000)
_IN_THE_BOX, _INDEX_BOX = Decimal("0.49"), Decimal("0.5")
"""Parts of the limits that bounds computed once may use: two marks within them are within the limit."""


class Source(Enum):
    """Where a mark came from. Two answers by REST are two requests; two frames of a stream are one voice."""

    STREAM = "stream"
    REST = "REST"


class Verdict(Enum):
    """What is to become of a mark."""

    PASSED = "passed"
    CONFIRMED = "confirmed"
    """It was doubted, or would be, and two sources agree."""
    DOUBTED = "doubted"
    """It is held until a second source says what is true."""
    OVERTAKEN = "overtaken"
    """Something newer has been believed already."""
    REFUSED = "refused"
    """It is no price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """What raises a doubt. A doubt costs one reading of weight 1 and its time; no doubt may cost a position.

    ``jump`` is how far a mark may move in a second or less, as a fraction; it grows with the root of the time
    since the last one, as the spread of a price does, up to ``jump_max``. Of 233,693 recorded minutes of
    fifteen crashes 983 moved by more than 2 % from the close before, so that at most so many could have been
    doubted had each done it in one frame, and 7 by more than the 15.5 % that a minute of silence allows.

    ``band`` is how far the premium of mark over index may be from the premium confirmed last (nought at
    first). Marks are tied to the index and stay within a few percent of it; the exceptions last for hours
    (SOL 21.6 % under spot in November 2022; a dated contract 26 % over it in April 2021), so that what was
    confirmed once is the new middle.

    ``frozen_ms`` and ``frozen_move``: a mark that stays the same to the last digit for so long while last
    price or index move so far is no mark any more. ``repeat_ms``: how long REST alone has to say the same
    thing, in answers to separate requests, where no stream speaks.
    """

    jump: Decimal = Decimal("0.02")
    jump_max: Decimal = Decimal("0.20")
    band: Decimal = Decimal("0.05")
    frozen_ms: int = 5_000
    frozen_move: Decimal = Decimal("0.005")
    repeat_ms: int = 1_000

    def jump_in(self, elapsed_ms: int) -> Decimal:
        """How far a mark may move in this time, as a fraction of what it was."""
        if elapsed_ms <= _ONE_S:
            return self.jump
        return min(self.jump * (elapsed_ms / _ONE_S).sqrt(), self.jump_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found. ``mark`` is what may be believed now: the one judged, or a newer one it confirmed.

    ``contradicted`` is a mark that was held until now and is dropped. ``streamed``: the stream said so too.
    """

    verdict: Verdict
    mark: MarkPrice | None = None
    why: str = ""
    contradicted: MarkPrice | None = None
    streamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A mark that is held. ``since_ms``: since when its source says so, one frame after the other."""

    source: Source
    mark: MarkPrice
    index: Decimal | None
    since_ms: int
    why: str
    frozen: bool


class _Seen:
    """What is known of one symbol. While there is any doubt its bounds let nothing through."""

    __slots__ = (
        "at_ms",
        "changed_ms",
        "claims",
        "frozen",
        "high",
        "index_high",
        "index_low",
        "index_then",
        "last",
        "last_then",
        "low",
        "premium",
        "price",
        "refused",
    )

    def __init__(self) -> None:
        self.price: Decimal | None = None
        self.at_ms = 0
        self.changed_ms = 0
        """When the price became what it is."""
        self.last: Decimal | None = None
        self.last_then: Decimal | None = None
        self.index_then: Decimal | None = None
        """Last price and index at that time."""
        self.premium = ZERO
        """Of the mark over the index, as it was confirmed last."""
        self.frozen: Decimal | None = None
        """The value that the stream keeps repeating and REST does not know."""
        self.claims: dict[Source, _Claim] = {}
        self.refused = 0
        """How many frames of the stream in a row proved wrong."""
        self.low, self.high = ONE, ZERO
        self.index_low, self.index_high = ONE, ZERO

    def shut(self) -> None:
        """Let every mark be weighed."""
        self.low, self.high = ONE, ZERO


class DataGate:
    """The marks believed of every symbol, and judgement over the next."""

    def __init__(self, limits: GateLimits | None = None) -> None:
        """Nothing is believed yet: the first mark of each symbol is a matter for two sources."""
        self._limits = limits or GateLimits()
        self._seen: dict[Symbol, _Seen] = {}

    def judge(self, mark: MarkPrice, index: Decimal | None, source: Source) -> Judgement | None:
        """``None`` where it may be believed without another word; ``index`` as the same frame told it.

        Times are those of the mark itself.
        """
        seen = self._seen.get(mark.symbol)
        price, at_ms = mark.price, mark.at_ms
        if seen is None:
            seen = self._seen[mark.symbol] = _Seen()
        elif (
            price.is_finite()
            and seen.low <= price <= seen.high
            and at_ms > seen.at_ms
            and (index is None or (index.is_finite() and seen.index_low <= index <= seen.index_high))
        ):
            if price != seen.price:
                seen.price, seen.at_ms = price, at_ms
                seen.changed_ms, seen.last_then, seen.index_then = at_ms, seen.last, index
                return None
            if at_ms - seen.changed_ms < self._limits.frozen_ms:
                seen.at_ms = at_ms
                return None
        return self._weigh(seen, mark, index, source)

    def trade(self, fact: LastPrice) -> None:
        """A last price, which a mark cannot ignore for long."""
        seen = self._seen.get(fact.symbol)
        if seen is not None:
            seen.last = fact.price
            if seen.last_then is None:
                seen.last_then = fact.price

    def in_doubt(self, symbol: Symbol) -> bool:
        """Whether a mark of it is held."""
        seen = self._seen.get(symbol)
        return seen is not None and bool(seen.claims)

    def believed_ms(self, symbol: Symbol) -> int:
        """When what is believed of it holds for; 0 while that is nothing."""
        seen = self._seen.get(symbol)
        return seen.at_ms if seen is not None else 0

    def refused(self, symbol: Symbol) -> int:
        """How many frames of its stream in a row proved wrong."""
        seen = self._seen.get(symbol)
        return seen.refused if seen is not None else 0

    def refuse(self, symbol: Symbol) -> None:
        """A frame of its stream was wrong in a way that others have found."""
        seen = self._seen.setdefault(symbol, _Seen())
        seen.refused += 1
        seen.shut()

    def start_anew(self) -> None:
        """Another connection: what the old one said wrong is not held against it."""
        for seen in self._seen.values():
            seen.refused = 0

    def _weigh(self, seen: _Seen, mark: MarkPrice, index: Decimal | None, source: Source) -> Judgement:
        if not (mark.price.is_finite() and mark.price > ZERO):
            self.refuse(mark.symbol)
            return Judgement(verdict=Verdict.REFUSED, why=f"a mark of {mark.price}")
        if mark.at_ms <= seen.at_ms:
            return Judgement(verdict=Verdict.OVERTAKEN)
        if index is not None and not (index.is_finite() and index > ZERO):
            index = None
        frozen = source is Source.STREAM and self._is_frozen(seen, mark, index)
        why = self._doubt(seen, mark, index, frozen=frozen)
        agreeing = self._agreeing(seen, mark, source, frozen=frozen)
        if agreeing is not None:
            return self._confirm(seen, agreeing, mark, index, source)
        if not why:
            return self._pass(seen, mark, index, source)
        since_ms = self._since_ms(seen, mark, source)
        seen.claims[source] = _Claim(
            source=source, mark=mark, index=index, since_ms=since_ms, why=why, frozen=frozen
        )
        seen.shut()
        return Judgement(verdict=Verdict.DOUBTED, why=why)

    def _doubt(self, seen: _Seen, mark: MarkPrice, index: Decimal | None, *, frozen: bool) -> str:
        """What speaks against a mark; empty where nothing does."""
        if seen.price is None:
            return "the first mark of it"
        if frozen:
            return f"still {mark.price} although the market moves"
        elapsed_ms = mark.at_ms - seen.at_ms
        jump, most = mark.price / seen.price - ONE, self._limits.jump_in(elapsed_ms)
        if abs(jump) > most:
            return f"{mark.price} is {jump:+.1%} in {elapsed_ms / 1000:g} s"
        if index is not None and abs(mark.price / index - ONE - seen.premium) > self._limits.band:
            return f"{mark.price} is {mark.price / index - ONE:+.1%} from the index"
        return ""

    def _is_frozen(self, seen: _Seen, mark: MarkPrice, index: Decimal | None) -> bool:
        """Whether the stream repeats itself while the market moves, or what REST has not known before."""
        if mark.price == seen.frozen:
            return True
        if mark.price != seen.price or mark.at_ms - seen.changed_ms < self._limits.frozen_ms:
            return False
        moves = (seen.last, seen.last_then), (index, seen.index_then)
        return any(
            now is not None and then is not None and abs(now / then - ONE) > self._limits.frozen_move
            for now, then in moves
        )

    def _agreeing(self, seen: _Seen, mark: MarkPrice, source: Source, *, frozen: bool) -> _Claim | None:
        """What is held and says the same: of the other source, or of REST long enough ago."""
        for claim in seen.claims.values():
            if not self._agree(claim, mark, frozen=frozen):
                continue
            if claim.source is not source:
                return claim
            if source is Source.REST and mark.at_ms - claim.since_ms >= self._limits.repeat_ms:
                return claim
        return None

    def _agree(self, claim: _Claim, mark: MarkPrice, *, frozen: bool) -> bool:
        apart = abs(mark.price / claim.mark.price - ONE)
        if frozen or claim.frozen:
            return apart <= self._limits.frozen_move / 2
        return apart <= self._limits.jump_in(abs(mark.at_ms - claim.mark.at_ms))

    def _since_ms(self, seen: _Seen, mark: MarkPrice, source: Source) -> int:
        before = seen.claims.get(source)
        if before is None or not self._agree(before, mark, frozen=False):
            return mark.at_ms
        return before.since_ms

    def _confirm(
        self, seen: _Seen, claim: _Claim, mark: MarkPrice, index: Decimal | None, source: Source
    ) -> Judgement:
        """Two sources agree: the newer mark of the two is believed."""
        newest = mark if mark.at_ms >= claim.mark.at_ms else claim.mark
        index = index if index is not None else claim.index
        first = seen.price is None
        streamed = Source.STREAM in (source, claim.source)
        seen.claims.clear()
        if streamed:
            seen.refused, seen.frozen = 0, None
        if index is not None:
            seen.premium = newest.price / index - ONE
        self._believe(seen, newest, index, anew=True)
        why = "" if first else claim.why
        return Judgement(verdict=Verdict.CONFIRMED, mark=newest, why=why, streamed=streamed)

    def _pass(self, seen: _Seen, mark: MarkPrice, index: Decimal | None, source: Source) -> Judgement:
        """Nothing speaks against it. What is held and not newer is wrong, then, or was taken back."""
        contradicted = None
        for other, claim in list(seen.claims.items()):
            if claim.since_ms > mark.at_ms:
                continue  # It may yet be true: this mark is of a time before.
            del seen.claims[other]
            contradicted = contradicted or claim.mark
            if other is Source.STREAM and source is Source.REST:
                seen.refused += 1
                seen.frozen = claim.mark.price if claim.frozen else seen.frozen
        if source is Source.STREAM:
            seen.refused, seen.frozen = 0, None
        self._believe(seen, mark, index)
        streamed = source is Source.STREAM
        return Judgement(verdict=Verdict.PASSED, mark=mark, contradicted=contradicted, streamed=streamed)

    def _believe(self, seen: _Seen, mark: MarkPrice, index: Decimal | None, *, anew: bool = False) -> None:
        """From here on the next marks are judged, quickly where nothing is the matter."""
        price = mark.price
        if anew or price != seen.price:
            seen.changed_ms, seen.last_then, seen.index_then = mark.at_ms, seen.last, index
        seen.price, seen.at_ms = price, mark.at_ms
        if seen.claims or seen.refused or seen.frozen is not None:
            seen.shut()
            return
        room = self._limits.jump * _IN_THE_BOX
        seen.low, seen.high = price * (ONE - room), price * (ONE + room)
        seen.index_low, seen.index_high = ONE, ZERO
        if index is not None:
            index_room = self._limits.band * _INDEX_BOX
            low, high = index * (ONE - index_room), index * (ONE + index_room)
            widest = max(abs(seen.high / low - ONE - seen.premium), abs(seen.low / high - ONE - seen.premium))
            if widest <= self._limits.band:
                seen.index_low, seen.index_high = low, high
