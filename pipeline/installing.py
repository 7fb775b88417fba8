"""Say how to install what is missing, with a command that works: the package is on no index."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit


def pip_install(*extras: str) -> str:
    """Return the command that installs extras from the folder of this project, and where that is."""
    folder = _folder()
    where = f" in {folder}" if folder else ", in the folder of this project"
    return f"pip install '.[{','.join(extras)}]'{where}"


def _folder() -> Path | None:
    """Return the folder that was installed from, or that is run from."""
    here = Path(__file__).resolve().parents[1]
    if (here / "pyproject.toml").is_file():
        return here
    try:
        origin = json.loads(metadata.distribution("bitext-pipeline").read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    url = urlsplit(str(origin.get("url", "")))
    folder = Path(unquote(url.path))
    return folder if url.scheme == "file" and (folder / "pyproject.toml").is_file() else None
