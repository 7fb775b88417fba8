"""Bits that are flipped anywhere in a store: what the next run gives is what an undisturbed one gives.

    python tests/damaged_bytes.py 1000

Five bits at a time are flipped in files of a copy of a finished store, of whatever kind they are. Then the results are
made again from it. They must be equal, byte by byte; damaged files are set aside, and a run after that finds none.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from killed_commands import FINE
from rich.console import Console
from small_corpus import read_exports, run_inline, write_corpus

from pipeline.flow.run import Run
from pipeline.progress import Progress
from pipeline.runs.record import write_record

AT_ONCE = 5


def make(config: Path, store: Path, out: Path) -> tuple[dict[str, bytes], Run]:
    """Make the results of a run in an empty folder; return them, and the run."""
    shutil.rmtree(out, ignore_errors=True)
    run = run_inline(config, store, out, Progress(Console(quiet=True)))
    write_record(run, out)
    return read_exports(out), run


def flip_bits(store: Path, n_bits: int, chance: random.Random) -> list[str]:
    """Flip bits of a store, each file and each of its bits being as likely as the others; return the kinds of files."""
    files = sorted(path for path in store.rglob("*") if path.is_file() and path.stat().st_size)
    kinds = []
    for path in chance.choices(files, k=n_bits):
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        kinds.append(f"{path.relative_to(store).parts[0]}{path.suffix}")
    return kinds


def damage(n_bits: int) -> None:
    """Flip so many bits; see the head of this file."""
    chance = random.Random(n_bits)
    flipped: Counter[str] = Counter()
    n_set_aside = 0
    with tempfile.TemporaryDirectory() as folder:
        config, sound = write_corpus(Path(folder) / "corpus", 15, n_sentences=6, config=FINE), Path(folder) / "sound"
        expected, _ = make(config, sound, Path(folder) / "out")
        while flipped.total() < n_bits:
            store = Path(folder) / "store"
            shutil.rmtree(store, ignore_errors=True)
            shutil.copytree(sound, store)
            flipped.update(flip_bits(store, min(AT_ONCE, n_bits - flipped.total()), chance))
            found, run = make(config, store, Path(folder) / "out")
            assert found == expected, "a damaged byte has come through"
            n_set_aside += len(run.set_aside)
            found, run = make(config, store, Path(folder) / "out")
            assert found == expected
            assert not run.set_aside, "damage is found a second time"
    said = f"{flipped.total()} bits flipped ({dict(flipped)}), {n_set_aside} files set aside: all results equal"
    print(said)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_bits", type=int)
    damage(parser.parse_args().n_bits)
