"""A session id says what the session is, signed, so that any node can resume it and none need remember it.

base64url(msgpack [user, token, intents, shard, threshold, epoch, base, bot, nonce] ∥ HMAC-SHA256[:16])
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec
from msgspec import Struct

_SIGNATURE_BYTES = 16
_encode = msgspec.msgpack.Encoder().encode


class SessionId(Struct, frozen=True, array_like=True):
    """`base` is the offset that its `s` counts from, `nonce` tells two sessions alike apart."""

    user_id: int
    token_id: int
    intents: int
    shard: tuple[int, int] | None
    large_threshold: int
    epoch: str
    base: int
    bot: bool
    nonce: bytes

    @property
    def handle(self) -> str:
        """What the log calls it, on every node that it is resumed on. Nothing can be done with it."""
        return hashlib.blake2b(self.nonce, digest_size=6).hexdigest()


def sign(session: SessionId, secret: bytes) -> str:
    """The text that a client gets."""
    body = _encode(session)
    return base64.urlsafe_b64encode(body + _signature(body, secret)).rstrip(b"=").decode()


def verify(text: str, secret: bytes) -> SessionId | None:
    """What the text says, if we signed it."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _signature(body, secret)):
            return None
        return msgspec.msgpack.decode(body, type=SessionId)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None


def _signature(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)[:_SIGNATURE_BYTES]
