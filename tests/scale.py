"""Measure what a corpus of any size costs where the stages cost nothing: memory and time of all that lies around them.

    python tests/scale.py 10000 [--shuffled] [--workers 2] [--keep FOLDER]

It makes so many pairs of pages, 500 characters on each side, in two JSONL files, and runs them through the command:
reading, the manifest, the store, the flow and the export are real; splitting, encoding and aligning return at once.
Then it runs them again, with nothing new. Peaks of memory are those that the system tells of each process (VmHWM).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import click
from orchestrator_overhead import IDLE_STAGES
from processes import children_of

ROOT = Path(__file__).resolve().parents[1]
PAGE_CHARS = 500
WORDS = {
    "en": ("the", "sea", "was", "calm", "nobody", "had", "slept", "when", "a", "light", "rose", "over", "harbour"),
    "de": ("das", "meer", "war", "ruhig", "niemand", "hatte", "geschlafen", "als", "ein", "licht", "hinter", "aufging"),
}
CONFIG = """
name = "scale"
[corpus]
documents = "{language}.jsonl"
pairs = ["en-de"]
[encode]
encoder = "use-multilingual"
overlaps = "none"
[export]
formats = ["tsv"]
"""
LOOK_SECONDS = 0.2


@dataclass
class Measured:
    """What a run took: of memory in bytes, of time in seconds."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    orchestrator: int = 0
    workers: dict[int, int] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def worker(self) -> int:
        return max(self.workers.values(), default=0)


def write_corpus(folder: Path, n_pairs: int, is_shuffled: bool) -> None:
    """Write the pages of both languages, in the order of their names or in two others."""
    for language, words in WORDS.items():
        numbers = list(range(n_pairs))
        if is_shuffled:
            random.Random(language).shuffle(numbers)
        with (folder / f"{language}.jsonl").open("w", encoding="utf-8") as file:
            for number in numbers:
                file.write(json.dumps({"id": f"page-{number:08}", "text": page(number, words)}) + "\n")
    old = time.time() - 60  # else the files are too fresh to be trusted the next time
    for path in folder.glob("*.jsonl"):
        os.utime(path, (old, old))
    (folder / "scale.toml").write_text(CONFIG, encoding="utf-8")


def page(number: int, words: Sequence[str]) -> str:
    """Return a page that no other number has."""
    chance = random.Random(number)
    text = f"{number} " + " ".join(chance.choices(words, k=PAGE_CHARS // 4))
    return text[: PAGE_CHARS - 1] + "."


def run(folder: Path, workers: int) -> Measured:
    """Run the command, and measure it."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(IDLE_STAGES)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "site"), str(ROOT)])}
    places = ["--store", str(folder / "store"), "--out", str(folder / "out"), "--workers", str(workers)]
    command = [sys.executable, "-m", "pipeline", "run", "--config", str(folder / "scale.toml"), *places]
    found, before, before_run, started = Measured(), getrusage(RUSAGE_CHILDREN), time.time(), time.monotonic()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        watcher = threading.Thread(target=watch, args=(process, found))
        watcher.start()
        status = process.wait()
    found.seconds = time.monotonic() - started
    watcher.join()
    used = getrusage(RUSAGE_CHILDREN)
    found.processor_seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    if status:
        raise SystemExit((folder / "log").read_text())
    record = folder / "out" / "run.json"
    if record.stat().st_mtime > before_run:
        found.stages = json.loads(record.read_text())["seconds"]
    return found


def watch(process: subprocess.Popen[bytes], found: Measured) -> None:
    """Remember the highest memory of a process and of each of its workers, until it ends."""
    while process.poll() is None:
        found.orchestrator = max(found.orchestrator, peak(process.pid))
        for child in children_of(process.pid):
            found.workers[child] = max(found.workers.get(child, 0), peak(child))
        time.sleep(LOOK_SECONDS)


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    return 0


def lines(n_pairs: int, first: Measured, again: Measured) -> Iterator[str]:
    """Write what was measured as a table."""
    yield f"{n_pairs:,} pairs of 2 x {PAGE_CHARS} characters, {os.cpu_count()} cores"
    yield "             all new     nothing new"
    for name, one, other in (
        ("wall", f"{first.seconds:.1f} s", f"{again.seconds:.1f} s"),
        ("processor", f"{first.processor_seconds:.1f} s", f"{again.processor_seconds:.1f} s"),
        ("orchestrator", f"{first.orchestrator / 1e6:.0f} MB", f"{again.orchestrator / 1e6:.0f} MB"),
        ("a worker", f"{first.worker / 1e6:.0f} MB", f"{again.worker / 1e6:.0f} MB"),
        *((name, f"{seconds:.1f} s", f"{again.stages.get(name, 0):.1f} s") for name, seconds in first.stages.items()),
    ):
        yield f"{name:<12} {one:>11} {other:>11}"
    yield f"{1000 * first.processor_seconds / n_pairs:.2f} ms of processor time a pair, all of it"
    if "export" in first.stages:
        yield f"{n_pairs / first.stages['export']:,.0f} pairs exported a second"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_pairs", type=int)
    parser.add_argument("--shuffled", action="store_true", help="the rows of each file in an order of their own")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder to work in, which is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write_corpus(folder, options.n_pairs, options.shuffled)
        first = run(folder, options.workers)
        again = run(folder, options.workers)
        click.echo("\n".join(lines(options.n_pairs, first, again)))


if __name__ == "__main__":
    main()
