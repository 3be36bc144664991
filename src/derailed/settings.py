"""Settings: one frozen value, read from the environment once, proved before anything starts.

The only module that reads the environment. A wrong setting is one line that names the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

REGISTRATIONS: Final = ("open", "invite", "closed")
SWITCH: Final = ("on", "off")
BROKER: Final = ("broker", "brokers")
"""Schemes of our broker's addresses; the second with TLS."""
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMATS: Final = ("auto", "text", "json")

_SHORTEST_WINDOW_S = 60  # a publisher may hold outbox rows for half of this: see Bus.append
_LEAST_SCALE, _MOST_SCALE = 0.1, 1_000_000
_LAST_PORT = 65_535
_LONGEST_DRAIN_S = 600  # whoever stops us kills us, sooner or later
_LONGEST_WINDOW_S = 86_400  # what is kept for resuming is read in one go; a day of it is plenty

Network = IPv4Network | IPv6Network


class WrongSetting(Exception):
    """A setting that can not be used; says which, and why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator decides. What each means stands in `VARIABLES`."""

    http_host: str
    http_port: int
    public_url: str
    gateway_host: str
    gateway_port: int
    gateway_url: str
    presence_url: tuple[str, ...]
    presence_host: str
    presence_port: int
    members_url: tuple[str, ...]
    members_host: str
    members_port: int
    health_host: str
    health_port: int | None
    drain_s: int
    data_dir: Path
    secret_file: Path | None
    registration: str
    database_url: str
    bus_url: str
    blobs_url: str
    limits_url: str
    rate_limits: float
    trusted_proxies: tuple[Network, ...]
    unfurl: str
    resume_window_s: int
    broker_host: str
    broker_port: int
    broker_file: Path | None
    traces_url: str
    traces_share: float
    log_level: str
    log_format: str

    def require(self, command: str, *fields: str) -> None:
        """Raise WrongSetting for one of these that is empty: what a service shares can not be embedded in it."""
        for field in fields:
            if not getattr(self, field):
                meant = VARIABLES[field].meaning.partition(";")[0]
                raise WrongSetting(f"{variable_name(field)}: `derailed {command}` can not do without: {meant}")

    @property
    def secret_path(self) -> Path:
        """Where the secret is that signs session ids; made on the first start."""
        return self.secret_file or self.data_dir / "secret"

    @property
    def bus_is_broker(self) -> bool:
        """Whether the bus is our broker, and not a server of somebody else's that could count for us, too."""
        return urlsplit(self.bus_url).scheme in BROKER

    @property
    def bus_kind(self) -> str:
        """What the bus is on, for people."""
        return "our broker" if self.bus_is_broker else "Redis protocol" if self.bus_url else "embedded"

    @property
    def database_kind(self) -> str:
        """What the database is, for people."""
        return "PostgreSQL" if self.database_url else "SQLite"

    @property
    def database_path(self) -> Path:
        """The embedded database."""
        return self.data_dir / "derailed.sqlite"

    @property
    def database(self) -> str:
        """Where the database is: a URL, or the path of the embedded one."""
        return self.database_url or str(self.database_path)

    def shown(self, field: str) -> str:
        """The value of a field as anyone may see it: without passwords."""
        value = getattr(self, field)
        if isinstance(value, tuple):
            return ",".join(map(str, value))
        return "" if value is None else without_password(str(value))

    @property
    def blobs_path(self) -> Path:
        """Where attachments and images are, when they are in a folder."""
        return self.data_dir / "blobs"

    @property
    def log_path(self) -> Path:
        """The embedded log."""
        return self.data_dir / "log"

    @property
    def rules_path(self) -> Path:
        """The rules of this machine's nodes."""
        return self.data_dir / "rules"

    @property
    def broker_path(self) -> Path:
        """The logs of `derailed broker`."""
        return self.data_dir / "broker"


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def without_password(text: str) -> str:
    """The text of a setting; where it is a URL, its passwords are hidden, rather too much of them than too little."""
    text = re.sub(r"(://[^:@/?#]*):.*@", r"\1:***@", text)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", text)


class Variable(NamedTuple):
    """How one field is read: its text when the environment has none, the reading of a text, the meaning."""

    default: str
    read: Callable[[str], Any]
    meaning: str


def variable_name(field: str) -> str:
    """`http_port` is read from DERAILED_HTTP_PORT; a unit at the end of a field's name is for readers of code."""
    return f"DERAILED_{field.removesuffix('_s').upper()}"


def from_environment() -> Settings:
    """This process's settings. Raises WrongSetting."""
    return read(os.environ)


def wrong_in_environment() -> list[str]:
    """All that is wrong in this process's settings, a line each; `from_environment` tells the first."""
    return wrong(os.environ)


def changed_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment for one of its children, with these changes."""
    return {**os.environ, **changes}


def read(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables make. Raises WrongSetting, also for a DERAILED_ name that means nothing."""
    known = {variable_name(field) for field in VARIABLES}
    for name in sorted(environment):
        if name.startswith("DERAILED_") and name not in known:
            raise WrongSetting(f"{name}: there is no such setting; `derailed config` lists those there are")
    return Settings(**{field: _value(environment, field, variable) for field, variable in VARIABLES.items()})


def wrong(environment: Mapping[str, str]) -> list[str]:
    """Everything that `read` would refuse."""
    lines = []
    for name in sorted(name for name in environment if name.startswith("DERAILED_")):
        try:
            read({name: environment[name]})
        except WrongSetting as error:
            lines.append(str(error))
    return lines


def _value(environment: Mapping[str, str], field: str, variable: Variable) -> Any:
    name = variable_name(field)
    try:
        return variable.read(environment.get(name, variable.default))
    except ValueError as error:
        raise WrongSetting(f"{name}: {error}") from None


def _number(low: int, high: int) -> Callable[[str], int]:
    def read_number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed, not {text!r}")
        return int(text)

    return read_number


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read_choice(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)} is needed, not {text!r}")
        return text

    return read_choice


def _text(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _folder(text: str) -> Path:
    path = Path(_text(text)).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    return path


def _file(text: str) -> Path | None:
    return Path(text).absolute() if text else None


def _origin(text: str) -> str:
    url = urlsplit(text)
    if text and (url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query):
        raise ValueError(f"an address like https://chat.example.org is needed, not {text!r}")
    return text.rstrip("/")


def _gateway(text: str) -> str:
    url = urlsplit(text)
    if text and (url.scheme not in ("ws", "wss") or not url.hostname or url.path.strip("/") or url.query):
        raise ValueError(f"an address like wss://gateway.example.org is needed, not {text!r}")
    return text.rstrip("/")


def _addresses(text: str) -> tuple[str, ...]:
    """Services, as gRPC and the order between them know them: the same text everywhere."""
    addresses = tuple(part.strip() for part in text.split(",")) if text else ()
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
            raise ValueError(f"addresses like 10.0.0.1:50051 are needed, by commas, not {address!r}")
    if len(set(addresses)) < len(addresses):
        raise ValueError("an address is there twice")
    return addresses


def _port_or_none(text: str) -> int | None:
    return _number(0, _LAST_PORT)(text) if text else None


def _database(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a URL like postgresql://user:password@host/database is needed, or nothing at all")
    return text


def _bus(text: str) -> str:
    url = urlsplit(text)
    a_namespace = url.scheme not in BROKER or (url.hostname and "/" not in url.path.strip("/"))
    schemes = (*BROKER, "redis", "rediss", "unix")
    if text and (url.scheme not in schemes or not (url.hostname or url.path) or not a_namespace):
        # It may hold a password, and is not repeated.
        raise ValueError("an address like broker://host:6380/namespace or redis://host:6379/0 is needed")
    return text


def _bucket(text: str) -> str:
    url = urlsplit(text)
    options = parse_qs(url.query, keep_blank_values=True)
    if text and (url.scheme != "s3" or not url.netloc or "@" in url.netloc or options.keys() - {"endpoint", "region"}):
        raise ValueError(f"an address like s3://bucket/prefix?endpoint=https://s3.example.org is needed, not {text!r}")
    return text


def _redis(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("a URL like redis://host:6379/0 is needed, or nothing at all")
    return text


def _scale(text: str) -> float:
    """0 is off."""
    if text in ("on", "off"):
        return float(text == "on")
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not _LEAST_SCALE <= scale <= _MOST_SCALE:
        raise ValueError(f"on, off or a factor from {_LEAST_SCALE} to {_MOST_SCALE} is needed, not {text!r}")
    return scale


def _collector(text: str) -> str:
    url = urlsplit(text)
    if text and (url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment):
        raise ValueError("an address like http://collector:4318 is needed, or nothing at all")  # it may hold a password
    return text


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"a share from 0 to 1 is needed, not {text!r}")
    return share


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",")) if text else ()


VARIABLES: Final[Mapping[str, Variable]] = {
    "http_host": Variable("127.0.0.1", _text, "the address to listen on; 0.0.0.0 or :: is every network"),
    "http_port": Variable(
        "8080", _number(0, _LAST_PORT), "the one port for the app, the API and the Gateway; 0 is any"
    ),
    "public_url": Variable("", _origin, "how people reach this server; empty: as each request says"),
    "gateway_host": Variable("127.0.0.1", _text, "where `derailed wss` listens"),
    "gateway_port": Variable("8081", _number(0, _LAST_PORT), "the port of `derailed wss`; 0 is any"),
    "gateway_url": Variable(
        "", _gateway, "wss://…, what clients are told of the Gateway; empty: the public URL, or as each request says"
    ),
    "presence_url": Variable("", _addresses, "host:port of presence services, by commas; empty: in this process"),
    "presence_host": Variable("127.0.0.1", _text, "where `derailed presence` listens"),
    "presence_port": Variable("50051", _number(0, _LAST_PORT), "the port of `derailed presence`; 0 is any"),
    "members_url": Variable("", _addresses, "host:port of services of members, by commas; empty: in this process"),
    "members_host": Variable("127.0.0.1", _text, "where `derailed members` listens"),
    "members_port": Variable("50052", _number(0, _LAST_PORT), "the port of `derailed members`; 0 is any"),
    "health_host": Variable("127.0.0.1", _text, "where the health port listens"),
    "health_port": Variable(
        "", _port_or_none, "another port, for /healthz, /readyz and /metrics of any service; empty: none"
    ),
    "drain_s": Variable(
        "5", _number(0, _LONGEST_DRAIN_S), "seconds over which `derailed wss` sends its clients elsewhere when it stops"
    ),
    "data_dir": Variable("./data", _folder, "the folder that keeps everything"),
    "secret_file": Variable("", _file, "signs session ids, made on the first start; empty: in the data folder"),
    "registration": Variable("open", _one_of(REGISTRATIONS), "who may register: open, invite or closed"),
    "database_url": Variable("", _database, "postgresql://…; empty: SQLite in the data folder"),
    "bus_url": Variable(
        "",
        _bus,
        "broker://host:6380/namespace (brokers://: TLS) or redis://host:6379 (rediss://, unix://); empty: this process",
    ),
    "blobs_url": Variable(
        "", _bucket, "where files are kept; empty: a folder in the data folder; or s3://bucket/prefix"
    ),
    "limits_url": Variable(
        "",
        _redis,
        "redis://…, where rate limits are counted; empty: where the bus is, if that is redis://, or each process",
    ),
    "rate_limits": Variable("on", _scale, "on, off, or a factor: 2 is twice as much of everything"),
    "trusted_proxies": Variable("", _networks, "networks, by commas, whose X-Forwarded-For is believed; empty: none"),
    "unfurl": Variable("on", _one_of(SWITCH), "on: pages that are linked to are asked for and shown; off: never"),
    "resume_window_s": Variable(
        "300",
        _number(_SHORTEST_WINDOW_S, _LONGEST_WINDOW_S),
        "seconds a client may be gone and still miss nothing",
    ),
    "broker_host": Variable("127.0.0.1", _text, "where `derailed broker` listens"),
    "broker_port": Variable("6380", _number(0, 65_535), "the port of `derailed broker`; 0 is any"),
    "broker_file": Variable("", _file, "the broker's namespaces, users, limits and TLS, in TOML; empty: the defaults"),
    "traces_url": Variable(
        "", _collector, "http://collector:4318 (OTLP over HTTP), where traces go; empty: none are made"
    ),
    "traces_share": Variable(
        "0.01", _share, "how many of all requests are followed: 1 is each, 0 those a proxy follows"
    ),
    "log_level": Variable("info", _one_of(LOG_LEVELS), "the least that is logged: debug, info, warning or error"),
    "log_format": Variable("auto", _one_of(LOG_FORMATS), "text, json, or auto: text on a terminal"),
}
