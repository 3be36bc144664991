"""A member's JSON in a third of its size: phrases that nearly all members share stand as one byte each.

JSON as we encode it holds no byte below 0x20, so such a byte can stand for a phrase, and unpacking is exact whatever
the JSON says. It works on many members at once, joined: a chunk is unpacked by a dozen passes in C.
"""

from __future__ import annotations

from typing import Final

import msgspec

from derailed.wire.shapes import MemberShape

_END: Final = (
    b'000+00:00","premium_since":null,"deaf":false,"mute":false,"flags":0,"pending":false,'
    b'"communication_disabled_until":null}'
)
_PHRASES: Final = (
    b'{"user":{"id":"',
    b'","username":"',
    b'","discriminator":"0","global_name":',
    b',"public_flags":0,"banner":null,"accent_color":null,"avatar_decoration_data":null},"nick":',
    b',"avatar":null,"banner":null,"roles":[',
    b'],"joined_at":"20',
    _END,
    b',"avatar":null',
    b',"avatar":"',
    b"null",
    b'","',
    b'"\x04\x0a\x05',
    b'"\x06',
    b'\x05"',
    b'\x03"',
)
"""The n-th, from 1, becomes byte n; one may hold the bytes of those before it."""
_SWAPS: Final = tuple((phrase, bytes((number,))) for number, phrase in enumerate(_PHRASES, 1))
_BACK: Final = tuple((code, phrase) for phrase, code in reversed(_SWAPS))

_encode = msgspec.json.Encoder().encode


def pack(member: MemberShape) -> bytes:
    """The member to keep."""
    packed = _encode(member)
    for phrase, code in _SWAPS:
        packed = packed.replace(phrase, code)
    return packed


def unpack(packed: bytes) -> bytes:
    """The JSON again, of one member or of several with commas between them."""
    for code, phrase in _BACK:
        packed = packed.replace(code, phrase)
    return packed
