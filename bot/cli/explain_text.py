"""An explanation as text for people: the position first, then each rule in its order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.cli.journal_text import line
from bot.cli.text import columns, exact, flagged, mentions_flagged, moment, percent
from bot.core.asking.explain import TIME_COMES
from bot.core.states import BotState


def report(answer: Mapping[str, Any]) -> str:
    """The whole answer of ``holdfast explain``."""
    parts = [_position(position, answer["states"]) for position in answer["positions"]]
    if not parts:
        parts = [f"{flagged(answer['symbol'], answer['synthetic'])}: no open position"]
    if answer["closed"]:
        parts.append("\n".join(answer["closed"]))
    if answer["last"]:
        rows = [line({**row, "body": json.dumps(row["body"])}) for row in answer["last"]]
        parts.append("last decisions\n" + columns([(at, rule, text) for at, _, rule, _, text in rows]))
    parts.append(f"as seen by {answer['source']}{_seen_at(answer)}")
    return mentions_flagged("\n\n".join(parts), answer["synthetic_contracts"])


def _seen_at(answer: Mapping[str, Any]) -> str:
    at_ms = answer["mark_at_ms"]
    if at_ms is None or not answer["positions"]:
        return ""
    return f", at the mark of {moment(at_ms)}: what came later needed no look"


def _position(position: Mapping[str, Any], states: Mapping[str, str]) -> str:
    id_ = position["id"]
    state = states.get(id_["account"], BotState.ARMED)
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
    if state != BotState.ARMED:
        head += f"\n  {id_['account']} is {state}: {_MEANS[BotState(state)]}"
    return "\n".join([head, *(_rule(rule) for rule in position["rules"])])


_MEANS = {
    BotState.RECOVERING: "nothing is sent until the whole account has been read",
    BotState.REDUCING: "only what lowers risk without spending is sent",
    BotState.BLIND: "nothing is sent until prices and account are known again; stops stay",
    BotState.AUTH_LOST: "nothing is sent until the exchange takes the key again; stops stay",
    BotState.HALTED: "nothing is sent until you look and say holdfast resume; stops stay",
}


def _protection(position: Mapping[str, Any]) -> str:
    if position["protected_by"] is not None:
        return f"protected by {position['protected_by']}"
    since = position["naked_since_ms"]
    return "NAKED" if since is None else f"NAKED since {moment(since)}"


def _rule(rule: Mapping[str, Any]) -> str:
    marks = [word for word in ("shadow", "parked") if rule[word]]
    if rule["paused_until_ms"] is not None:
        marks.append(f"paused until {moment(rule['paused_until_ms'])}")
    if rule["latched"]:
        marks.append(f"latched until you say holdfast release {rule['rule']}")
    acted = f"acted {rule['times_acted']} times" if rule["times_acted"] else "has not acted"
    head = f"  {rule['rule']}{''.join(f' ({word})' for word in marks)}: {rule['verdict']}; {acted}"
    lines = [head, columns(_conditions(rule), indent="      "), *_when(rule)]
    lines.append(_table(rule["table"]))
    refusal = rule["last_refusal"]
    if refusal is not None and refusal["text"] not in rule["verdict"]:
        lines.append(
            f"      last refused {moment(refusal['at_ms'])} ({refusal['because']}): {refusal['text']}"
        )
    return "\n".join(part for part in lines if part)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """What the rule itself shows: words to the left, figures to the right."""
    figures = frozenset(range(1, len(rows[0]) - 1)) if rows else frozenset()
    return columns(rows, indent="      ", right=figures)


def _when(rule: Mapping[str, Any]) -> Iterator[str]:
    """The condition the configuration put on the rule, with its parts; and how long all has to hold."""
    when = rule["when"]
    if when is not None:
        yield f"      when {when['text']}: {'holds' if when['holds'] else 'does not hold'}"
        yield columns(map(_part, when["parts"]), indent="        ")
    if rule["confirms_for_ms"]:
        left_ms, whole = rule["confirmed_in_ms"], _seconds(rule["confirms_for_ms"])
        if left_ms is None:
            yield f"      confirms for {whole}: not everything holds now"
        else:
            yield f"      confirms for {whole}: " + (f"{_seconds(left_ms)} left" if left_ms else "confirmed")


def _part(part: Mapping[str, Any]) -> tuple[str, str, str]:
    values = ", ".join(f"{name} now {value}" for name, value in part["values"])
    return part["text"], values, part["unknown"] or ("holds" if part["holds"] else "")


def _seconds(duration_ms: int) -> str:
    return f"{duration_ms / 1000:g} s"


def _conditions(rule: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for condition in rule["conditions"]:
        if condition["text"] == TIME_COMES:
            yield f"{moment(int(condition['threshold']))} comes", "", "holds" if condition["holds"] else ""
            continue
        value = "" if condition["value"] is None else f"now {condition['value']}"
        away = "holds" if condition["holds"] else f"{condition['away']} away" if condition["away"] else ""
        yield condition["text"], value, away
