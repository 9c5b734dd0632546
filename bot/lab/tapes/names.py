"""What a file name tells about a tape: symbol, kind, venue, interval.

Recorded data carries no header that says what it is, so the name does: `BTC_binance_perp_5m.csv.gz`. A
map of globs overrides it, because people's own files are called anything. Whatever a name makes us assume
is said in sentences.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from bot.core.timeframe import parse_timeframe
from bot.lab.tapes.errors import TapeError, shown


class TapeKind(StrEnum):
    """What a tape records: prices at which was traded (perpetual or spot), mark prices, or figures."""

    TRADED = "traded"
    MARK = "mark"
    FUNDING = "funding"
    INTEREST = "interest"
    """Open interest."""

    @property
    def priced(self) -> bool:
        """Whether it holds bars of prices; otherwise a figure for each time."""
        return self in (TapeKind.TRADED, TapeKind.MARK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What is known of a tape before it is read; the columns decide a kind, the times an interval of None."""

    symbol: str
    kind: TapeKind | None
    word: str
    venue: str
    interval_ms: int | None
    assumptions: tuple[str, ...]


REMEDY = (
    "name it like BTC_binance_perp_5m.csv.gz (perp, spot, mark, funding or interest), or say what it is: "
    '[tapes] map = {"GLOB" = "BTC/USDT:USDT"} in the config or --map GLOB=SYMBOL'
)

_KINDS = {
    "perp": TapeKind.TRADED,
    "spot": TapeKind.TRADED,
    "mark": TapeKind.MARK,
    "funding": TapeKind.FUNDING,
    "interest": TapeKind.INTEREST,
}
_WORDS = {**_KINDS, "traded": TapeKind.TRADED}
_NAME = re.compile(
    r"(?P<symbol>[A-Za-z0-9]+(?:-[A-Za-z0-9]+-[A-Za-z0-9]+(?:-[0-9]{6})?)?)_(?P<venue>[A-Za-z0-9]+)"
    r"_(?P<word>perp|spot|mark|funding|interest)"
    r"(?:_(?P<interval>[1-9][0-9]{0,5}[smhdw]))?(?:[_.\-].*)?"
)
_SYMBOL = re.compile(r"[A-Z0-9]+/[A-Z0-9]+:[A-Z0-9]+(?:-[0-9]{6})?")
_QUOTED = re.compile(r"(?P<base>[A-Z0-9]+?)(?P<quote>USDT|USDC|BUSD|FDUSD|USD)")
_ALIASES = {"XBT": "BTC"}
_DOLLAR_VENUES = frozenset({"hyperliquid"})
_SUFFIXES = (".gz", ".csv", ".parquet")


def written(symbol: str) -> str:
    """How a name of a tape spells ``symbol``, so that it is read back: BTC, BTCUSDC, BTC-USD-BTC-261225.

    The short form is for linear perpetuals; all others are spelt out. ValueError for a symbol that no name
    can hold.
    """
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(f"{symbol} cannot be the name of a tape: letters, digits, one / and one :")
    pair, _, settled = symbol.partition(":")
    base, _, quote = pair.partition("/")
    for short in (base if quote == "USDT" else "", f"{base}{quote}"):
        if short and _symbol("", short, "")[0] == symbol:
            return short
    return f"{base}-{quote}-{settled}"


def naming(path: Path, symbol_map: Mapping[str, str]) -> Naming:
    """Everything the name and the map say about `path`; TapeError if they say nothing.

    `symbol_map` goes from a glob to `SYMBOL` or `SYMBOL,KIND`; the first glob that matches the file name
    (or, when it contains a slash, the end of the whole path) wins. Its symbol and kind override what the
    name says.
    """
    told = _from_name(path)
    for glob, target in symbol_map.items():
        if _matches(path, glob):
            return _mapped(path, glob, target, told)
    if told is None:
        raise TapeError(
            path, None, "the file name does not tell which symbol and kind of tape this is", REMEDY
        )
    return told


def _matches(path: Path, glob: str) -> bool:
    if "/" in glob:
        return fnmatchcase(path.as_posix(), glob) or fnmatchcase(path.as_posix(), f"*/{glob}")
    return fnmatchcase(path.name, glob)


def _mapped(path: Path, glob: str, target: str, told: Naming | None) -> Naming:
    symbol, _, word = (part.strip() for part in target.partition(","))
    if not _SYMBOL.fullmatch(symbol):
        found = f"the map gives {shown(target)} for {shown(glob)}, which is no symbol"
        raise TapeError(path, None, found, 'write it like "BTC/USDT:USDT" or "BTC/USDT:USDT,mark"')
    if word and word not in _WORDS:
        found = f"the map gives the kind {shown(word)} for {shown(glob)}"
        raise TapeError(path, None, found, f"allowed are {', '.join(sorted(_WORDS))}")
    kind = _WORDS[word] if word else (told.kind if told else None)
    interval_ms = told.interval_ms if told else None
    said = f"{path.name} is replayed as {symbol}, as the map says"
    return Naming(
        symbol=symbol,
        kind=kind,
        word=word or (told.word if told else ""),
        venue=told.venue if told else "",
        interval_ms=interval_ms if kind is None or kind.priced else None,
        assumptions=(said,),
    )


def _from_name(path: Path) -> Naming | None:
    stem = path.name
    while stem.endswith(_SUFFIXES):
        stem = stem.rpartition(".")[0]
    match = _NAME.fullmatch(stem)
    if match is None:
        return None
    word, venue = match["word"], match["venue"].lower()
    symbol, assumptions = _symbol(path.name, match["symbol"].upper(), venue)
    if word == "spot":
        assumptions += (
            f"{path.name} holds spot prices; they stand in for the trades of the perpetual {symbol}",
        )
    interval = match["interval"]
    return Naming(
        symbol=symbol,
        kind=_KINDS[word],
        word=word,
        venue=venue,
        interval_ms=parse_timeframe(interval) if interval and _KINDS[word].priced else None,
        assumptions=assumptions,
    )


def _symbol(name: str, spelt: str, venue: str) -> tuple[str, tuple[str, ...]]:
    """The unified symbol, a linear perpetual's unless spelt out, and what had to be assumed for it."""
    if "-" in spelt:
        return _spelt_out(spelt), ()
    match = _QUOTED.fullmatch(spelt)
    base, quote = (match["base"], match["quote"]) if match else (spelt, "")
    base = _ALIASES.get(base, base)
    if venue == "bitmex" and quote in {"", "USD"}:
        symbol = f"{base}/USDT:USDT"
        inverse = f"the inverse {spelt.removesuffix('USD')}USD"
        remedy = f"mapped to {base}/USD:{base} it is replayed as what it is"
        return symbol, (f"{name} records {inverse}; replayed as the linear {symbol} ({remedy})",)
    if quote == "USD" or (not quote and venue in _DOLLAR_VENUES):
        symbol = f"{base}/USDT:USDT"
        return symbol, (f"{name} is quoted in dollars; replayed as the linear {symbol}",)
    settle = quote or "USDT"
    return f"{base}/{settle}:{settle}", ()


def _spelt_out(spelt: str) -> str:
    base, quote, *rest = spelt.split("-")
    return f"{base}/{quote}:{'-'.join(rest)}"
