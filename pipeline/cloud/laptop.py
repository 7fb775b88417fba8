"""Backend: rented machines, driven from the user's own, to which texts and exports travel."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from pipeline import tasks
from pipeline.cloud import images
from pipeline.cloud.backend import ModalBackend
from pipeline.cloud.exports import BEADS_ARCHIVE, RUNS, is_export
from pipeline.commands.console import size
from pipeline.config.run_config import RunConfig
from pipeline.corpus.manifest import Document, Manifest
from pipeline.exports.staging import publish_exports, staging_folder, writing
from pipeline.progress import units
from pipeline.store.store import Store
from pipeline.tasks import Exported

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class LaptopBackend(ModalBackend):
    """Brings texts to the Volume, and exports back from it."""

    def do(
        self,
        task: Callable[Concatenate[Store, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Run one task where the store lies; what it would write from here, or to here, travels as whole files."""
        if task is tasks.keep_texts:
            upload: Callable[..., Any] = self.upload_texts
            return cast(Result, upload(*arguments, **options))
        return super().do(task, *arguments, **options)

    def export(self, config: RunConfig, manifest: Manifest, folder: Path | None) -> Exported:
        """Write the exports on the Volume, and bring them to a folder here."""
        exported = super().export(config, manifest, folder)
        if folder is not None:
            fetch_exports(f"{RUNS}/{config.name}/latest", folder)
        return exported

    def upload_texts(self, batch: Sequence[tuple[Document, str]]) -> None:
        """Write texts as the store does, many to a file, and put the files on the Volume."""
        with tempfile.TemporaryDirectory() as folder:
            tasks.keep_texts(Store(Path(folder)), batch)
            n_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
            self.note(f"upload  {units({'documents': len(batch)})}, {size(n_bytes)}")
            with images.STORE.batch_upload(force=True) as upload:
                upload.put_directory(Path(folder) / "texts", "/texts")


def fetch_exports(remote: str, folder: Path) -> None:
    """Bring the exports of a run from the Volume, in place of former ones, all at once."""
    with writing(folder), staging_folder(folder) as staged:
        for entry in images.STORE.listdir(remote):
            if is_export(Path(entry.path).name):
                _fetch(entry.path, staged / Path(entry.path).name)
        if (staged / BEADS_ARCHIVE).exists():
            with tarfile.open(staged / BEADS_ARCHIVE) as archive:
                archive.extractall(staged, filter="data")
            (staged / BEADS_ARCHIVE).unlink()
        publish_exports(staged, folder)


def _fetch(path: str, target: Path) -> None:
    with target.open("wb") as file:
        for block in images.STORE.read_file(path):
            file.write(block)
