"""Everything that is wrong with a body, field by field: msgspec stops at the first, people mend them all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from derailed.api.answers import field_error
from derailed.model.errors import FieldError
from derailed.wire.requests import decode_hook


def complaints(kind: Any, sent: bytes) -> tuple[FieldError, ...]:
    """What is wrong with each field of a body that should be of this kind; of any that is no object, nothing."""
    given = msgspec.json.decode(sent)
    if not isinstance(given, dict) or not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ()
    return tuple(_complaints(kind, given))


def _complaints(kind: type[msgspec.Struct], given: dict[str, Any]) -> Iterator[FieldError]:
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        if name not in given:
            if field.required:
                yield FieldError((name,), "BASE_TYPE_REQUIRED", "This field is required")
            continue
        try:
            msgspec.convert(given[name], field.type, dec_hook=decode_hook)
        except msgspec.ValidationError as error:
            found = field_error(error)
            yield FieldError((name, *found.path), found.code, found.message)
