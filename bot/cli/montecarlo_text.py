"""The answer of a Monte Carlo run as text for people: the verdict, then what each set of rules came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.cli.text import NOTHING, amount, columns, percent
from bot.look.refusals import refusal

Row = Mapping[str, Any]


def report(answer: Row) -> str:
    """The whole answer of ``holdfast montecarlo``."""
    parts = [
        verdict(answer),
        _survival(answer),
        _losses(answer),
        _defence(answer),
        *_blocked(answer),
        _assumed(answer),
    ]
    return "\n\n".join(parts)


def verdict(answer: Row) -> str:
    """One sentence: how probable survival is, with which rules."""
    (mine, first), *others = answer["rules"].items()
    said = f"{share(first['survival'])} of {answer['paths']:,} paths are survived with the {mine} rules"
    for name, rules in others:
        with_what = "no defence at all" if name == "none" else f"the rules of {name}"
        said += f"; with {with_what} {share(rules['survival'])}"
    return f"{said}. {answer['seconds']['wall']:.1f} s"


def share(of: Row) -> str:
    """A share with its interval of 95 %."""
    return f"{percent(str(of['share']))} ({percent(str(of['low']))} to {percent(str(of['high']))})"


def _survival(answer: Row) -> str:
    rows: list[Sequence[str]] = [("rules", "survived", "95 % interval", "liquidated", "saved", "lost")]
    for name, rules in answer["rules"].items():
        survival = rules["survival"]
        rows.append(
            (
                name,
                percent(str(survival["share"])),
                f"{percent(str(survival['low']))} to {percent(str(survival['high']))}",
                f"{rules['liquidated']:,}",
                f"{rules['saved']['paths']:,}" if name != "none" else NOTHING,
                f"{rules['lost']:,}" if name != "none" else NOTHING,
            )
        )
    title = "survival (saved: only with these rules; lost: only with no defence)"
    return f"{title}\n{columns(rows)}"


def _losses(answer: Row) -> str:
    rows: list[Sequence[str]] = [
        ("rules", "mean", "median", "95 %", "99 %", "largest", "shortfall 95 %", "99 %")
    ]
    for name, rules in answer["rules"].items():
        loss = rules["loss"]
        names = (
            "mean",
            "median",
            "q95",
            "q99",
            "most",
            "expected_shortfall_95",
            "expected_shortfall_99",
        )
        rows.append((name, *(money(loss[each]) for each in names)))
    equity = money(answer["equity_before"])
    title = f"loss of {equity}: quantiles, and the mean of the worst 5 % and 1 % of paths"
    return f"{title}\n{columns(rows)}"


def _defence(answer: Row) -> str:
    """What it took: margin, money, and what defence took away where none was needed."""
    rows: list[Sequence[str]] = [
        (
            "rules",
            "margin added",
            "95 %",
            "largest",
            "budget ran out",
            "cost",
            "95 %",
            "cost of safety",
            "95 %",
        )
    ]
    for name, rules in answer["rules"].items():
        if name == "none":
            continue
        added, cost, safety = rules["margin_added"], rules["cost"], rules["cost_of_safety"]
        rows.append(
            (
                name,
                *(money(added[each]) for each in ("mean", "q95", "most")),
                percent(str(rules["budget_ran_out"])),
                *(money(cost[each]) for each in ("mean", "q95")),
                *(money(safety[each]) for each in ("mean", "q95")),
            )
        )
    title = "defence (cost of safety: what was lost by it on paths that needed none)"
    return f"{title}\n{columns(rows)}"


def _blocked(answer: Row) -> Iterator[str]:
    """On how many paths limits refused something to the configured rules, most frequent first."""
    mine, rules = next(iter(answer["rules"].items()))
    rows = [
        (refusal(reason), percent(str(part)))
        for reason, part in sorted(rules["blocked"].items(), key=lambda each: (-each[1], each[0]))
    ]
    if rows:
        yield f"what the {mine} rules were refused, and on how many of the paths\n{columns(rows)}"


def _assumed(answer: Row) -> str:
    return "assumptions\n" + "\n".join(f"  {sentence}" for sentence in answer["assumptions"])


def money(number: float) -> str:
    """A statistic in the settlement currency."""
    return amount(f"{number:.8f}")
