"""The secret that signs sessions and addresses: a file, made by whichever process needs it first."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import Final

from derailed.app.trouble import CannotStart

_BYTES: Final = 32


def secret_in(path: Path) -> bytes:
    """The secret in that file, which is made when there is none. Raises CannotStart."""
    try:
        if not path.exists():
            _make(path)
        secret = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"DERAILED_SECRET_FILE: {path} can not be read or made ({error.strerror})") from None
    if len(secret) < _BYTES:
        raise CannotStart(f"DERAILED_SECRET_FILE: {path} holds less than {_BYTES} bytes")
    return secret


def _make(path: Path) -> None:
    """Made whole or not at all: half of one would be taken for one. Of processes that start together one makes it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if path.exists():
            return
        new = path.with_name(f"{path.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        os.close(folder)
