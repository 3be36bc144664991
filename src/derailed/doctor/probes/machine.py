"""Looks at this machine."""

from __future__ import annotations

import os
import resource
import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from derailed.broker.server import configuration
from derailed.doctor.facts import Machine, Secret, address_in
from derailed.doctor.probes.ports import Ports
from derailed.settings import Settings

_MOUNTS: Final = Path("/proc/self/mounts")
_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of nobody: which of ours would be used to reach them is known without sending anything."""


async def look(settings: Settings, app: Path, clock: Callable[[], float]) -> Machine:
    """See what there is; the app's files are in `app`."""
    folder = _nearest(settings.data_dir)
    space = os.statvfs(folder)
    ports = await Ports.look(settings)
    broker_file, certificate_s = _broker(settings, clock)
    return Machine(
        is_root=os.geteuid() == 0,
        files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        is_global=_is_global(),
        app_is_built=(app / "index.html").exists(),
        unwritable=_unwritable(folder),
        data_mode=settings.data_dir.stat().st_mode & 0o777 if folder == settings.data_dir else None,
        filesystem=_filesystem(folder),
        free_bytes=space.f_bavail * space.f_frsize,
        free_files=space.f_favail if space.f_files else Machine().free_files,  # some count none
        secret=_secret(settings.secret_path),
        taken=ports.taken,
        not_ours=ports.not_ours,
        not_ready=ports.not_ready,
        broker_file=broker_file,
        broker_certificate_s=certificate_s,
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the one that it would be made in."""
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _unwritable(folder: Path) -> str:
    """Why nothing can be written there: tried, because rights are not all that forbids it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _filesystem(folder: Path) -> str:
    """What kind it is, as the system names it; nothing where the system does not say."""
    if not _MOUNTS.exists():
        return ""
    path, found, kind = folder.resolve(), Path("/"), ""
    for line in _MOUNTS.read_text().splitlines():
        _, at, type_, *_ = line.split(" ")
        mounted = Path(at.replace("\\040", " "))
        if path.is_relative_to(mounted) and len(mounted.parts) >= len(found.parts):
            found, kind = mounted, type_
    return kind


def _secret(path: Path) -> Secret | None:
    try:
        if not path.exists():
            return None
        about = path.stat()
        path.open("rb").close()
    except OSError as error:
        return Secret(path=str(path), trouble=error.strerror or str(error))
    return Secret(path=str(path), mode=about.st_mode & 0o777, size=about.st_size)


def _is_global() -> bool:
    return any(map(_can_be_reached, _ELSEWHERE))


def _can_be_reached(elsewhere: tuple[socket.AddressFamily, str]) -> bool:
    family, address = elsewhere
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            ours = address_in(probe.getsockname()[0])
    except OSError:
        return False
    return ours is not None and ours.is_global


def _broker(settings: Settings, clock: Callable[[], float]) -> tuple[str, float | None]:
    """What is wrong with the broker's file, and how long its certificate is good for."""
    try:
        found = configuration.load(settings.broker_file)
        if found.certificate is None or found.key is None:
            return "", None
        return "", _end_of(found.certificate, found.key) - clock()
    except configuration.WrongConfiguration as error:
        return str(error), None
    except OSError as error:  # of TLS, too
        return f"{settings.broker_file}: the certificate or its key can not be used ({error})", None


def _end_of(certificate: Path, key: Path) -> float:
    """When it ends, in Unix seconds; 0 when it has: a server with it greets a client that trusts nothing else."""
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, key)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname = False
    theirs.load_verify_locations(certificate)
    theirs.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server, client = ours.wrap_bio(up, down, server_side=True), theirs.wrap_bio(down, up)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return 0.0
    about = client.getpeercert()
    assert about is not None
    return ssl.cert_time_to_seconds(str(about["notAfter"]))
