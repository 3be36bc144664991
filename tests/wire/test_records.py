"""A record is read by who is older than its writer, and by who is newer: while a release goes round there are both."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from derailed.telemetry import followed, heard, request_of, trace_of
from derailed.traces import cause_of, endpoint, traceparent_of
from derailed.wire import records
from derailed.wire.records import Record


class _Older(Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """As it was before it said what caused it."""

    event: str
    rev: int = 0
    id: int = 0
    time: int = 0
    guild: int = 0
    channel: int = 0
    author: int = 0
    mentions: tuple[int, ...] = ()
    target: int = 0
    data: bytes = b"{}"
    stripped: bytes | None = None


_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_CAUSE: Final = followed("edge-4711", _TRACE, _SPAN)
_OLD = _Older(event="MESSAGE_CREATE", rev=7, id=1 << 60, guild=5, mentions=(1, 2), data=b'{"id":"1"}', stripped=b"{}")
_NEW = Record(
    event="MESSAGE_CREATE",
    rev=7,
    id=1 << 60,
    guild=5,
    mentions=(1, 2),
    data=b'{"id":"1"}',
    stripped=b"{}",
    cause=_CAUSE,
)


def test_a_record_of_an_older_release_is_read() -> None:
    read = records.decode(msgspec.msgpack.encode(_OLD))
    assert read == msgspec.structs.replace(_NEW, cause="")


def test_an_older_release_reads_past_what_it_does_not_know() -> None:
    assert msgspec.msgpack.Decoder(_Older).decode(records.encode(_NEW)) == _OLD


def test_what_caused_a_record_comes_with_it() -> None:
    assert records.decode(records.encode(_NEW)) == _NEW
    plain = records.encode(msgspec.structs.replace(_NEW, cause=""))
    assert len(records.encode(msgspec.structs.replace(_NEW, cause="0123456789abcdef"))) == len(plain) + 16


def test_a_cause_names_a_request_and_where_it_stands_in_its_trace() -> None:
    assert (request_of(""), trace_of("")) == ("", None)
    assert (request_of("edge-4711"), trace_of("edge-4711")) == ("edge-4711", None)
    assert (request_of(_CAUSE), trace_of(_CAUSE)) == ("edge-4711", (_TRACE, _SPAN))
    assert traceparent_of("edge-4711") == ""
    assert traceparent_of(_CAUSE) == f"00-{_TRACE}-{_SPAN}-01"
    assert cause_of("edge-4711", traceparent_of(_CAUSE)) == _CAUSE
    for nonsense in ("", "00", f"ff-{_TRACE}-{_SPAN}-01", f"00-{_TRACE}-{_SPAN}", f"00-{_TRACE.upper()}-{_SPAN}-01"):
        assert cause_of("edge-4711", nonsense) == "edge-4711"


def test_a_cause_that_another_process_tells_is_believed_if_it_is_one() -> None:
    for cause in ("", "edge-4711", _CAUSE, followed("", _TRACE, _SPAN)):
        assert heard(cause) == cause
    for nonsense in ("two words", "a\nb", "x" * 65, f"edge-4711 {_TRACE}", f"{_CAUSE} "):
        assert heard(nonsense) == ""


def test_a_collector_without_a_path_is_asked_at_the_usual_one() -> None:
    assert endpoint("http://collector:4318") == endpoint("http://collector:4318/") == "http://collector:4318/v1/traces"
    assert endpoint("https://tempo.example/otlp/v1/traces") == "https://tempo.example/otlp/v1/traces"
