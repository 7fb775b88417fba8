"""Runs that are killed, interrupted, or started twice: what comes out in the end is what an undisturbed run gives.

python tests/test_kill.py 20        kills twenty commands at random moments: see killed_commands.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed_commands import ALL, MAIN, N_PAIRS, Place, kill, kill_at_random, stopped_in_the_end
from processes import all_gone, children_of, wait_until
from small_corpus import read_exports

pytestmark = pytest.mark.slow  # each run starts a process for each core, three times


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


if __name__ == "__main__":
    kill_at_random(int(sys.argv[1]))
