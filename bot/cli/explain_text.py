"""An explanation as text for people: the position first, then each rule in its order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.cli.journal_text import line
from bot.cli.text import columns, exact, flagged, moment, percent
from bot.core.explain import TIME_COMES


def report(answer: Mapping[str, Any]) -> str:
    """The whole answer of ``holdfast explain``."""
    parts = [_position(position) for position in answer["positions"]]
    if not parts:
        parts = [f"{answer['symbol']}: no open position"]
    if answer["closed"]:
        parts.append("\n".join(answer["closed"]))
    if answer["last"]:
        rows = [line({**row, "body": json.dumps(row["body"])}) for row in answer["last"]]
        parts.append("last decisions\n" + columns([(at, rule, text) for at, _, rule, _, text in rows]))
    parts.append(f"as seen by {answer['source']}")
    return "\n\n".join(parts)


def _position(position: Mapping[str, Any]) -> str:
    id_ = position["id"]
    facts = [
        f"mark {exact(position['mark'])}",
        f"liquidation {exact(position['liquidation'])}",
        f"distance {percent(position['distance'])}",
        f"margin ratio {percent(position['margin_ratio'], 1)}",
        _protection(position),
        *(
            f"hedged with {exact(hedge['quantity'])} {flagged(hedge['symbol'], hedge['synthetic'])}"
            for hedge in position["hedges"]
        ),
    ]
    symbol = flagged(id_["symbol"], position["synthetic"])
    head = f"{id_['account']}/{symbol}/{id_['side']}\n  {', '.join(facts)}"
    return "\n".join([head, *(_rule(rule) for rule in position["rules"])])


def _protection(position: Mapping[str, Any]) -> str:
    if position["protected_by"] is not None:
        return f"protected by {position['protected_by']}"
    since = position["naked_since_ms"]
    return "NAKED" if since is None else f"NAKED since {moment(since)}"


def _rule(rule: Mapping[str, Any]) -> str:
    marks = [word for word in ("shadow", "parked") if rule[word]]
    acted = f"acted {rule['times_acted']} times" if rule["times_acted"] else "has not acted"
    head = f"  {rule['rule']}{''.join(f' ({word})' for word in marks)}: {rule['verdict']}; {acted}"
    lines = [head, columns(_conditions(rule), indent="      ")]
    refusal = rule["last_refusal"]
    if refusal is not None and refusal["text"] not in rule["verdict"]:
        lines.append(
            f"      last refused {moment(refusal['at_ms'])} ({refusal['because']}): {refusal['text']}"
        )
    return "\n".join(part for part in lines if part)


def _conditions(rule: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for condition in rule["conditions"]:
        if condition["text"] == TIME_COMES:
            yield f"{moment(int(condition['threshold']))} comes", "", "holds" if condition["holds"] else ""
            continue
        value = "" if condition["value"] is None else f"now {condition['value']}"
        away = "holds" if condition["holds"] else f"{condition['away']} away" if condition["away"] else ""
        yield condition["text"], value, away
