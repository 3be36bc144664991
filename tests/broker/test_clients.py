"""Other people's clients, unmodified, on the shipped broker: Python's, Redis's own, and JavaScript's."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import redis
import redis.asyncio

from tests.broker.process import Broker
from tests.journeys.browser import WEB
from tests.journeys.server import free_port
from tests.servers import redis_tools
from tools.setup import find_npm

pytestmark = pytest.mark.slow

NODE = Path(__file__).with_name("node")
NODE_CACHE = WEB / "node_modules" / ".cache" / "redis-clients"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("clients") / "data") as server:
        yield server


@pytest.mark.parametrize("version", [2, 3])
def test_redis_py_appends_reads_and_waits(broker: Broker, version: int) -> None:
    with redis.Redis(port=broker.port, protocol=version, decode_responses=True, client_name="test") as client:
        topic = f"py:{version}"
        first = client.xadd(topic, {"a": "1", "b": "2"})
        with client.pipeline(transaction=False) as pipe:
            for n in range(100):
                pipe.xadd(topic, {"n": str(n)})
            pipe.xlen(topic)
            *_, length = pipe.execute()
        assert length == 101
        assert client.xrange(topic, count=1) == [(first, {"a": "1", "b": "2"})]
        assert client.xrevrange(topic, count=1)[0][1] == {"n": "99"}
        read: Any = client.xread({topic: first}, count=2, block=10)
        ((named, entries),) = read.items() if version == 3 else read
        assert named == topic
        flat = entries[0] if version == 3 and isinstance(entries[0], list) else entries
        assert [fields["n"] for _, fields in flat] == ["0", "1"]
        assert client.xread({topic: "$"}, block=10) in ([], {})
        about = client.xinfo_stream(topic)
        assert about["length"] == 101
        assert about["last-generated-id"] == client.xrevrange(topic, count=1)[0][0]
        assert client.client_getname() == "test"
        assert client.info("server")["redis_mode"] == "standalone"
        with pytest.raises(redis.ResponseError, match="consumer groups are not supported yet"):
            client.xgroup_create(topic, "group")


@pytest.mark.parametrize("version", [2, 3])
def test_redis_py_publishes_and_listens(broker: Broker, version: int) -> None:
    async def talk() -> list[Any]:
        client = redis.asyncio.Redis(port=broker.port, protocol=version)
        heard = []
        async with client, client.pubsub(ignore_subscribe_messages=True) as listener:
            await listener.subscribe("news", "other")
            assert (await listener.get_message(timeout=5)) is None  # the confirmations, which are not asked for
            assert (await listener.get_message(timeout=5)) is None
            assert await client.publish("news", "hello") == 1
            message = await listener.get_message(timeout=5)
            assert message is not None
            heard.append((message["channel"], message["data"]))
            await listener.unsubscribe("other")
            await listener.ping()
        return heard

    assert asyncio.run(talk()) == [(b"news", b"hello")]


def test_redis_py_logs_in_over_tls(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    digest = sha256(b"secret").hexdigest()
    file = f"""
        [tls]
        certificate = "cert.pem"
        key = "key.pem"
        [users.reader]
        password_sha256 = "{digest}"
        read = ["news:"]
        """
    with Broker(tmp_path / "data", file) as broker:
        reach = {"port": broker.port, "ssl": True, "ssl_ca_certs": str(tmp_path / "cert.pem")}
        with redis.Redis(**reach, username="reader", password="secret") as client:  # type: ignore[arg-type]
            assert client.xlen("news:1") == 0
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.xadd("news:1", {"a": "b"})
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(**reach, username="reader", password="guess").ping()  # type: ignore[arg-type]


def test_a_redis_command_line_is_at_home(broker: Broker) -> None:
    given = "XADD cli * a 1\nXADD cli * a 2\nXRANGE cli - + COUNT 1\nXLEN cli\nXDEL cli 1-0\nPING\n"
    said = redis_tools.run("cli", broker.port, "--no-raw", given=given).split("\n")
    first = said[0].strip('"')
    assert said[2:4] == [f'1) 1) "{first}"', '   2) 1) "a"']
    assert "(integer) 2" in said
    assert any("a record can not be taken out of the log" in line for line in said)
    assert "PONG" in said
    assert redis_tools.run("cli", broker.port, "-3", "XLEN", "cli") == "2\n"


def test_redis_benchmark_runs(broker: Broker) -> None:
    for command in (["PUBLISH", "bench", "x" * 150], ["XADD", "bench:__rand_int__", "*", "f", "x" * 150]):
        said = redis_tools.run("benchmark", broker.port, "-q", "-n", "20000", "-P", "64", "-r", "1000000", *command)
        assert "requests per second" in said
    assert "requests per second" in redis_tools.run("benchmark", broker.port, "-q", "-n", "1000", "-t", "ping_mbulk")


def test_javascript_clients_are_at_home(broker: Broker) -> None:
    said = subprocess.run(
        ["node", _node_folder() / "clients.mjs", str(broker.port)],
        env=find_npm().environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert answer["ioredis"]["values"] == ["1", "2", "3"]
    assert answer["ioredis"]["heard"] == ["news", "from ioredis"]
    assert answer["ioredis"]["read"] == ["a", "4"]
    assert "XDEL is not supported" in answer["ioredis"]["refused"]
    for name, version in (("two", 2), ("three", 3)):
        assert answer[name]["fields"] == [{"a": "1", "b": "2"}, {"a": "3"}, {"a": "4"}]
        assert (answer[name]["length"], answer[name]["read"]) == (3, True)
        assert answer[name]["message"] == f"from node-redis {version}"


def _node_folder() -> Path:
    """The clients, as the lock file has them."""
    NODE_CACHE.mkdir(parents=True, exist_ok=True)
    lock = NODE / "package-lock.json"
    kept = NODE_CACHE / lock.name
    if not kept.exists() or kept.read_bytes() != lock.read_bytes() or not (NODE_CACHE / "node_modules").exists():
        for name in ("package.json", lock.name):
            shutil.copy(NODE / name, NODE_CACHE)
        npm = find_npm()
        command = [*npm.command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", NODE_CACHE]
        subprocess.run(command, env=npm.environment, check=True, capture_output=True, timeout=300)
    shutil.copy(NODE / "clients.mjs", NODE_CACHE)
    return NODE_CACHE


def test_health_and_metrics_are_beside(tmp_path: Path) -> None:
    health = free_port()
    with Broker(tmp_path / "data", DERAILED_HEALTH_PORT=str(health)) as broker, broker.connect() as client:
        client.ask("XADD", "topic", "*", "f", "v")
        client.ask("XSUBSCRIBE", "topic", "$")
        with urlopen(f"http://127.0.0.1:{health}/healthz", timeout=10) as answer:
            assert answer.read() == b"ok\n"
        with urlopen(f"http://127.0.0.1:{health}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        assert 'derailed_broker_head{namespace="default"} 2.0' in lines
        assert 'derailed_broker_topics_heard{namespace="default"} 1.0' in lines
        assert "derailed_broker_clients 1.0" in lines
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{health}/else", timeout=10)
