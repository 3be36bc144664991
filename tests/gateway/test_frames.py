"""Frames: what goes on the wire is what every decoder there is reads back."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import sys
import warnings
import zlib
from typing import Any

import pytest
import zstandard
from aiohttp import WSMessage, WSMsgType
from hikari.impl.shard import _GatewayZlibStreamTransport
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from derailed.gateway import frames
from derailed.gateway.frames import ZLIB_HEADER, Frame, deflate, dispatch, websocket

TEXT = 0x81
BINARY = 0x82


def read(wire: bytes) -> list[tuple[Opcode, bytes]]:
    """What a WebSocket client takes from these bytes: whole messages."""
    client = FrameProtocol(client=True, extensions=[])
    client.receive_bytes(wire)
    out: list[tuple[Opcode, bytes]] = []
    parts = b""
    for frame in client.received_frames():
        assert not isinstance(frame.payload, tuple)  # a CLOSE's
        parts += frame.payload.encode() if isinstance(frame.payload, str) else bytes(frame.payload)
        if frame.message_finished:
            out.append((frame.opcode, parts))
            parts = b""
    return out


# --- WebSocket


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
@pytest.mark.parametrize(("opcode", "name"), [(TEXT, Opcode.TEXT), (BINARY, Opcode.BINARY)])
def test_a_frame_of_any_length_is_read_whole(size: int, opcode: int, name: Opcode) -> None:
    assert read(websocket(b"x" * size, opcode)) == [(name, b"x" * size)]


@pytest.mark.parametrize(("size", "head"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_the_length_takes_the_fewest_bytes_that_hold_it(size: int, head: int) -> None:
    assert len(websocket(b"x" * size, TEXT)) == head + size


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_frames_one_after_another_are_read_one_by_one(payloads: list[bytes]) -> None:
    wire = b"".join(websocket(payload, BINARY) for payload in payloads)
    assert read(wire) == [(Opcode.BINARY, payload) for payload in payloads]


# --- dispatches


@given(
    event=st.sampled_from(["READY", "MESSAGE_CREATE", "GUILD_MEMBERS_CHUNK"]),
    sequence=st.integers(1, (1 << 31) - 1),
    data=st.dictionaries(st.text(), st.text() | st.integers() | st.none()),
)
def test_a_dispatch_has_the_four_keys_that_libraries_look_up(event: str, sequence: int, data: dict[str, Any]) -> None:
    frame = dispatch(event, sequence, json.dumps(data, ensure_ascii=False).encode())
    assert json.loads(frame.payload) == {"op": 0, "s": sequence, "t": event, "d": data}
    assert read(frame.plain) == [(Opcode.TEXT, frame.payload)]


@pytest.mark.parametrize(
    ("frame", "op", "d"),
    [
        (frames.HELLO, 10, {"heartbeat_interval": 41_250}),
        (frames.ACK, 11, None),
        (frames.RECONNECT, 7, None),
        (frames.INVALID_SESSION, 9, False),
    ],
)
def test_the_fixed_frames_are_what_they_say(frame: Frame, op: int, d: object) -> None:
    assert json.loads(frame.payload) == {"op": op, "d": d, "s": None, "t": None}


def test_a_frame_is_made_once_for_each_way_of_sending_it() -> None:
    frame = dispatch("MESSAGE_CREATE", 2, b"{}")
    assert frame.plain is frame.plain
    assert frame.zlib is frame.zlib


# --- shared compression

_payloads = st.lists(st.binary(max_size=2000) | st.text(max_size=500).map(str.encode), min_size=1, max_size=12)


def inflated(runs: list[bytes]) -> list[bytes]:
    """What one zlib context makes of runs that were deflated apart."""
    context = zlib.decompressobj()
    context.decompress(ZLIB_HEADER)
    return [context.decompress(run) for run in runs]


@given(_payloads)
def test_runs_deflated_apart_are_one_zlib_stream_together(payloads: list[bytes]) -> None:
    assert inflated([deflate(payload) for payload in payloads]) == payloads


@given(_payloads)
def test_every_run_ends_where_clients_look_for_its_end(payloads: list[bytes]) -> None:
    assert all(deflate(payload).endswith(b"\x00\x00\xff\xff") for payload in payloads)


def test_a_run_does_not_depend_on_what_a_connection_got_before() -> None:
    payloads = [json.dumps({"n": n, "text": "the same words again and again " * n}).encode() for n in range(40)]
    for start in range(len(payloads)):
        assert inflated([deflate(payload) for payload in payloads[start:]]) == payloads[start:]


def test_large_payloads_come_out_as_they_went_in() -> None:
    ready = json.dumps([{"id": str(n), "name": f"channel-{n}"} for n in range(20_000)]).encode()
    assert inflated([deflate(ready), deflate(b"{}"), deflate(ready)]) == [ready, b"{}", ready]


TEXTS = [json.dumps({"op": 0, "s": n, "t": "X", "d": "äß" * n}) for n in range(200)]
STREAM = [ZLIB_HEADER + deflate(b"{}"), *(deflate(text.encode()) for text in TEXTS)]


def discord_py_decoder() -> Any:
    """The decoder that discord.py picks when it is imported: zstd where it finds the package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports audioop
        found = importlib.util.find_spec("discord.utils")
        assert found is not None
        assert found.origin is not None
        spec = importlib.util.spec_from_file_location("discord.utils_once_more", found.origin)
        assert spec is not None
        assert spec.loader is not None
        utils = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(utils)
    return utils._ActiveDecompressionContext()


def test_the_decoder_of_discord_py_reads_shared_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    decoder = discord_py_decoder()
    assert decoder.COMPRESSION_TYPE == "zlib-stream"
    assert [decoder.decompress(run) for run in STREAM] == ["{}", *TEXTS]


class Received:
    """The socket of hikari's transport, with the messages of a stream."""

    def __init__(self, runs: list[bytes]) -> None:
        self._runs = iter(runs)

    async def receive(self) -> WSMessage:
        return WSMessage(WSMsgType.BINARY, next(self._runs), None)


def test_the_decoder_of_hikari_reads_shared_frames() -> None:
    logger = logging.getLogger("hikari")
    transport = _GatewayZlibStreamTransport(
        ws=Received(STREAM), exit_stack=None, logger=logger, log_filterer=None, dumps=json.dumps, loads=json.loads
    )

    async def read_all() -> list[object]:
        return [await transport.receive_json() for _ in STREAM]

    assert asyncio.run(read_all()) == [{}, *map(json.loads, TEXTS)]


# --- zstd


def test_the_decoder_of_discord_py_reads_a_zstd_block_a_message() -> None:
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    decoder = discord_py_decoder()
    assert decoder.COMPRESSION_TYPE == "zstd-stream"
    for text in ("{}", "x" * 100_000, *TEXTS):
        block = compressor.compress(text.encode()) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        assert decoder.decompress(block) == text
