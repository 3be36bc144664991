"""What is wrong on this machine is found: real ports, files, folders and databases."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler

import pytest

from derailed.doctor.examination import look
from derailed.doctor.table import findings
from derailed.store.sqlite import SqliteStore
from tests.certificates import certified
from tests.doctor.seeds import answering, found, settings
from tests.journeys.server import Server, derailed, free_port


def _made(folder: Path) -> Path:
    """A data folder with a database in it."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    asyncio.run(_open(data / "derailed.sqlite"))
    return data / "derailed.sqlite"


async def _open(path: Path) -> None:
    await SqliteStore.open(path, lambda: 0).close()


def _told(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()


def test_a_new_installation_has_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path) == set()


def test_one_that_has_a_database_has_none_either(tmp_path: Path) -> None:
    _made(tmp_path)
    assert found(tmp_path) == set()


def test_a_port_that_another_program_has_is_found(tmp_path: Path) -> None:
    with answering(BaseRequestHandler) as port:  # it hangs up on everybody
        assert found(tmp_path, http_port=str(port)) == {"port-taken"}


def test_ports_of_services_that_other_programs_have_are_found(tmp_path: Path) -> None:
    with answering(BaseRequestHandler) as port:
        told = {"members_url": f"127.0.0.1:{port}", "members_port": str(port)}
        assert found(tmp_path, **told) == {"port-taken", "service-silent", "split-in-halves"}


def test_an_address_of_another_machine_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, health_host="192.0.2.7", health_port=str(free_port())) == {"address-unusable"}


def test_an_app_that_was_not_built_is_found(tmp_path: Path) -> None:
    facts = asyncio.run(look(settings(data_dir=str(tmp_path / "data"), http_port="0"), tmp_path))
    assert [finding.name for finding in findings(facts)] == ["app-missing"]


def test_a_folder_that_nothing_can_be_written_to_is_found(tmp_path: Path) -> None:
    assert "data-unwritable" in found(tmp_path, data_dir="/proc/derailed")


def test_a_folder_that_everybody_may_enter_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    assert found(tmp_path) == {"data-readable"}


def test_a_folder_in_memory_is_found(tmp_path: Path) -> None:
    assert "data-in-memory" in found(tmp_path, data_dir="/dev/shm/derailed")


@pytest.mark.parametrize(("mode", "size", "name"), [(0o644, 32, "secret-readable"), (0o600, 7, "secret-unusable")])
def test_a_secret_that_is_none_is_found(tmp_path: Path, mode: int, size: int, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(size))
    secret.chmod(mode)
    assert found(tmp_path, secret_file=str(secret)) == {name}


def test_a_file_of_the_broker_that_can_not_be_used_is_found(tmp_path: Path) -> None:
    (tmp_path / "broker.toml").write_text("[namespaces.chat]\nlevel = 'paper'\n")
    assert found(tmp_path, broker_file=str(tmp_path / "broker.toml"), broker_port="0") == {"broker-file-wrong"}


@pytest.mark.parametrize("days", [-1, 3, 90])
def test_a_certificate_of_the_broker_that_ends_is_found(tmp_path: Path, days: int) -> None:
    certificate, key = certified(tmp_path, datetime.now(UTC) + timedelta(days=days))
    (tmp_path / "broker.toml").write_text(f"[tls]\ncertificate = '{certificate}'\nkey = '{key}'\n")
    expected = {"broker-certificate-ends"} if days < 14 else set()
    assert found(tmp_path, broker_file=str(tmp_path / "broker.toml"), broker_port="0") == expected


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("DELETE FROM migrations WHERE number > 1", "database-behind"),
        ("INSERT INTO migrations VALUES (9999, 'x', 0)", "database-incompatible"),
        ("INSERT INTO migrations VALUES (0, 'x', 0)", "database-incompatible"),
    ],
)
def test_a_database_of_another_version_is_found(tmp_path: Path, change: str, name: str) -> None:
    _told(_made(tmp_path), change)
    assert found(tmp_path) == {name}


def test_a_file_that_is_no_database_is_found(tmp_path: Path) -> None:
    _made(tmp_path).write_bytes(b"hello" * 1000)
    assert found(tmp_path) == {"database-unreachable"}


def test_services_and_servers_that_are_not_there_are_found(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    seen = found(
        tmp_path,
        bus_url=f"redis://{nobody}/0",
        limits_url=f"redis://{nobody}/0",
        presence_url=nobody,
        presence_port="0",
        gateway_port="0",
    )
    assert seen == {"bus-unreachable", "limits-unreachable", "service-silent", "split-in-halves"}


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_found(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    assert found(tmp_path, blobs_url=f"s3://files?endpoint={endpoint}") == {"blobs-unreachable"}


@pytest.mark.slow
def test_the_command_names_every_wrong_setting_and_a_running_server_has_no_finding(tmp_path: Path) -> None:
    wrong = derailed("doctor", DERAILED_HTTP_PORT="99999", DERAILED_HTPT_PORT="1")
    assert (wrong.returncode, wrong.stdout.count("setting-wrong: "), wrong.stderr) == (1, 2, "")
    with Server(tmp_path / "data", DERAILED_RATE_LIMITS="on") as server:
        well = derailed("doctor", **server.settings)
    assert (well.returncode, well.stdout.count("\n")) == (0, 1), well.stdout
