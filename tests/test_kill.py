"""Runs that are killed, interrupted, or started twice: what comes out in the end is what an undisturbed run gives.

python tests/test_kill.py 20        kills twenty runs, each at a random moment, and compares what they give in the end
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import all_gone, children_of, wait_until
from rich.console import Console
from small_corpus import CONFIG, InlineBackend, read_exports, write_corpus

from pipeline.config.run_config import load_config
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.runs.record import write_record

pytestmark = pytest.mark.slow  # each run starts a process for each core, three times

N_PAIRS = 15
FINE = CONFIG + "\n[compute]\nshard_chars = 1000\n"
"""Many shards, so that there is much to be killed in the middle of."""

MAIN, ALL = "the main process", "the main process and its workers"


class Place:
    """A corpus of thirty documents, with a store and a folder for results of its own for each trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = write_corpus(folder / "corpus", N_PAIRS, n_sentences=6, config=FINE)

    def start(self, trial: str) -> subprocess.Popen[str]:
        """Start a run as a shell does: it has a group of processes of its own."""
        command = [sys.executable, "-m", "pipeline", "run", "--config", str(self.config), "--workers", "2"]
        places = ["--store", str(self.store(trial)), "--out", str(self.out(trial))]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*command, *places], start_new_session=True, **pipes)  # type: ignore[call-overload]

    def finish(self, trial: str) -> dict[str, bytes]:
        """Run to the end and return the exports."""
        process = self.start(trial)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return read_exports(self.out(trial))

    def undisturbed(self) -> dict[str, bytes]:
        """Return the exports of a run in this process, which no other could disturb."""
        run = Run(load_config(self.config), out=self.out("undisturbed"))
        Flow(run, InlineBackend(self.store("undisturbed")), Progress(Console(quiet=True))).carry_out()
        write_record(run, run.out)
        return read_exports(run.out)

    def store(self, trial: str) -> Path:
        return self.folder / trial / "store"

    def out(self, trial: str) -> Path:
        return self.folder / trial / "out"

    def has(self, trial: str, table: str, n_files: int = 1) -> Callable[[], bool]:
        """Return what says whether a trial has left so many files in a table."""
        return lambda: len(list(self.store(trial).glob(f"{table}/*/*.parquet"))) >= n_files


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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("kill"))


@pytest.fixture(scope="module")
def undisturbed(place: Place) -> dict[str, bytes]:
    exports = place.undisturbed()
    assert len([name for name in exports if name.startswith("beads/")]) == N_PAIRS
    return exports


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    place: Place, undisturbed: dict[str, bytes]
) -> None:
    chance = random.Random(7)
    moments = [("sentences", 2, MAIN), ("embeddings", 4, ALL), ("beads", 2, MAIN)]
    for table, n_files, whom in moments:
        with stopped_in_the_end(place.start("killed")) as process:
            assert wait_until(place.has("killed", table, n_files), seconds=120)
            time.sleep(chance.random() / 10)
            assert process.poll() is None
            kill(process, whom)
    assert place.finish("killed") == undisturbed
    assert not list(place.store("killed").rglob("*.corrupt"))


def test_two_runs_at_once_do_each_other_no_harm(place: Place, undisturbed: dict[str, bytes]) -> None:
    with stopped_in_the_end(place.start("both")) as one, stopped_in_the_end(place.start("both")) as two:
        for process in (one, two):
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, errors
    assert read_exports(place.out("both")) == undisturbed
    assert not list(place.store("both").rglob("*.corrupt"))


def test_children_hear_ctrl_c_also_where_the_tests_run_in_the_background() -> None:
    """A background job and nohup ignore SIGINT, which children inherit: then no test of Ctrl-C would mean anything."""
    child = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    code = f"""
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from conftest import pytest_configure
pytest_configure()
subprocess.run([sys.executable, "-c", {child!r}], check=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


@pytest.mark.parametrize("whom", [MAIN, ALL])
@pytest.mark.parametrize("moment", ["the first worker starts", "the encoder works"])
def test_ctrl_c_ends_a_run_within_two_seconds_and_says_how_to_go_on(moment: str, whom: str, place: Place) -> None:
    trial = f"{moment}, {whom}"
    with stopped_in_the_end(place.start(trial)) as process:
        if moment == "the encoder works":
            assert wait_until(place.has(trial, "embeddings"), seconds=120)
        else:
            assert wait_until(lambda: len(children_of(process.pid)) > 1, seconds=120)
        workers = children_of(process.pid)
        started = time.monotonic()
        if whom == ALL:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        seconds = time.monotonic() - started
    assert process.returncode == 130
    assert errors.endswith("bitext: interrupted; what is finished is kept. The same command goes on from there\n")
    assert "Traceback" not in errors
    assert seconds < 2
    assert wait_until(lambda: all_gone(workers), seconds=1)


def kill_at_random(n_kills: int) -> None:
    """Kill runs of an empty store, each at a random moment of the time that one takes, and go on with them."""
    chance = random.Random(n_kills)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        expected = place.undisturbed()
        seconds, number = 0.0, 0
        while number < n_kills:
            if number % 5 == 0:
                started = time.monotonic()
                assert place.finish(f"timed-{number}") == expected
                seconds = time.monotonic() - started
            trial, whom, moment = f"trial-{number}", chance.choice([MAIN, ALL]), seconds * chance.random()
            with stopped_in_the_end(place.start(trial)) as process:
                time.sleep(moment)
                if process.poll() is not None:
                    shutil.rmtree(place.folder / trial)
                    continue  # it has ended before: that is no kill
                kill(process, whom)
            n_files = len(list(place.store(trial).rglob("*.parquet")))
            is_equal = place.finish(trial) == expected
            number += 1
            print(f"{number}: {whom} killed after {moment:.1f} of {seconds:.1f} s, {n_files} files left: {is_equal=}")  # noqa: T201
            assert is_equal
    print(f"{n_kills} runs killed: all exports equal those of an undisturbed run")  # noqa: T201


if __name__ == "__main__":
    kill_at_random(int(sys.argv[1]))
