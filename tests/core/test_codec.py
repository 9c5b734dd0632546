"""The text of facts and decisions: exact both ways, canonical, and strict when read."""

import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, NewType, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.codec import Codable, CodecError, decode, decode_decision, decode_fact, encode
from bot.core.decisions import Action, Decision, StateChanged
from bot.core.facts import Fact, MarkPrice, PositionChanged, Tick
from bot.core.intents import AddMargin, Intent
from bot.core.types import AccountName, ClientId, PositionId, RuleName, Side, Symbol

BTC = PositionId(AccountName("main"), Symbol("BTC/USDT:USDT"), Side.LONG)
MARK_TEXT = '{"type":"MarkPrice","at_ms":5,"symbol":"BTC/USDT:USDT","price":"64000.10"}'


@cache
def built_from(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a declared type. Classes that check themselves are built again until they accept."""
    if isinstance(hint, NewType):
        return built_from(hint.__supertype__)
    if hint is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False)
    if get_origin(hint) is tuple:
        return st.lists(built_from(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, UnionType):
        return st.one_of([built_from(member) for member in get_args(hint)])
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        parts = {field.name: built_from(hints[field.name]) for field in fields(hint) if field.init}
        return st.fixed_dictionaries(parts).map(lambda kwargs: accepted(hint, kwargs)).filter(bool)
    if hasattr(hint, "_fields"):
        members = get_type_hints(hint)
        return st.builds(hint, **{name: built_from(members[name]) for name in hint._fields})
    return st.from_type(hint)


POSITIVE = {"quantity", "entry", "leverage", "tick", "lot"}


def accepted(cls: Any, kwargs: dict[str, Any]) -> Any:
    """An object, or None where its own checks refuse it; the commonest refusals are mended first."""
    kwargs |= {name: abs(kwargs[name]) + 1 for name in POSITIVE & kwargs.keys()}
    if tiers := kwargs.get("tiers"):
        kwargs["tiers"] = (type(tiers[0])(floor=Decimal(0), cap=None, rate=tiers[0].rate),)
    try:
        return cls(**kwargs)
    except AssertionError:
        return None


# Few of each: they are made of the same parts, and each part is in many of them.
@pytest.mark.parametrize("member", get_args(Codable), ids=lambda member: member.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_every_noun_comes_back_as_it_was(member: type, data: st.DataObject) -> None:
    value = data.draw(built_from(member))
    text = encode(value)
    back = decode(text)
    assert back == value
    assert type(back) is member
    # Equality forgives 1.0 for 1.00; the text does not.
    assert encode(back) == text
    assert json.loads(text)["type"] == member.__name__
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize("union", [Fact, Intent, Decision])
def test_the_closed_unions_are_covered_whole(union: UnionType) -> None:
    assert set(get_args(union)) <= set(get_args(Codable))


def test_keys_stand_in_the_order_of_the_declaration_and_digits_are_kept() -> None:
    mark = MarkPrice(at_ms=5, symbol=Symbol("BTC/USDT:USDT"), price=Decimal("64000.10"))
    assert encode(mark) == MARK_TEXT
    assert decode_fact(MARK_TEXT) == mark


def test_a_class_known_from_its_field_carries_no_name_and_a_member_of_a_union_does() -> None:
    action = Action(
        at_ms=1,
        client_id=ClientId("h1-1"),
        rule=RuleName("top_up"),
        intent=AddMargin(id=BTC, amount=Decimal("1E+2")),
        reason='near "the" edge',
        mark=Decimal(60000),
        distance_before=None,
        distance_after=Decimal("0.1"),
        deadline_ms=2,
    )
    assert encode(action) == (
        '{"type":"Action","at_ms":1,"client_id":"h1-1","rule":"top_up","intent":{"type":"AddMargin",'
        '"id":{"account":"main","symbol":"BTC/USDT:USDT","side":"long"},"amount":"1E+2"},'
        '"reason":"near \\"the\\" edge","mark":"60000","distance_before":null,"distance_after":"0.1",'
        '"deadline_ms":2}'
    )


def test_a_closed_position_is_null() -> None:
    closed = PositionChanged(at_ms=1, id=BTC, position=None)
    assert json.loads(encode(closed))["position"] is None
    assert decode(encode(closed)) == closed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("[1]", 'found "type" None'),
        ("7", 'found "type" None'),
        ('{"at_ms":1}', 'found "type" None'),
        ('{"type":"Meteor","at_ms":1}', "found \"type\" 'Meteor'"),
        ('{"type":["Tick"],"at_ms":1}', "found \"type\" ['Tick']"),
        ('{"type":"Tick"}', "missing ['at_ms']"),
        ('{"type":"Tick","at_ms":1,"more":2}', "unknown ['more']"),
        ('{"type":"Tick","at_ms":1.0}', "Tick.at_ms: found 1.0, expected a whole number"),
        ('{"type":"Tick","at_ms":true}', "Tick.at_ms: found True, expected a whole number"),
        ('{"type":"Tick","at_ms":"1"}', "Tick.at_ms: found '1', expected a whole number"),
        (
            MARK_TEXT.replace('"64000.10"', "64000.10"),
            "MarkPrice.price: found 64000.1, expected a finite",
        ),
        (MARK_TEXT.replace("64000.10", "NaN"), "MarkPrice.price: found 'NaN'"),
        (MARK_TEXT.replace("64000.10", "inf"), "MarkPrice.price: found 'inf'"),
        (MARK_TEXT.replace("64000.10", "64_000"), "MarkPrice.price: found '64_000'"),
        (MARK_TEXT.replace("64000.10", " 1"), "MarkPrice.price: found ' 1'"),
        (MARK_TEXT.replace("64000.10", "dear"), "MarkPrice.price: found 'dear'"),
        (MARK_TEXT.replace('"BTC/USDT:USDT"', "null"), "MarkPrice.symbol: found None, expected a string"),
        ('{"type":"PositionChanged","at_ms":1,"id":"x","position":null}', "found 'x', expected an object"),
        (
            '{"type":"PositionChanged","at_ms":1,"id":{"account":"a","symbol":"b","side":"up"},"position":null}',
            "PositionId.side: found 'up', expected one of long, short",
        ),
        (
            '{"type":"OrdersChanged","at_ms":1,"id":{"account":"a","symbol":"b","side":"long"},"orders":{}}',
            "OrdersChanged.orders: found {}, expected an array",
        ),
        (
            '{"type":"LinkChanged","at_ms":1,"account":"a","link":"auth","up":1,"because":""}',
            "LinkChanged.up: found 1, expected true or false",
        ),
    ],
)
def test_a_text_that_was_not_written_by_us_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(CodecError) as refused:
        decode(text)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_value_its_class_refuses_is_refused_when_read() -> None:
    text = (
        '{"type":"Position","id":{"account":"a","symbol":"b","side":"long"},"quantity":"0","entry":"1",'
        '"leverage":"1","mode":"cross","margin":"0","opened_ms":0}'
    )
    with pytest.raises(CodecError, match="quantity 0, expected above 0"):
        decode(text)


def test_a_decision_is_no_fact_and_a_fact_is_no_decision() -> None:
    changed = StateChanged(at_ms=1, subject="account:main", was="ARMED", now="BLIND", because="silence")
    assert decode_decision(encode(changed)) == changed
    with pytest.raises(CodecError, match="StateChanged"):
        decode_fact(encode(changed))
    with pytest.raises(CodecError, match="Tick"):
        decode_decision(encode(Tick(at_ms=1)))


@pytest.mark.parametrize(
    "value",
    [
        object(),
        BTC,
        MarkPrice(at_ms=1, symbol=Symbol("x"), price=Decimal("NaN")),
        MarkPrice(at_ms=1, symbol=Symbol("x"), price=1.5),  # type: ignore[arg-type]  # the mistake under test
        MarkPrice(at_ms="1", symbol=Symbol("x"), price=Decimal(1)),  # type: ignore[arg-type]  # the same
        PositionChanged(at_ms=1, id=None, position=None),  # type: ignore[arg-type]  # the same
    ],
)
def test_what_has_no_text_is_refused_when_written(value: Any) -> None:
    with pytest.raises(CodecError):
        encode(value)
