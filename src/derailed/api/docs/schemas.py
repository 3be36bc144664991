"""JSON Schemas of all that is sent and answered, from the types that decode and encode it.

In a body that is sent a key with a default may be left out. In an answer it is always there, and only a key whose
type says UNSET can be missing: the same type may so have two schemas, of which the sent one is called `…Sent`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

from derailed.model import snowflakes
from derailed.wire.requests import Bits, Snowflake

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_DIGITS: Final = "^[0-9]{1,19}$"
_WHOLE_NUMBERS: Final[dict[Any, str]] = {
    Snowflake: "An id, as a string or a number.",
    Bits: "A set of bits, as a string or a number.",
}


class Schemas:
    """The schemas of these types, and the components that they refer to."""

    def __init__(self, sent: Sequence[Any], answered_with: Sequence[Any]) -> None:
        shown = [each for kind in answered_with for each in _alternatives(kind)]
        self._sent, asked = _schemas(sent)
        self._shown, answered = _schemas(shown)
        omitting = _leaving_out(shown)
        answered = {name: schema if name in omitting else _always_whole(schema) for name, schema in answered.items()}
        renamed = {name for name, schema in asked.items() if answered.get(name, schema) != schema}
        renamed |= {name for name in asked if name in answered and _refers_to(asked[name], renamed)}
        self._renamed = renamed
        sent_too = {self._name(name): self._refer(schema) for name, schema in asked.items()}
        self.components: dict[str, Schema] = dict(sorted({**answered, **sent_too}.items()))

    def sent(self, kind: Any) -> Schema:
        """The schema of a body."""
        return self._refer(self._sent[_key(kind)])

    def shown(self, kind: Any) -> Schema:
        """The schema of an answer."""
        found = [self._shown[_key(each)] for each in _alternatives(kind)]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _name(self, name: str) -> str:
        return f"{name}Sent" if name in self._renamed else name

    def _refer(self, schema: Schema) -> Schema:
        text = json.dumps(schema)
        for name in self._renamed:
            text = text.replace(f'"{_REF.format(name=name)}"', f'"{_REF.format(name=self._name(name))}"')
        referring: Schema = json.loads(text)
        return referring


def of_value(kind: Any) -> Schema:
    """The schema of a parameter, which refers to nothing."""
    schema: Schema = _plain(msgspec.json.schema(kind, schema_hook=_of_ours))
    return schema


def _schemas(kinds: Iterable[Any]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    each = {_key(kind): kind for kind in kinds}
    found, components = msgspec.json.schema_components(each.values(), schema_hook=_of_ours, ref_template=_REF)
    schemas = {key: _plain(schema) for key, schema in zip(each, found, strict=True)}
    return schemas, {name: _plain(schema) for name, schema in components.items()}


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The kinds of which an answer is one: no decoder could tell them apart, but nothing here decodes answers."""
    return kind.__args__ if isinstance(kind, UnionType) else (kind,)


def _key(kind: Any) -> str:
    return repr(kind)


def _of_ours(kind: type) -> Schema:
    number = {"type": "integer", "minimum": 0, "maximum": snowflakes.MAX}
    text = {"type": "string", "pattern": _DIGITS}
    return {"anyOf": [text, number], "description": _WHOLE_NUMBERS[kind]}


def _plain(schema: Any) -> Any:
    """Without the `{}` of what is spliced in as it is: the type beside it says what that looks like."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}
    choices = plain.get("anyOf")
    if isinstance(choices, list) and {} in choices:
        choices.remove({})
        if len(choices) == 1:
            return {**plain.pop("anyOf")[0], **plain}
    return plain


def _always_whole(schema: Schema) -> Schema:
    """As it is answered: what has a default is there nevertheless."""
    properties = schema["properties"]
    required = [key for key, value in properties.items() if key in schema["required"] or "default" in value]
    shown = {
        key: {word: said for word, said in value.items() if word != "default"} for key, value in properties.items()
    }
    return {**schema, "properties": shown, "required": required}


def _leaving_out(kinds: Iterable[Any]) -> frozenset[str]:
    """The names of the structs whose defaults are not encoded."""
    seen: dict[type, bool] = {}
    for kind in kinds:
        for found in _structs(inspect.type_info(kind), seen):
            seen[found] = found.__struct_config__.omit_defaults
    return frozenset(found.__name__ for found, omits in seen.items() if omits)


def _structs(info: inspect.Type, seen: dict[type, bool]) -> Iterator[type[Struct]]:
    if isinstance(info, inspect.StructType):
        if info.cls in seen:
            return
        seen[info.cls] = False
        yield info.cls
        for field in info.fields:
            yield from _structs(field.type, seen)
    elif isinstance(info, inspect.UnionType):
        for each in info.types:
            yield from _structs(each, seen)
    elif isinstance(info, inspect.CollectionType):
        yield from _structs(info.item_type, seen)
    elif isinstance(info, inspect.DictType):
        yield from _structs(info.value_type, seen)
    elif isinstance(info, inspect.Metadata):
        yield from _structs(info.type, seen)


def _refers_to(schema: Schema, names: set[str]) -> bool:
    text = json.dumps(schema)
    return any(f'"{_REF.format(name=name)}"' in text for name in names)
