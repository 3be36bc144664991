"""What is in deploy/ agrees with the settings, the commands and itself, as far as can be seen without running it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
import yaml

from derailed.cli import app
from derailed.doctor.facts import Facts
from derailed.settings import VARIABLES, read, variable_name
from derailed.wire import limits
from tests.doctor.seeds import names

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
UNITS: Final = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILE: Final = (DEPLOY / "Dockerfile").read_text()
NGINX: Final = (DEPLOY / "nginx.conf").read_text()
CADDY: Final = (DEPLOY / "Caddyfile").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if service["image"] == "derailed"}
NEEDED: Final = {"CHAT_HOST": "chat.example.org", "POSTGRES_PASSWORD": "5e1f0a2b7c", "VALKEY_PASSWORD": "77aa31c9d2"}


def _in_image() -> dict[str, str]:
    """What the image sets."""
    block = re.search(r"^ENV (.+)$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE)
    assert block is not None
    return dict(pair.split("=", 1) for pair in block[1].split() if pair.startswith("DERAILED_"))


def _environment(service: dict[str, Any]) -> dict[str, str]:
    """What a process of the compose file is told, with the operator's own words in it."""
    told = {name: str(value) for name, value in service["environment"].items()}
    return _in_image() | {name: re.sub(r"\$\{(\w+):\?\}", lambda m: NEEDED[m[1]], text) for name, text in told.items()}


def _files() -> Iterator[Path]:
    return (path for path in DEPLOY.rglob("*") if path.is_file())


def test_every_setting_that_is_named_is_one() -> None:
    known = {variable_name(field) for field in VARIABLES}
    named = {(path.name, name) for path in _files() for name in re.findall(r"DERAILED_[A-Z_]*[A-Z]", path.read_text())}
    assert len(named) > 20
    assert [(path, name) for path, name in named if name not in known] == []


def test_every_command_is_one() -> None:
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    told = [service["command"][0] for service in OURS.values()]
    told += [
        line.split()[1] for unit in UNITS for line in re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
    ]
    told += re.findall(r'^CMD \["(\w+)"\]$', DOCKERFILE, re.MULTILINE)
    assert len(told) == len(OURS) + len(UNITS) + 1
    assert set(told) <= set(commands)


def test_the_compose_file_has_all_parts_and_two_nodes() -> None:
    assert sorted(service["command"][0] for service in OURS.values()) == ["api", "members", "presence", "wss", "wss"]
    assert {name: service["image"].partition(":")[0] for name, service in SERVICES.items() if name not in OURS} == {
        "postgres": "postgres",
        "valkey": "valkey/valkey",
        "proxy": "caddy",
    }
    published = [name for name, service in SERVICES.items() if "ports" in service]
    assert published == ["proxy"]


@pytest.mark.parametrize("name", OURS)
def test_each_process_of_the_compose_file_finds_the_others(name: str) -> None:
    settings = read(_environment(OURS[name]))
    settings.require(name, "database_url", "bus_url", "presence_url")
    for url in (settings.database_url, settings.bus_url):
        assert url.rpartition("@")[2].split("/")[0].split(":")[0] in SERVICES
    for address, port in ((settings.presence_url, 50051), (settings.members_url, 50052)):
        (only,) = address
        service, _, at = only.partition(":")
        told = read(_environment(OURS[service]))
        assert int(at) == port == getattr(told, f"{service}_port")
        assert getattr(told, f"{service}_host") == "0.0.0.0"
    network = COMPOSE["networks"]["default"]["ipam"]["config"][0]["subnet"]
    assert settings.shown("trusted_proxies") == network
    assert names(Facts(settings=settings)) == set()


def test_the_servers_in_the_compose_file_are_as_the_doctor_wants_them() -> None:
    told = SERVICES["valkey"]["command"]
    assert told[told.index("--maxmemory-policy") + 1] == "noeviction"
    assert told[told.index("--requirepass") + 1] == "${VALKEY_PASSWORD:?}"
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:?}"
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "derailed"


def test_the_proxies_lead_where_processes_listen() -> None:
    defaults = read({})
    api, gateway = defaults.http_port, defaults.gateway_port
    told = re.findall(r"reverse_proxy ([^{\n]+)", CADDY)
    assert [each.split() for each in told] == [[f"wss-1:{gateway}", f"wss-2:{gateway}"], [f"api:{api}"]]
    assert {each.partition(":")[0] for line in told for each in line.split()} <= set(OURS)
    assert re.findall(r"server (127\.0\.0\.1:\d+);", NGINX) == [f"127.0.0.1:{api}", f"127.0.0.1:{gateway}"]


def test_the_proxies_let_through_what_they_must_and_nothing_else() -> None:
    blocks = dict(re.findall(r"location (?:= )?(\S+) \{(.+?)\n    \}", NGINX, re.DOTALL))
    assert set(blocks) == {"/metrics", "/gateway", "/"}
    assert "return 404;" in blocks["/metrics"]
    assert re.search(r"handle /metrics \{\s+respond 404\s+\}", CADDY)
    for header in ("Upgrade $http_upgrade", "Connection $derailed_connection"):
        assert f"proxy_set_header {header};" in blocks["/gateway"]
    for header in ("Host $host", "X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $scheme"):
        assert all(f"proxy_set_header {header};" in blocks[path] for path in ("/gateway", "/"))
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(megabytes) << 20 > limits.BODY
    for text in (NGINX, CADDY):
        assert text.count("{") == text.count("}")
    assert all(line.rstrip().endswith((";", "{", "}")) for line in _code(NGINX))


def _code(text: str) -> list[str]:
    return [line for line in (each.partition("#")[0].rstrip() for each in text.splitlines()) if line]


@pytest.mark.parametrize(("program", "arguments"), [("nginx", ["-t", "-c"]), ("caddy", ["adapt", "--config"])])
def test_a_proxy_that_is_here_takes_its_file(tmp_path: Path, program: str, arguments: list[str]) -> None:
    """Where it is not here, the tests above are all that can be said."""
    found = shutil.which(program)
    if found is None:
        return
    file = DEPLOY / "Caddyfile"
    if program == "nginx":
        without_tls = re.sub(r"\n.*(listen .*443 ssl|ssl_certificate).*", "", NGINX)
        file = tmp_path / "nginx.conf"
        file.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {without_tls} }}")
    done = subprocess.run([found, *arguments, str(file)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_one_and_keeps_its_process_in(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    told = dict(line.split("=", 1) for line in _code(text) if "=" in line)
    for name, value in {"NoNewPrivileges": "true", "ProtectSystem": "strict", "CapabilityBoundingSet": ""}.items():
        assert told[name] == value
    assert told["User"] == "derailed"
    assert int(told["LimitNOFILE"]) >= 65_536
    assert "DERAILED_DATA_DIR=/var/lib/derailed" in told["Environment"]
    assert told["StateDirectory"] == "derailed"
    assert int(told["TimeoutStopSec"]) > read({}).drain_s + 10
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        copy = tmp_path / unit.name
        copy.write_text(text.replace("/opt/derailed/bin/derailed", str(Path(sys.executable).parent / "derailed")))
        done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_image_is_as_it_should_be() -> None:
    lines = _code(DOCKERFILE.replace("\\\n", " "))
    assert sum(line.startswith("FROM ") for line in lines) == 3
    last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert [line for line in last if line.startswith("USER ")] == ["USER derailed"]
    told = read(_in_image())
    (check,) = (line for line in last if line.startswith("HEALTHCHECK "))
    assert f"http://127.0.0.1:{told.health_port}/healthz" in check
    assert f"EXPOSE {told.http_port} {told.gateway_port} {told.health_port}" in last
    let_in = set(re.findall(r"^!(.+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            sources = line.split()[1:-1]
            assert all((ROOT / source).exists() for source in sources), line
            assert {source.split("/")[0] for source in sources} <= let_in, line


def test_the_example_of_settings_is_healthy() -> None:
    lines = (DEPLOY / "derailed.env").read_text().replace("\n#DERAILED", "\nDERAILED").replace("PASSWORD", "5e1f0a2b7c")
    told = dict(line.split("=", 1) for line in _code(lines))
    assert names(Facts(settings=read(told))) == set()
