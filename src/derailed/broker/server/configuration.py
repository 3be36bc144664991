"""The broker's file: namespaces, users, limits and TLS, in TOML. What is not said there has a default.

[namespaces.default]            # what topics without a {namespace} of ours in their name belong to
level = "disk"                  # none, memory or disk
window = "7d"                   # records are kept so long, …
bytes = "64GiB"                 # … and so many of them

[users.reader]                  # without any user everybody may do everything, from this machine only
password_sha256 = "…"
read = ["news:"]                # prefixes of topics and channels; "" is all
write = []
admin = false                   # FUNCTION, INFO and CLIENT LIST
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from derailed.broker.buckets import Retention

DEFAULT: Final = "default"
LEVELS: Final = ("none", "memory", "disk")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_UNITS: Final = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SPANS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_RECORDS: Final = 1 << 62
"""A broker's log is bounded by time and bytes."""


class WrongConfiguration(Exception):
    """What is wrong in the file, in one line."""


_PLAIN: Final = Retention(7 * _SPANS_MS["d"], _RECORDS, 64 << 30)


@dataclass(frozen=True, slots=True)
class Space:
    """One namespace's settings."""

    name: str
    level: str = "disk"
    retention: Retention = _PLAIN


@dataclass(frozen=True, slots=True)
class User:
    """Who may do what, by prefixes of topics and channels."""

    name: str
    digest: str
    read: tuple[bytes, ...]
    write: tuple[bytes, ...]
    admin: bool


EVERYBODY: Final = User("default", "", (b"",), (b"",), True)
NOBODY: Final = User("", "", (), (), False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client, or all of them together, can take."""

    clients: int = 10_000
    topics: int = 1_000_000
    """Topics and channels that a connection hears."""
    message: int = 1 << 20
    """Bytes of a message with its fields; RocksDB and every subscriber hold all of it at once."""
    command: int = 64 << 20
    """Bytes of a whole command, which may hold many messages."""
    pipeline: int = 10_000
    """Commands that wait behind one that blocks; then the socket is not read."""
    output: int = 64 << 20
    """Bytes that a subscriber leaves unread, until it is dropped."""
    free: int = 256 << 20
    """Bytes of disk below which nothing is appended, so that the log itself never meets its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of the file."""

    spaces: tuple[Space, ...] = (Space(DEFAULT),)
    users: tuple[User, ...] = ()
    limits: Limits = field(default_factory=Limits)
    certificate: Path | None = None
    key: Path | None = None


def load(path: Path | None) -> Configuration:
    """Read the file; without one, the defaults. Raises WrongConfiguration."""
    if path is None:
        return Configuration()
    try:
        return read(tomllib.loads(path.read_text("utf-8")), path.parent)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongConfiguration(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise WrongConfiguration(f"{path}: {error.args[0] if error.args else error}") from None


def read(tables: dict[str, Any], folder: Path) -> Configuration:
    """What the tables say. Raises ValueError, TypeError, KeyError."""
    _only(tables, {"namespaces", "users", "limits", "tls"}, "the file")
    spaces = {DEFAULT: Space(DEFAULT)} | {name: _space(name, of) for name, of in tables.get("namespaces", {}).items()}
    tls = tables.get("tls", {})
    _only(tls, {"certificate", "key"}, "[tls]")
    if len(tls) == 1:
        raise ValueError("[tls] needs both certificate and key")
    return Configuration(
        spaces=tuple(spaces.values()),
        users=tuple(_user(name, of) for name, of in tables.get("users", {}).items()),
        limits=_limits(tables.get("limits", {})),
        certificate=folder / tls["certificate"] if tls else None,
        key=folder / tls["key"] if tls else None,
    )


def _space(name: str, of: dict[str, Any]) -> Space:
    if not _NAME.fullmatch(name):
        raise ValueError(f"[namespaces.{name}]: a name has small letters, digits, - and _, at most 63")
    _only(of, {"level", "window", "bytes"}, f"[namespaces.{name}]")
    plain = Space(name)
    level = of.get("level", plain.level)
    if level not in LEVELS:
        raise ValueError(f"[namespaces.{name}]: level is one of {', '.join(LEVELS)}, not {level!r}")
    window = _span_ms(of["window"]) if "window" in of else plain.retention.window_ms
    size = _size(of["bytes"]) if "bytes" in of else plain.retention.bytes
    return Space(name, level, Retention(window, _RECORDS, size))


def _user(name: str, of: dict[str, Any]) -> User:
    where = f"[users.{name}]"
    _only(of, {"password_sha256", "read", "write", "admin"}, where)
    digest = of.get("password_sha256", "")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{where}: password_sha256 needs 64 hexadecimal digits")
    read_of, write_of = (_prefixes(of.get(right, []), f"{where}: {right}") for right in ("read", "write"))
    return User(name, digest, read_of, write_of, bool(of.get("admin", False)))


def _prefixes(given: Any, where: str) -> tuple[bytes, ...]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValueError(f"{where} is a list of prefixes")
    return tuple(each.encode() for each in given)


def _limits(of: dict[str, Any]) -> Limits:
    _only(of, {each.name for each in fields(Limits)}, "[limits]")
    return Limits(**{name: _size(value) for name, value in of.items()})


def _size(given: Any) -> int:
    matched = re.fullmatch(r"(\d+)\s*([A-Za-z]*)", str(given))
    if matched is None or matched[2] not in _UNITS:
        raise ValueError(f"a size like 64GiB or a number is needed, not {given!r}")
    return int(matched[1]) * _UNITS[matched[2]]


def _span_ms(given: Any) -> int:
    matched = re.fullmatch(r"(\d+)\s*([smhd])", str(given))
    if matched is None:
        raise ValueError(f"a time like 90s, 5m, 12h or 7d is needed, not {given!r}")
    return int(matched[1]) * _SPANS_MS[matched[2]]


def _only(of: dict[str, Any], known: set[str], where: str) -> None:
    for name in of:
        if name not in known:
            raise ValueError(f"{where}: there is no {name!r}; there is {', '.join(sorted(known))}")
