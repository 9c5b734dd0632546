"""Which tapes belong together: at most one of each kind for each symbol."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.timeframe import format_timeframe
from bot.lab.tapes.errors import TapeError
from bot.lab.tapes.names import TapeKind
from bot.lab.tapes.quality import quality_sentences
from bot.lab.tapes.tape import Tape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTapes:
    """The tapes of one symbol. A lone mark tape is the traded one, too; then `mark` is None."""

    symbol: str
    traded: Tape
    mark: Tape | None
    funding: Tape | None
    interest: Tape | None = None

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """Those that are there."""
        return tuple(
            tape for tape in (self.traded, self.mark, self.funding, self.interest) if tape is not None
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What these tapes are, lack, and made us assume, in sentences."""
        said = [sentence for tape in self.tapes for sentence in (*tape.assumptions, *quality_sentences(tape))]
        if self.traded.kind is TapeKind.MARK:
            said.append(
                f"{self.symbol} has no tape of trades: orders fill at the mark of {self.traded.path.name}"
            )
        if self.funding is None:
            said.append(f"{self.symbol} has no funding tape: no funding is paid but what is staged")
        elif not _overlap(self.traded, self.funding):
            said.append(
                f"{self.funding.path.name} has no rate within the bars: no funding is paid but what is staged"
            )
        return tuple(said)


def _overlap(traded: Tape, funding: Tape) -> bool:
    end_ms = traded.times[-1] + traded.interval_ms
    return bool(((funding.times >= traded.times[0]) & (funding.times <= end_ms)).any())


def group(tapes: Iterable[Tape]) -> tuple[SymbolTapes, ...]:
    """Sort tapes by symbol; TapeError names both files where two compete for one place."""
    symbols: dict[str, dict[TapeKind, Tape]] = {}
    for tape in tapes:
        places = symbols.setdefault(tape.symbol, {})
        if tape.kind in places:
            other = places[tape.kind].path
            found = f"a second {tape.kind.value} tape for {tape.symbol}, beside {other}"
            remedy = "give one of the two, or a --map that gives them different symbols"
            raise TapeError(tape.path, None, found, remedy)
        places[tape.kind] = tape
    return tuple(_together(symbol, symbols[symbol]) for symbol in sorted(symbols))


def _together(symbol: str, places: dict[TapeKind, Tape]) -> SymbolTapes:
    traded, mark = places.get(TapeKind.TRADED), places.get(TapeKind.MARK)
    funding, interest = places.get(TapeKind.FUNDING), places.get(TapeKind.INTEREST)
    if traded is None:
        traded, mark = mark, None
    if traded is None:
        lone = next(iter(places.values()))
        found = f"a tape of {lone.kind.value} for {symbol}, which has no price tape"
        raise TapeError(lone.path, None, found, "give a perp, spot or mark tape of the same symbol")
    if mark is not None and traded.interval_ms > mark.interval_ms:
        found = (
            f"bars of {format_timeframe(traded.interval_ms)}, coarser than the mark bars "
            f"of {format_timeframe(mark.interval_ms)} in {mark.path}"
        )
        raise TapeError(
            traded.path, None, found, "give trades as fine as the mark, or leave the mark tape out"
        )
    return SymbolTapes(symbol=symbol, traded=traded, mark=mark, funding=funding, interest=interest)
