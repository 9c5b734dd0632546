"""``holdfast calc``: where a position is liquidated, and what else its venue would print about it.

Works from options for one position, or from a file of positions in the layout of the test vectors; in that
file ``expected`` only names the figures wanted, its values are never looked at. No network, no keys.

One position that cannot be meant is refused. Of many, each is answered by itself: what cannot be calculated
is under ``unsupported`` with its reason, and what is no vector at all has an ``error`` in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.failures import ExitCode, Failure
from bot.cli.options import json_option

if TYPE_CHECKING:
    from bot.cli.calc_case import Case
    from bot.cli.calc_terms import TierSource

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--venue", default="generic", show_default=True, help="Whose rules, e.g. binance, bybit, okx, xt."
)
@click.option("--kind", type=click.Choice(["linear", "inverse"]), default="linear", show_default=True)
@click.option("--side", type=click.Choice(["long", "short"]), default="long", show_default=True)
@click.option("--mode", type=click.Choice(["isolated", "cross"]), default="isolated", show_default=True)
@click.option("--entry", metavar="PRICE", help="Entry price.")
@click.option("--quantity", metavar="BASE", help="Size in base units; face value of inverse contracts.")
@click.option("--notional", metavar="MONEY", help="Size as value at entry, in place of --quantity.")
@click.option("--leverage", metavar="X", help="Leverage; gives the margin where --margin does not.")
@click.option("--margin", metavar="MONEY", help="Isolated margin without unrealised profit.")
@click.option("--wallet", metavar="MONEY", help="Wallet of a cross account without unrealised profit.")
@click.option("--mark", metavar="PRICE", help="Mark price.  [default: the entry]")
@click.option("--mmr", metavar="RATE", help="Maintenance rate, as 0.004, in place of --tiers.")
@click.option("--maint-amount", metavar="MONEY", help="What the tier deducts, with --mmr.")
@click.option("--taker-fee", metavar="RATE", help="Closing fee rate where the venue counts it.")
@click.option("--tick", metavar="PRICE", help="Price step to round liquidation to, toward safety.")
@click.option("--symbol", help="Symbol, to find its tiers.")
@click.option("--tiers", "tiers_file", type=_FILE, metavar="FILE", help="JSON file with maintenance tiers.")
@click.option(
    "--contract-size", metavar="BASE", help="Base units in one contract, where tiers count contracts."
)
@click.option("--batch", type=_FILE, metavar="FILE", help="JSON file with many positions.")
@click.option("--figures", "list_figures", is_flag=True, help="List every figure and its other names.")
@json_option
def calc(
    *,
    tiers_file: Path | None,
    batch: Path | None,
    list_figures: bool,
    as_json: bool,
    **options: str | None,
) -> None:
    """Liquidation price and margin figures of a position.

    Exit code 7: the position is at or past liquidation.
    """
    if list_figures:
        _list(as_json=as_json)
        return
    from bot.cli.calc_terms import TierSource

    if tiers_file is not None:
        from bot.venues.tier_files import TierFileError, symbols_in

        try:
            symbols_in(tiers_file)
        except TierFileError as error:
            raise _refused(str(error)) from error
    source = TierSource(tiers_file)
    if batch is not None:
        click.echo(json.dumps({"results": list(_answers(batch, source))}, indent=2, ensure_ascii=False))
        return
    _one({name: value for name, value in options.items() if value is not None}, source, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from bot.cli.calc_names import listing
    from bot.cli.text import columns

    rows = listing()
    if as_json:
        listed = [
            {"figure": name, "synonyms": others.split(", ") if others else [], "is": text}
            for name, others, text in rows
        ]
        click.echo(json.dumps({"figures": listed}, indent=2))
        return
    for name, others, text in rows:
        click.echo(columns([(name.ljust(32), text)], indent=""))
        if others:
            click.echo(f"{'':34}also {others}")


def _answers(path: Path, source: TierSource) -> Iterator[dict[str, Any]]:
    """One answer for each vector: what cannot be meant in one takes no figure from the others."""
    for place, vector in enumerate(_vectors(path)):
        name = vector.get("id") if isinstance(vector, dict) else None
        if not isinstance(vector, dict):
            yield _spoilt(None, f"vector {place} is no object; expected one with an id and the inputs")
        elif not isinstance(name, str) or not name:
            yield _spoilt(None, f"vector {place} has no id; give every vector one")
        else:
            yield _answered(name, vector, source)


def _spoilt(name: str | None, reason: str) -> dict[str, Any]:
    return {"id": name, "error": reason}


def _answered(name: str, vector: Mapping[str, Any], source: TierSource) -> dict[str, Any]:
    from bot.cli.calc_case import Case
    from bot.cli.calc_inputs import BadInputError
    from bot.cli.calc_names import SHOWN, answer

    wanted = vector.get("expected", SHOWN)
    if not isinstance(wanted, dict | list | tuple) or not all(isinstance(n, str) for n in wanted):
        return _spoilt(name, "expected names no figures; give an object or a list")
    inputs = {key: value for key, value in vector.items() if key != "expected"}
    result: dict[str, Any] = {"id": name}
    unsupported: dict[str, str] = {}
    for figure in wanted:
        try:
            found, missing = answer(Case(inputs, source), (figure,))
        except BadInputError as error:
            found, missing = {}, {figure: str(error)}
        result |= found
        unsupported |= missing
    return result | {"unsupported": unsupported} if unsupported else result


def _vectors(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
        # A NaN spoils the position it is in, and number() refuses it there.
        content = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
    except OSError as error:
        raise _refused(f"{path}: {error.strerror}; name a JSON file of positions") from error
    except json.JSONDecodeError as error:
        raise _refused(f"{path}:{error.lineno}: no JSON: {error.msg}; correct the file") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise _refused(f"{path}: {error}; expected JSON with plain numbers") from error
    vectors = content.get("vectors") if isinstance(content, dict) else content
    if not isinstance(vectors, list):
        raise _refused(f'{path}: no positions; expected a list, or an object with "vectors"')
    return vectors


def _refused(message: str) -> Failure:
    return Failure(message, ExitCode.CONFIG)


def _one(options: Mapping[str, str], source: TierSource, *, as_json: bool) -> None:
    from bot.cli.calc_inputs import BadInputError, MissingInputError
    from bot.cli.calc_names import SHOWN, answer

    try:
        case = _case(dict(options), source)
        found, unsupported = answer(case, SHOWN)
        stands = case.pool, case.marks
    except MissingInputError as error:
        raise Failure(_as_option(str(error)), ExitCode.USAGE) from error
    except BadInputError as error:
        raise Failure(str(error), ExitCode.USAGE) from error
    from bot.core.margin.assess import assess

    liquidatable = assess(*stands).liquidatable
    _print(case, found, liquidatable=liquidatable, as_json=as_json, unsupported=unsupported)
    if liquidatable:
        raise click.exceptions.Exit(ExitCode.DANGER)


def _case(options: dict[str, str], source: TierSource) -> Case:
    """The position of the options; the size by value is the value at entry, and the mark defaults to it."""
    from bot.cli.calc_case import Case
    from bot.cli.calc_inputs import BadInputError, MissingInputError, number

    if "entry" not in options:
        raise MissingInputError("needs entry")
    entry = number(options["entry"], "--entry", low=Decimal(0), strictly=True)
    if ("quantity" in options) == ("notional" in options):
        raise BadInputError("give --quantity or --notional, one of the two")
    if "notional" in options:
        value = number(options.pop("notional"), "--notional", low=Decimal(0), strictly=True)
        options["quantity"] = str(value / entry if options["kind"] == "linear" else value * entry)
    options.setdefault("mark", options["entry"])
    case = Case(options, source)
    assert case.given.venue_rules, "an unknown venue is reported as missing"
    return case


def _as_option(text: str) -> str:
    """What is missing, in the words of the command line."""
    if text == "needs mmr or a file of tiers":
        return "give --mmr, or --tiers FILE with --symbol"
    if not text.startswith("needs "):
        return text
    words = text.removeprefix("needs ").replace("qty", "quantity").replace("contract_size", "contract-size")
    return f"give --{words}"


def _print(
    case: Case,
    found: Mapping[str, str | None],
    *,
    liquidatable: bool,
    as_json: bool,
    unsupported: Mapping[str, str],
) -> None:
    from bot.cli.calc_names import readable
    from bot.cli.text import columns

    rules = case.rules
    if as_json:
        shown: dict[str, Any] = {
            "venue": rules.name,
            "rules_version": rules.version,
            "side": str(case.given.side),
            "mode": str(case.given.mode),
            "liquidatable": liquidatable,
            **found,
        }
        if unsupported:
            shown["unsupported"] = dict(unsupported)
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"{case.given.mode} {case.given.side} at {rules.name} (rules of {rules.version})")
    rows = [(name.replace("_", " "), readable(value)) for name, value in found.items()]
    click.echo(columns(rows))
    if found.get("liquidation_price", "") is None:
        click.echo("There is no price at which this position is liquidated.")
    if liquidatable:
        click.secho("LIQUIDATABLE: equity is at or below the requirement at this mark.", bold=True)
