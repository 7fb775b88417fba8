"""Commands that are killed at random moments: what the next run gives in the end is what an undisturbed one gives.

    python tests/killed_commands.py 200

Five commands after each other are killed in one place: runs (all stages, or one), runs with another setting on the
same store, `store --prune`, and reviews that are saving. Then a run goes to its end. Its exports must be equal, byte by
byte, nothing unfinished may be left in any folder, no stored file may be damaged, and no save that a review has
confirmed may be lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from processes import all_gone, children_of, wait_until
from rich.console import Console
from small_corpus import CONFIG, read_exports, run_inline, write_corpus

from pipeline.progress import Progress
from pipeline.review.corrections import list_corrections, read_file, read_reviews, version_of, write_corrections
from pipeline.runs.record import write_record

N_PAIRS = 15
FINE = CONFIG + "\n[compute]\nshard_chars = 1000\n"
"""Many shards, so that there is much to be killed in the middle of."""

MAIN, ALL = "the main process", "the main process and its workers"
KILLS_IN_A_PLACE = 5
STAGES = ("split", "encode", "align", "export")


class Place:
    """A corpus of thirty documents, with a store and a folder for results of its own for each trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = write_corpus(folder / "corpus", N_PAIRS, n_sentences=6, config=FINE)
        self.other = self.config.with_name("other.toml")
        self.other.write_text(FINE.replace("max_bead = 3", "max_bead = 4"))

    def start(self, trial: str, *options: str, config: Path | None = None) -> subprocess.Popen[str]:
        """Start a run as a shell does: it has a group of processes of its own."""
        out = self.out(trial) if config is None else self.folder / trial / config.stem
        where = ["--config", str(config or self.config), "--out", str(out), "--workers", "2"]
        return self.command(trial, "run", *where, *options)

    def command(self, trial: str, name: str, *options: str) -> subprocess.Popen[str]:
        """Start a command on the store of a trial."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        arguments = [name, *options, "--store", str(self.store(trial))]
        return subprocess.Popen([sys.executable, "-m", "pipeline", *arguments], start_new_session=True, **pipes)  # type: ignore[call-overload]

    def finish(self, trial: str) -> dict[str, bytes]:
        """Run to the end and return the exports."""
        process = self.start(trial)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return read_exports(self.out(trial))

    def undisturbed(self) -> dict[str, bytes]:
        """Return the exports of a run in this process, which no other could disturb."""
        observer = Progress(Console(quiet=True))
        run = run_inline(self.config, self.store("undisturbed"), self.out("undisturbed"), observer)
        write_record(run, run.out)
        return read_exports(run.out)

    def store(self, trial: str) -> Path:
        return self.folder / trial / "store"

    def out(self, trial: str) -> Path:
        return self.folder / trial / "out"

    @property
    def corrections(self) -> Path:
        """Return where reviews of the config keep what people decide."""
        return self.config.parent / "run.corrections"

    def has(self, trial: str, table: str, n_files: int = 1) -> Callable[[], bool]:
        """Return what says whether a trial has left so many files in a table."""
        return lambda: len(list(self.store(trial).glob(f"{table}/*/*.parquet"))) >= n_files

    def make_old(self, trial: str) -> None:
        """Let unfinished files be as old as those that nobody can be writing any more."""
        for path in self.left_behind(trial):
            os.utime(path, (0, 0))

    def left_behind(self, trial: str) -> list[Path]:
        """Return what nobody wants: files that are not finished, and files set aside as damaged."""
        folders = (self.folder / trial, self.config.parent)
        return [path for folder in folders for name in (".tmp*", "tmp*", "*.corrupt") for path in folder.rglob(name)]


@contextmanager
def stopped_in_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def kill(process: subprocess.Popen[str], whom: str) -> None:
    """Kill without warning; workers that were spared end by themselves."""
    workers = children_of(process.pid)
    if whom == ALL:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
    assert wait_until(lambda: all_gone(workers), seconds=10), "workers go on without their parent"


class Saving:
    """Somebody who decides about the beads of a pair in a review, one save after the other, until it is killed."""

    def __init__(self, address: str, number: int, path: Path) -> None:
        self.confirmed: list[list[int]] = []
        self.sent: list[list[int]] = []
        self._port, self._token = re.findall(r":(\d+)/([^/]+)/", address)[0]
        self._number, self._path = number, path
        self._thread = threading.Thread(target=self._save)
        self._thread.start()

    def _save(self) -> None:
        good: list[list[int]] = []
        with suppress(OSError, http.client.HTTPException):
            while True:
                good = [*good, [len(good), len(good) + 1] * 2] if len(good) < 6 else []
                self.sent = good
                version = version_of(read_file(self._path))
                body = json.dumps({"good": good, "bad": [], "version": version})
                server = http.client.HTTPConnection("127.0.0.1", int(self._port), timeout=20)
                headers = {"Host": f"127.0.0.1:{self._port}", "X-Bitext-Token": self._token}
                server.request("POST", f"/{self._token}/pair/{self._number}/corrections", body, headers)
                answer = server.getresponse()
                assert answer.status == 200, answer.read()
                self.confirmed = good

    def end(self) -> None:
        """Wait for its end, and see that the last save that was confirmed, or the one after that, is whole."""
        self._thread.join(30)
        assert not self._thread.is_alive(), "a save hangs"
        reviews = read_reviews(self._path) if self._path.exists() else ()
        kept = [[*bead] for review in reviews for bead in review.beads("good")]
        assert len(kept) in (len(self.confirmed), len(self.sent)), "a save that was confirmed is lost"


def kill_one(place: Place, trial: str, kind: str, moment: float, chance: random.Random) -> bool:
    """Start a command and kill it after so many seconds; say whether it was still at work."""
    whom = chance.choice([MAIN, ALL])
    if kind == "review":
        return _kill_review(place, trial, moment, whom)
    if kind == "prune":
        process = place.command(trial, "store", "--prune")
    elif kind == "stage":
        process = place.start(trial, "--stage", chance.choice(STAGES))
    else:
        process = place.start(trial, config=place.other if kind == "other" else None)
    with stopped_in_the_end(process):
        time.sleep(moment)
        if process.poll() is not None:
            return False
        kill(process, whom)
    return True


def _kill_review(place: Place, trial: str, moment: float, whom: str) -> bool:
    process = place.command(trial, "review", str(place.config), "--no-open")
    with stopped_in_the_end(process):
        assert process.stdout is not None
        address = next((line for line in process.stdout if "http://" in line), None)
        if address is None:
            return False  # a prune has left nothing to review
        path = place.corrections / "00.en-de.corrections.txt"
        saving = Saving(address, 0, path)
        time.sleep(moment / 10)
        kill(process, whom)
        saving.end()
    write_corrections(path, "", version_of(read_file(path)))  # the last save removes what the killed one left
    assert not list_corrections(place.corrections)
    return True


def kill_at_random(n_kills: int) -> None:
    """Kill so many commands; see the head of this file."""
    chance = random.Random(n_kills)
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        expected = place.undisturbed()
        started = time.monotonic()
        assert place.finish("timed") == expected
        seconds, number = time.monotonic() - started, 0
        while killed.total() < n_kills:
            trial, number = f"place-{number}", number + 1
            is_finished = number % 2 == 0
            if is_finished:
                place.finish(trial)
            kinds = ["run", "run", "stage", "other", "prune", *(["review"] * 3 if is_finished else [])]
            here: list[str] = []
            longest = dict.fromkeys(kinds, seconds)
            while len(here) < min(KILLS_IN_A_PLACE, n_kills - killed.total()):
                kind = chance.choice(kinds)
                if kill_one(place, trial, kind, longest[kind] * chance.random(), chance):
                    here.append(kind)
                else:
                    longest[kind] /= 2  # it had ended before: with less to do it takes less time
            killed.update(here)
            place.make_old(trial)
            found, left = place.finish(trial), place.left_behind(trial)
            differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
            said = f"differing: {len(differing)}, left behind: {len(left)}"
            print(f"{killed.total()} killed, the last {', '.join(here)}: {said}", flush=True)  # noqa: T201
            assert not differing, (differing, [(found.get(name), expected.get(name)) for name in differing[:2]])
            assert not left, left
            shutil.rmtree(place.folder / trial)
    print(f"killed: {dict(killed)}; all exports equal those of an undisturbed run, and nothing is left behind")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_kills", type=int)
    kill_at_random(parser.parse_args().n_kills)
