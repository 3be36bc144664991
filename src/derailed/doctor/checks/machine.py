"""The machine: its ports, files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from derailed.doctor.checks import Check
from derailed.doctor.facts import Facts

_FREE_BYTES: Final = 1 << 30
"""The log stops at a quarter of it, and PostgreSQL and SQLite do not like to meet the end either."""
_FREE_FILES: Final = 10_000
_FILES: Final = 8_192
"""A socket is a file, and so is each part of the log."""
_FILES_ALONE: Final = 512
_ELSEWHERE: Final = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.s3fs", "fuse.rclone", "9p"}
_IN_MEMORY: Final = {"tmpfs", "ramfs"}
_SECRET_BYTES: Final = 32
_OTHERS_READ, _OTHERS_SECRET = 0o007, 0o037
_SOON_S: Final = 14 * 86_400


def port_taken(facts: Facts) -> Iterator[str]:
    """Another program listens where Derailed is to listen."""
    for at in facts.machine.taken:
        yield f"another program listens on {at.address}"


def address_unusable(facts: Facts) -> Iterator[str]:
    """This machine does not let us listen there."""
    for at in facts.machine.not_ours:
        yield f"{at.variable}: can not listen on {at.address} ({at.seen})"


def server_not_ready(facts: Facts) -> Iterator[str]:
    """The server runs, and says itself that it lacks something."""
    if facts.machine.not_ready:
        yield f"the server here is not ready: {facts.machine.not_ready}"


def app_missing(facts: Facts) -> Iterator[str]:
    """There is no app to show in browsers."""
    if not facts.machine.app_is_built:
        yield "the app for browsers has not been built"


def data_unwritable(facts: Facts) -> Iterator[str]:
    """Nothing can be kept."""
    if facts.machine.unwritable:
        yield f"nothing can be written to {facts.settings.data_dir} ({facts.machine.unwritable})"


def data_readable(facts: Facts) -> Iterator[str]:
    """Everybody on this machine can read what people write."""
    mode = facts.machine.data_mode
    if mode is not None and mode & _OTHERS_READ:
        yield f"everybody on this machine may enter {facts.settings.data_dir} (mode {mode:04o})"


def data_elsewhere(facts: Facts) -> Iterator[str]:
    """SQLite and the log are on a file system of the network, which breaks them."""
    if facts.machine.filesystem in _ELSEWHERE:
        yield f"{facts.settings.data_dir} is on {facts.machine.filesystem}, whose locks and syncs do not hold"


def data_in_memory(facts: Facts) -> Iterator[str]:
    """Everything is gone when the machine starts again."""
    if facts.machine.filesystem in _IN_MEMORY:
        yield f"{facts.settings.data_dir} is on {facts.machine.filesystem}: it is gone when the machine restarts"


def disk_full(facts: Facts) -> Iterator[str]:
    """There is hardly room for more."""
    if facts.machine.free_bytes < _FREE_BYTES:
        yield f"{facts.machine.free_bytes >> 20} MiB are free in {facts.settings.data_dir}"
    if facts.machine.free_files < _FREE_FILES:
        yield f"the file system of {facts.settings.data_dir} has room for {facts.machine.free_files} more files"


def files_few(facts: Facts) -> Iterator[str]:
    """A process may open fewer files than it will have clients."""
    needed = _FILES if facts.is_exposed else _FILES_ALONE
    if facts.machine.files < needed:
        yield f"a process may open {facts.machine.files} files, and each client is one"


def runs_as_root(facts: Facts) -> Iterator[str]:
    """A server for others has more rights than it needs."""
    if facts.is_exposed and facts.machine.is_root:
        yield "this is root, and a server for others needs no such rights"


def secret_readable(facts: Facts) -> Iterator[str]:
    """Others on this machine can sign sessions as we do."""
    secret = facts.machine.secret
    if secret is not None and secret.mode & _OTHERS_SECRET:
        yield f"others on this machine can read or change {secret.path} (mode {secret.mode:04o})"


def secret_unusable(facts: Facts) -> Iterator[str]:
    """The secret can not be read, or is too short to be one."""
    secret = facts.machine.secret
    if secret is not None and (secret.trouble or secret.size < _SECRET_BYTES):
        yield f"{secret.path}: {secret.trouble or f'{secret.size} bytes are no secret'}"


def broker_file_wrong(facts: Facts) -> Iterator[str]:
    """The broker's file can not be used."""
    if facts.machine.broker_file:
        yield facts.machine.broker_file


def broker_certificate_ends(facts: Facts) -> Iterator[str]:
    """The broker's certificate is over, or soon will be."""
    left_s = facts.machine.broker_certificate_s
    if left_s is not None and left_s < _SOON_S:
        yield f"the broker's certificate {ends_in(left_s)}"


def ends_in(left_s: float) -> str:
    """When it is over, in words."""
    return f"ends in {left_s / 86_400:.0f} days" if left_s > 0 else "has ended"


CHECKS: Final = (
    Check(port_taken, "stop that program, or choose another port"),
    Check(address_unusable, "choose an address of this machine and a port above 1023"),
    Check(server_not_ready, "see to what it names; /readyz says when it is there"),
    Check(app_missing, "`make run` builds it in a clone, and a wheel of `make wheel` has it in it"),
    Check(data_unwritable, "give the folder to the user that runs Derailed, or set DERAILED_DATA_DIR"),
    Check(data_readable, "chmod 700 the folder"),
    Check(data_elsewhere, "set DERAILED_DATA_DIR to a folder on a disk of this machine"),
    Check(data_in_memory, "set DERAILED_DATA_DIR to a folder on a disk"),
    Check(disk_full, "make room, or move the data folder to a larger disk"),
    Check(files_few, "ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit"),
    Check(runs_as_root, "run it as a user of its own, as the units and the image in deploy/ do"),
    Check(secret_readable, "chmod 600 the file"),
    Check(secret_unusable, "restore it; or remove it, and everybody connected starts afresh"),
    Check(broker_file_wrong, "correct the file that DERAILED_BROKER_FILE names"),
    Check(broker_certificate_ends, "renew the certificate that [tls] names, and restart the broker"),
)
