"""Facts, intents and decisions as text and back, exactly: what the journal stores and hashes.

The text is canonical JSON: ASCII, no blanks, the keys in the order the class declares them, every ``Decimal``
a string with all its digits. A member of a union carries its class name under ``"type"``; a field whose
class is known from the declaration does not. Reading is strict: a key too many or too few, a wrong kind of
value or an unknown name is a ``CodecError``, because a journal that is read loosely proves nothing.

Codecs are derived from the declarations, once per class and at first use, so a new field cannot be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from json.encoder import encode_basestring_ascii
from operator import attrgetter, call
from types import NoneType, UnionType
from typing import Any, NewType, NoReturn, Union, get_args, get_origin, get_type_hints

from bot.core.contracts import Contract
from bot.core.decisions import Decision
from bot.core.facts import Fact
from bot.core.intents import Intent
from bot.core.types import Order, Position

Codable = Fact | Intent | Decision | Order | Position | Contract
"""Everything that has a text of its own."""

_LONGEST = 60


class CodecError(Exception):
    """A value that has no text, or a text that stands for no value; the message says where and why."""


def encode(value: Codable) -> str:
    """The canonical text of ``value``; ``CodecError`` for what is not ``Codable`` or holds a wrong value."""
    try:
        return _tagged_codec(type(value)).encode(value)
    except (AttributeError, KeyError, TypeError) as error:
        raise CodecError(f"{type(value).__name__} holds a value of the wrong kind: {error}") from error


def decode(text: str) -> Codable:
    """The value a text stands for; ``CodecError`` for anything that ``encode`` would not have written."""
    value: Codable = _union_codec(Codable).decode(_parsed(text))
    return value


def decode_fact(text: str) -> Fact:
    """As ``decode``, and it must be a fact."""
    fact: Fact = _union_codec(Fact).decode(_parsed(text))
    return fact


def decode_decision(text: str) -> Decision:
    """As ``decode``, and it must be a decision."""
    decision: Decision = _union_codec(Decision).decode(_parsed(text))
    return decision


@dataclass(frozen=True, slots=True)
class _Codec:
    """Both directions for one declared type: to JSON text, and back from what a JSON parser gives."""

    encode: Callable[[Any], str]
    decode: Callable[[Any], Any]


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}, found {_shown(text)}") from error


def _tagged_codec(cls: type) -> _Codec:
    """The codec of a class that names itself."""
    known = _TAGGED.get(cls)
    if known is None:
        if cls not in get_args(Codable):
            raise CodecError(f"{cls.__name__} has no text; expected one of {_names(Codable)}")
        known = _TAGGED[cls] = _class_codec(cls, f'"type":"{cls.__name__}",')
    return known


_TAGGED: dict[type, _Codec] = {}


@cache
def _union_codec(union: UnionType) -> _Codec:
    """The codec of a closed union of classes, told apart by their names."""
    members = {member.__name__: member for member in get_args(union)}

    def of(value: object) -> str:
        return _tagged_codec(type(value)).encode(value)

    def back(data: object) -> object:
        tag = data.get("type") if type(data) is dict else None
        member = members.get(tag) if type(tag) is str else None
        if member is None or type(data) is not dict:
            raise CodecError(f'found "type" {_shown(tag)}, expected one of {_names(union)}')
        rest = dict(data)
        del rest["type"]
        return _tagged_codec(member).decode(rest)

    return _Codec(of, back)


def _class_codec(cls: type[Any], tag: str) -> _Codec:
    hints = get_type_hints(cls)
    names = _names_of(cls)
    codecs = tuple(_codec(hints[name]) for name in names)
    template = "{" + tag + ",".join(f'"{name}":%s' for name in names) + "}"
    encoders = tuple(codec.encode for codec in codecs)
    decoders = {name: codec.decode for name, codec in zip(names, codecs, strict=True)}
    # attrgetter gives a bare value for a single name and a tuple for several.
    values = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)

    def of(value: object) -> str:
        return template % tuple(map(call, encoders, values(value)))

    def back(data: object) -> object:
        if type(data) is not dict or data.keys() != decoders.keys():
            _refuse_keys(cls, data, names)
        try:
            parts = {name: decoder(data[name]) for name, decoder in decoders.items()}
        except CodecError:
            # Which it was is asked where one is wrong: a journal has millions that are right.
            parts = {name: _field(cls, name, decoder, data[name]) for name, decoder in decoders.items()}
        try:
            return cls(**parts)
        except AssertionError as error:
            raise CodecError(f"{cls.__name__}: {error}") from error

    return _Codec(of, back)


def _names_of(cls: type[Any]) -> tuple[str, ...]:
    """What an object of the class is made from: the fields of a dataclass or of a named tuple."""
    if is_dataclass(cls):
        return tuple(field.name for field in fields(cls) if field.init)
    names: tuple[str, ...] = cls._fields
    return names


def _field(cls: type, name: str, decoder: Callable[[Any], Any], data: object) -> object:
    try:
        return decoder(data)
    except CodecError as error:
        raise CodecError(f"{cls.__name__}.{name}: {error}") from error


def _refuse_keys(cls: type, data: object, names: tuple[str, ...]) -> NoReturn:
    if type(data) is not dict:
        raise CodecError(f"{cls.__name__}: found {_shown(data)}, expected an object")
    missing = [name for name in names if name not in data]
    unknown = [name for name in data if name not in names]
    raise CodecError(f"{cls.__name__}: missing {missing}, unknown {_shown(unknown)}")


@cache
def _codec(hint: Any) -> _Codec:  # noqa: ANN401  # a type annotation may be any object
    """The codec of a declared type. A kind of type that is not listed here is a defect of its class."""
    if isinstance(hint, NewType):
        return _codec(hint.__supertype__)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if get_origin(hint) is tuple:
        return _tuple_codec(get_args(hint))
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        return _optional_codec(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_codec(hint)
    assert is_dataclass(hint) or hasattr(hint, "_fields"), f"no text is defined for {hint!r}"
    return _class_codec(hint, "")


def _optional_codec(union: UnionType) -> _Codec:
    present = tuple(member for member in get_args(union) if member is not NoneType)
    if len(present) == len(get_args(union)):
        return _union_codec(union)
    assert len(present) == 1, f"no text is defined for {union!r}"
    inner = _codec(present[0])
    return _Codec(
        lambda value: "null" if value is None else inner.encode(value),
        lambda data: None if data is None else inner.decode(data),
    )


def _tuple_codec(arguments: tuple[object, ...]) -> _Codec:
    element, ellipsis = arguments
    assert ellipsis is ..., "only tuples of one kind and any length have a text"
    inner = _codec(element)

    def back(data: object) -> object:
        if type(data) is not list:
            raise CodecError(f"found {_shown(data)}, expected an array")
        return tuple([inner.decode(item) for item in data])

    return _Codec(lambda value: f"[{','.join([inner.encode(item) for item in value])}]", back)


def _enum_codec(enum: type[StrEnum]) -> _Codec:
    texts = {member: encode_basestring_ascii(member.value) for member in enum}
    members = {member.value: member for member in enum}

    def back(data: object) -> object:
        member = members.get(data) if type(data) is str else None
        if member is None:
            raise CodecError(f"found {_shown(data)}, expected one of {', '.join(members)}")
        return member

    return _Codec(texts.__getitem__, back)


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise CodecError(f"found {value}, expected a finite decimal")
    return f'"{value!s}"'


def _decimal_back(data: object) -> object:
    try:
        value = Decimal(data) if type(data) is str else None
    except InvalidOperation:
        value = None
    # The comparison refuses what Decimal() would forgive: blanks, underscores, a leading plus.
    if value is None or not value.is_finite() or str(value) != data:
        raise CodecError(f"found {_shown(data)}, expected a finite decimal as a string")
    return value


def _exactly(kind: type, name: str) -> Callable[[object], object]:
    def back(data: object) -> object:
        if type(data) is not kind:
            raise CodecError(f"found {_shown(data)}, expected {name}")
        return data

    return back


def _bool_text(value: bool) -> str:  # noqa: FBT001  # it is the value, not a switch
    return {True: "true", False: "false"}[value]


_PLAIN: dict[object, _Codec] = {
    bool: _Codec(_bool_text, _exactly(bool, "true or false")),
    int: _Codec(int.__repr__, _exactly(int, "a whole number")),
    str: _Codec(encode_basestring_ascii, _exactly(str, "a string")),
    Decimal: _Codec(_decimal_text, _decimal_back),
}


def _names(union: UnionType) -> str:
    return ", ".join(member.__name__ for member in get_args(union))


def _shown(data: object) -> str:
    """Foreign data made safe for a one-line message: escaped and cut."""
    text = ascii(data)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
