"""Make the Python of `proto/*.proto`. It is committed, so that running Derailed needs no compiler."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from grpc_tools import protoc

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = "derailed/generated"
PROTOS: Final = ROOT / "proto"
SOURCE: Final = ROOT / "src"


def files() -> dict[Path, str]:
    """Each file and what belongs in it."""
    with tempfile.TemporaryDirectory() as folder:
        # Under this name a file's Python imports its neighbours by their full name.
        names = [f"{PACKAGE}/{path.name}" for path in sorted(PROTOS.glob("*.proto"))]
        outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
        if protoc.main(["protoc", f"-I{PACKAGE}={PROTOS}", *outputs, *names]) != 0:
            raise SystemExit("proto/ does not compile")
        made = sorted(Path(folder, PACKAGE).iterdir())
        return {SOURCE / PACKAGE / path.name: path.read_text() for path in made}
