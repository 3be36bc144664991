"""Build the wheel that installs anywhere, with the app in it; whatever was in `dist/` gives way."""

from __future__ import annotations

import sys
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "src" / "derailed" / "web_dist" / "index.html"


def build(folder: Path) -> Path:
    """The wheel, made in that folder. The app has to be built."""
    if not APP.exists():
        raise SystemExit("the app has not been built: `make ready` builds it")
    for old in folder.glob("derailed-*.whl"):
        old.unlink()
    folder.mkdir(exist_ok=True)
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(made)


if __name__ == "__main__":
    sys.stdout.write(f"{build(ROOT / 'dist').relative_to(ROOT)}\n")
