"""Start a container's Python: that of the environment with exactly what the container's image installs.

Runs in the container, before anything else: it asks Modal's stand-in how the image was built.
"""

import hashlib
import json
import os
import sys
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
FLAG = "-m pip install "


def requirements() -> list[str]:
    """Return what the image of this container installs."""
    endpoint = json.loads((Path(os.environ["BITEXT_TEST_WORLD"]) / "endpoint.json").read_text())["http"]
    with urllib.request.urlopen(f"{endpoint}/admin/state") as answer:
        commands = json.loads(answer.read())["images"][os.environ["MODAL_IMAGE_ID"]]
    (install,) = [command for command in commands if FLAG in command]
    return sorted(word for word in install.split(FLAG)[1].split() if "==" in word)


def main() -> None:
    text = "\n".join([sys.version, *requirements()])
    python = FOLDER / hashlib.sha256(text.encode()).hexdigest()[:16] / "bin" / "python"
    if not python.exists():
        sys.exit(f"no environment was made for the image with {text}")
    os.execv(python, [str(python), *sys.argv[1:]])


main()
