"""From nothing to a server that answers, and back."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.server import Server, derailed, free_port


def test_a_fresh_folder_becomes_a_server_that_is_ready(server: Server) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        with urllib.request.urlopen(server.url + path, timeout=5) as answer:
            assert answer.status == 200


def test_metrics_tell_how_late_the_event_loop_is(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer:
        assert "derailed_loop_stall_seconds_bucket" in answer.read().decode()


def test_a_start_says_where_it_is_and_where_the_data_is(server: Server) -> None:
    assert server.url in server.log
    assert str(server.data) in server.log


@pytest.mark.parametrize("how", [Server.terminate, Server.interrupt])
def test_a_stop_is_clean_and_says_nothing_of_errors(server: Server, how: object) -> None:
    assert callable(how)
    assert how(server) == 0
    assert "error" not in server.log.lower()


def test_a_stop_sends_those_who_are_connected_away_to_come_back(server: Server) -> None:
    async def stopped() -> tuple[int, int, int]:
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.gateway}/?v=10&encoding=json") as gateway:
            await gateway.receive_json()  # HELLO
            exit_code = await asyncio.to_thread(server.terminate)
            reconnect, close = await gateway.receive_json(), await gateway.receive()
            return exit_code, reconnect["op"], close.data

    assert asyncio.run(stopped()) == (0, 7, 1001)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DERAILED_HTTP_PORT", "eighty"),
        ("DERAILED_HTTP_PORT", "65536"),
        ("DERAILED_REGISTRATION", "maybe"),
        ("DERAILED_RESUME_WINDOW", "59"),
        ("DERAILED_DATABASE_URL", "mysql://127.0.0.1/derailed"),
        ("DERAILED_BUS_URL", "nats://127.0.0.1"),
        ("DERAILED_BLOBS_URL", "https://s3.example.org/bucket"),
        ("DERAILED_BLOBS_URL", "s3://key:secret@bucket"),
        ("DERAILED_BLOBS_URL", "s3://bucket?zone=eu"),
        ("DERAILED_PUBLIC_URL", "chat.example.org"),
        ("DERAILED_LOG_LEVEL", "loud"),
        ("DERAILED_HTTP_PROT", "8080"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    ended = derailed("up", **{"DERAILED_DATA_DIR": str(tmp_path), name: value})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"derailed: {name}: ")
    assert ended.stderr.count("\n") == 1


def test_a_data_folder_that_is_a_file_is_a_wrong_setting(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    ended = derailed("up", DERAILED_DATA_DIR=str(file))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_DATA_DIR: ")


def test_a_port_in_use_is_one_line_that_names_it(server: Server, tmp_path: Path) -> None:
    ended = derailed("up", DERAILED_DATA_DIR=str(tmp_path / "other"), DERAILED_HTTP_PORT=str(server.port))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_HTTP_PORT: ")


def test_two_servers_on_one_data_folder_are_refused_in_one_line(server: Server) -> None:
    ended = derailed("up", DERAILED_DATA_DIR=str(server.data), DERAILED_HTTP_PORT=str(free_port()))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_DATA_DIR: ")


def test_a_second_start_finds_the_data_of_the_first(server: Server) -> None:
    secret = (server.data / "secret").read_bytes()
    server.restart()
    assert (server.data / "secret").read_bytes() == secret


def test_the_data_is_nobody_elses_to_read(server: Server) -> None:
    assert server.data.stat().st_mode & 0o077 == 0
    assert (server.data / "secret").stat().st_mode & 0o077 == 0


def test_half_a_secret_is_not_taken_for_one(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"short")
    ended = derailed("up", DERAILED_DATA_DIR=str(tmp_path / "data"), DERAILED_SECRET_FILE=str(secret))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_SECRET_FILE: ")


def test_a_secret_that_can_not_be_read_is_one_line(tmp_path: Path) -> None:
    ended = derailed("up", DERAILED_DATA_DIR=str(tmp_path / "data"), DERAILED_SECRET_FILE=str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_SECRET_FILE: ")


def test_a_data_folder_that_can_not_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = derailed("up", DERAILED_DATA_DIR=str(tmp_path / "file" / "data"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("derailed: DERAILED_DATA_DIR: ")


@pytest.mark.parametrize("line", ["OPTIONS * HTTP/1.1", "GET //healthz HTTP/1.1", "GET http://elsewhere/ HTTP/1.1"])
def test_an_odd_request_line_is_answered_and_is_nobodys_mistake_here(server: Server, line: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{line}\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
        status = int(connection.makefile("rb").readline().split()[1])
    assert status < 500
    assert "error" not in server.log.lower()


def test_config_lists_every_setting_with_its_value(tmp_path: Path) -> None:
    ended = derailed("config", DERAILED_DATA_DIR=str(tmp_path), DERAILED_HTTP_PORT="8123", COLUMNS="200")
    assert ended.returncode == 0
    assert "DERAILED_HTTP_PORT" in ended.stdout
    assert "8123" in ended.stdout


def test_the_version_is_said() -> None:
    assert derailed("--version").stdout.startswith("derailed ")
