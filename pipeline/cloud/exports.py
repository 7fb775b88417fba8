"""Exports on the Volume: written there by the clerk, and brought to the user's machine from there."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from pipeline.exports.filenames import BEADS, DATASET, PAIRS, SUBTITLES, XCES
from pipeline.manifest import Manifest
from pipeline.store.files import whole_file
from pipeline.store.run_store import LATEST, RunStore
from pipeline.tasks.export import Exported, export_run
from pipeline.tasks.missing import ShardReviews

RUNS = "runs"
ARCHIVES = {name: f"{name}.tar.gz" for name in (BEADS, PAIRS, SUBTITLES, XCES, DATASET)}
"""Folders of exports, and what they are packed into: a Volume is slow with many files."""


def export_to_volume(store: RunStore, manifest: Manifest, reviews: ShardReviews) -> Exported:
    """Write the exports of a run into its folder in the store, in place of the former ones.

    They are made on the container's own disk first: a Volume is slow with many small writes.
    """
    folder = store.folder / LATEST
    with tempfile.TemporaryDirectory() as temporary:
        exported = export_run(store, manifest, reviews, Path(temporary))
        _pack_folders(Path(temporary))
        made = {path.name: path for path in Path(temporary).iterdir() if is_export(path.name)}
        for name, path in made.items():
            with whole_file(folder / name) as copy:
                shutil.copyfile(path, copy)
    for path in list(folder.iterdir()):
        if is_export(path.name) and path.name not in made:
            path.unlink()
    return exported


def is_export(name: str) -> bool:
    """Say whether a file of a run's folder is an export, rather than a part of its record."""
    return name.startswith("bitext.") or name in ARCHIVES.values()


def _pack_folders(folder: Path) -> None:
    for name, packed in ARCHIVES.items():
        if (folder / name).is_dir():
            with tarfile.open(folder / packed, "w:gz", compresslevel=1) as archive:
                archive.add(folder / name, name)
