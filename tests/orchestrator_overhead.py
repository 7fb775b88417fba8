"""Measure what driving a run costs by itself: small documents through stages that do nothing, on the loopback Modal.

    python tests/orchestrator_overhead.py [n_documents]

Splitting, encoding and aligning are replaced within the containers by what returns at once; all that is left is to
find and hash documents, upload, cut, ask, write and read files, and export. It prints seconds, calls of the client to
Modal, and files on the Volume: of a first run, of one without news, and of one with a new document.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
from modal_world import ModalWorld

IMAGES = ("clerk", "split", "encode_on_cpu", "align_on_cpu")

IDLE_STAGES = """
import importlib.abc, importlib.util, sys

def idle_split(module):
    from stages.data import Sentence
    module.split_document = lambda text, *_: module.SplitResult([Sentence(0, 0, len(text), text)])

def idle_encode(module):
    import numpy as np
    from stages.encode.encoder import EncodedTexts, Timing
    from stages.encode.registry import describe

    class Idle:
        dimensions, precision, timing = 4, "float32", Timing()
        def __init__(self, config):
            self.info = describe(config)
        def encode(self, texts):
            n = len(texts)
            return EncodedTexts(np.full((n, 4), 0.5, np.float32), np.zeros(n, bool), np.ones(n, np.int64))
    module.load_encoder = Idle

def idle_align(module):
    def once(align):
        known = {}
        def idle(source, target, *arguments, **options):
            size = len(source.sentences), len(target.sentences)
            if size not in known:
                known[size] = align(source, target, *arguments, **options)
            return known[size]
        return idle
    module.align_pair, module.find_requested_overlaps = once(module.align_pair), once(module.find_requested_overlaps)

IDLE = {"stages.split": idle_split, "stages.encode": idle_encode, "stages.align": idle_align}

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        make_idle = IDLE.pop(name, None)
        if make_idle is None:
            return None
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            make_idle(module)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""
"""A `sitecustomize` for containers."""

CONFIG = """
name = "overhead"
[corpus]
documents = "{language}/*.txt"
pairs = ["en-de"]
[encode]
encoder = "use-multilingual"
overlaps = "none"
[export]
formats = ["tsv", "beads"]
[compute]
cores = 1
align_gpu = "none"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_documents", nargs="?", type=int, default=2000)
    n_pairs = parser.parse_args().n_documents // 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with closing(ModalWorld(folder / "world", images=IMAGES, site=IDLE_STAGES)) as world:
            write_corpus(folder, range(n_pairs))
            measure(world, folder, f"{2 * n_pairs:,} documents, all of them new")
            measure(world, folder, "nothing new")
            write_corpus(folder, range(n_pairs, n_pairs + 1))
            measure(world, folder, "one new pair")


def write_corpus(folder: Path, numbers: range) -> None:
    old = time.time() - 60  # else the files are too fresh to be trusted the next time
    for language in ("en", "de"):
        (folder / language).mkdir(exist_ok=True)
        for number in numbers:
            path = folder / language / f"{number:05d}.txt"
            path.write_text(f"Document {number} in {language}.")
            os.utime(path, (old, old))
    (folder / "overhead.toml").write_text(CONFIG)


def measure(world: ModalWorld, folder: Path, title: str) -> None:
    before, started, n_containers = calls(world), time.monotonic(), world.n_started()
    began = time.time()
    world.run(folder / "overhead.toml", folder / "out")
    seconds = time.monotonic() - started
    made = calls(world) - before
    click.echo(f"{title}: {seconds:.1f} s, {world.n_started() - n_containers} containers")
    if (folder / "out" / "report.json").stat().st_mtime > began:  # else there was nothing to record
        click.echo("  seconds: " + ", ".join(f"{name} {spent:.1f}" for name, spent in stage_seconds(folder / "out")))
    click.echo(
        f"  {made.total():,} client calls: " + ", ".join(f"{name} {n}" for name, n in made.most_common(6)) + ", …"
    )
    click.echo(f"  {n_files(world):,} files on the Volume: " + ", ".join(files_by_folder(world)))


def stage_seconds(out: Path) -> Iterator[tuple[str, float]]:
    for stage in json.loads((out / "report.json").read_text())["stages"]:
        yield stage["name"], stage["seconds"]


def calls(world: ModalWorld) -> Counter[str]:
    """Count what the client on the laptop has asked of Modal, by the name of the call."""
    asked = world.state()["rpcs"]
    return Counter({name.removeprefix("client:"): n for name, n in asked.items() if name.startswith("client:")})


def n_files(world: ModalWorld) -> int:
    return sum(path.is_file() for path in world.volume().rglob("*"))


def files_by_folder(world: ModalWorld) -> Iterator[str]:
    for folder in sorted(world.volume().iterdir()):
        yield f"{folder.name} {sum(path.is_file() for path in folder.rglob('*'))}"


if __name__ == "__main__":
    main()
