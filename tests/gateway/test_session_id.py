"""Session ids: what they say comes back, and nothing else is believed."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derailed.gateway.session_id import SessionId, sign, verify

SECRET = b"a secret of thirty-two bytes ..."
ONE = SessionId(
    user_id=10_000_000_000_000_011,
    token_id=10_000_000_000_000_012,
    intents=513,
    shard=(0, 2),
    large_threshold=250,
    epoch="3f2a",
    base=1 << 29,
    bot=True,
    nonce=b"8 bytes.",
)
_big = st.integers(0, (1 << 63) - 1)


@given(
    st.builds(
        SessionId,
        user_id=_big,
        token_id=_big,
        intents=_big,
        shard=st.none() | st.tuples(st.integers(0, 9), st.integers(1, 10)),
        large_threshold=st.integers(50, 250),
        epoch=st.text(max_size=40),
        base=_big,
        bot=st.booleans(),
        nonce=st.binary(min_size=8, max_size=8),
    )
)
def test_a_session_id_says_what_was_signed(session: SessionId) -> None:
    text = sign(session, SECRET)
    assert verify(text, SECRET) == session
    assert text.replace("-", "").replace("_", "").isalnum()


def test_another_secret_made_it_so_it_is_not_ours() -> None:
    assert verify(sign(ONE, b"another secret"), SECRET) is None


def test_every_shorter_form_of_it_is_refused() -> None:
    text = sign(ONE, SECRET)
    assert [n for n in range(len(text)) if verify(text[:n], SECRET) is not None] == []


def test_no_bit_of_it_can_be_changed() -> None:
    raw = _raw(sign(ONE, SECRET))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert verify(base64.urlsafe_b64encode(changed).decode().rstrip("="), SECRET) is None


def test_a_body_with_another_account_needs_another_signature() -> None:
    mine, theirs = _raw(sign(ONE, SECRET)), msgspec.structs.replace(ONE, user_id=7)
    forged = msgspec.msgpack.encode(theirs) + mine[-16:]
    assert verify(base64.urlsafe_b64encode(forged).decode(), SECRET) is None


@pytest.mark.parametrize("text", ["", "=", "====", "abc", "é" * 20, "a" * 4096, "\x00", "-" * 100])
def test_what_was_never_an_id_is_refused(text: str) -> None:
    assert verify(text, SECRET) is None


@given(st.text(max_size=200))
def test_arbitrary_text_is_refused_and_never_raises(text: str) -> None:
    assert verify(text, SECRET) is None


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
