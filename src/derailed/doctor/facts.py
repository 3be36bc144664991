"""What was seen of an installation. What was not looked at is None, or empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from derailed.settings import Settings


class At(NamedTuple):
    """Something that has to do with one address, and what was seen there."""

    variable: str
    address: str
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The secret's file, which is there."""

    path: str
    mode: int = 0o600
    size: int = 32
    trouble: str = ""
    """Why it can not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """This machine, and this process's place on it."""

    is_root: bool = False
    files: int = 1 << 20
    """How many files a process may have open."""
    is_global: bool = False
    """Whether it has an address that the whole world can reach."""
    app_is_built: bool = True
    unwritable: str = ""
    """Why nothing can be written to the data folder."""
    data_mode: int | None = None
    filesystem: str = "ext4"
    free_bytes: int = 1 << 40
    free_files: int = 1 << 20
    secret: Secret | None = None
    taken: tuple[At, ...] = ()
    """Ports on which somebody else listens."""
    not_ours: tuple[At, ...] = ()
    """Addresses that can not be listened on."""
    not_ready: str = ""
    """What the server here says that it lacks, if it runs."""
    broker_file: str = ""
    """What is wrong in it."""
    broker_certificate_s: float | None = None
    """For how long the broker's certificate is still good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database, which is there."""

    trouble: str = ""
    """Why it can not be used at all."""
    is_postgres: bool = False
    version: tuple[int, ...] = (3, 45)
    pending: tuple[str, ...] = ()
    incompatible: str = ""
    ahead_s: float = 0.0
    """How far its clock is ahead of ours."""
    encoding: str = "UTF8"
    may_create: bool = True
    connections: int = 100
    is_standby: bool = False
    not_synced: tuple[str, ...] = ()
    """Settings that let it forget what it acknowledged."""
    is_private: bool = True
    """The way to it is encrypted, or does not leave our own network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """The bus's server: one of the Redis protocol, or our broker."""

    trouble: str = ""
    info: Mapping[str, str] = field(default_factory=dict)
    """INFO, of one of the Redis protocol."""
    ahead_s: float = 0.0
    is_private: bool = True
    level: str = "disk"
    window_ms: int | None = None
    """Of the broker's namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """What one finds at the addresses that clients are given."""

    trouble: str = ""
    """Why nobody answers."""
    certificate: str = ""
    """Why the certificate is not believed."""
    certificate_s: float | None = None
    health: str = "ok"
    not_ready: str = ""
    gateway: str = ""
    """Where it sends clients."""
    upgrade: str = ""
    """Why no WebSocket is to be had there."""
    shows_metrics: bool = False
    refuses_files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that checks decide from."""

    settings: Settings
    machine: Machine = field(default_factory=Machine)
    database: Database | None = None
    bus: Bus | None = None
    limits: str = ""
    """Why limits can not be counted where they should be."""
    blobs: str = ""
    """Why files can not be kept where they should be."""
    silent: tuple[At, ...] = ()
    """Services that are named, and do not answer."""
    traces_missing: bool = False
    """What sends traces is needed, and not installed."""
    collector: str = ""
    """Why traces can not be sent where they are to go."""
    public: Public | None = None

    @property
    def is_exposed(self) -> bool:
        """Whether this is for others than who sits at this machine."""
        settings = self.settings
        return not all(map(is_local, (host_of(settings.public_url) or "localhost", settings.http_host)))

    @property
    def is_split(self) -> bool:
        """Whether parts are elsewhere."""
        return bool(self.settings.presence_url or self.settings.members_url)


def host_of(url: str) -> str:
    """The host in a URL; nothing in what is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_local(host: str) -> bool:
    """Whether only this machine can reach what is there."""
    address = address_in(host)
    return host == "localhost" if address is None else address.is_loopback


def address_in(host: str) -> IPv4Address | IPv6Address | None:
    """The address, if it is one and no name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
