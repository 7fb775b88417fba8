"""Backend: machines rented from Modal. Only addresses and counts travel; texts and vectors stay on the Volume."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import modal

from pipeline import cloud, images, tasks
from pipeline.config import RunConfig
from pipeline.console import size
from pipeline.container import Done, Work
from pipeline.manifest import Document, Manifest
from pipeline.remote_export import BEADS_ARCHIVE, RUNS, export_to_volume, is_export
from pipeline.staging import publish_exports, staging_folder, writing
from pipeline.store import Store
from pipeline.tasks import Exported, Shard, ShardOutcome, Task
from stages.encode.registry import describe

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

CHARS_PER_CONTAINER = 200_000
"""A container is rented for at least so much text: starting one takes longer than working on less."""


class ModalBackend:
    """Runs tasks in containers of the app, which must be running."""

    def __init__(self, config: RunConfig, note: Callable[[str], None]):
        self.n_workers = config.compute.containers
        self.done: list[tuple[str, Done]] = []
        """What each container did, with the name of its function."""
        self._note = note

    def do(
        self,
        task: Callable[Concatenate[Store, Parameters], Result],
        *arguments: Parameters.args,
        **options: Parameters.kwargs,
    ) -> Result:
        """Run one task where the store lies; texts are brought there, and exports brought back."""
        by_hand: dict[Callable[..., Any], Callable[..., Any]] = {
            tasks.keep_texts: self._upload_texts,
            tasks.export_run: self._export,
        }
        if task in by_hand:
            return cast(Result, by_hand[task](*arguments, **options))
        return cast(Result, self._ask(task, *arguments, **options))

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        """Run a task on every shard and give each outcome as it comes, or what killed its container."""
        works = [Work(index, config, shard) for index, shard in enumerate(shards)]
        name, machine = _machine(task, config, _n_containers(shards, config))
        waiting, deaths = dict(enumerate(shards)), []
        for done in machine.map(works, order_outputs=False, return_exceptions=True):
            if isinstance(done, Exception):
                deaths.append(done)  # it doesn't say which shard it was: those that are left in the end
                continue
            self.done.append((name, done))
            yield waiting.pop(done.index), done.result
        yield from zip(waiting.values(), deaths, strict=True)

    def _ask(self, task: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return cloud.clerk.remote(task, arguments, options)

    def _upload_texts(self, batch: Sequence[tuple[Document, str]]) -> None:
        """Write texts as the store does, many to a file, and put the files on the Volume."""
        with tempfile.TemporaryDirectory() as folder:
            tasks.keep_texts(Store(Path(folder)), batch)
            n_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
            self._note(f"upload  {len(batch):,} documents, {size(n_bytes)}")
            with images.STORE.batch_upload(force=True) as upload:
                upload.put_directory(Path(folder) / "texts", "/texts")

    def _export(self, config: RunConfig, manifest: Manifest, folder: Path | None) -> Exported:
        """Write the exports on the Volume, and bring them to a folder here."""
        if folder is None:
            exported: Exported = self._ask(tasks.export_run, config, manifest, None)
            return exported
        exported = self._ask(export_to_volume, config, manifest)
        with writing(folder), staging_folder(folder) as staged:
            for entry in images.STORE.listdir(f"{RUNS}/{config.name}/latest"):
                name = Path(entry.path).name
                if is_export(name):
                    _fetch(entry.path, staged / name)
            if (staged / BEADS_ARCHIVE).exists():
                with tarfile.open(staged / BEADS_ARCHIVE) as archive:
                    archive.extractall(staged, filter="data")
                (staged / BEADS_ARCHIVE).unlink()
            publish_exports(staged, folder)
        return exported


def _fetch(path: str, target: Path) -> None:
    with target.open("wb") as file:
        for block in images.STORE.read_file(path):
            file.write(block)


def _machine(task: Task, config: RunConfig, n_containers: int) -> tuple[str, Any]:
    """Return the function of a stage, with its name, on the machines that the config asks for."""
    compute = config.compute
    options: dict[str, Any] = {
        "max_containers": n_containers,
        "timeout": compute.timeout_minutes * 60,
        "scaledown_window": compute.scaledown_seconds,
        "retries": modal.Retries(max_retries=compute.retries, initial_delay=1.0),
    }
    if task is tasks.encode_shard and describe(config.encode).wants_gpu:
        if compute.encode_gpu != "any":
            options["gpu"] = compute.encode_gpu
        machine: Any = cloud.EncodeOnGpu  # Modal gives the class what its type doesn't say
        encoder = machine.with_options(**options)
        return "encode_on_gpu", encoder(encode_config=config.encode.model_dump_json()).encode
    options["cpu"] = compute.cores
    if task is tasks.align_shard and compute.align_gpu != "none":
        return "align_on_gpu", cloud.align_on_gpu.with_options(gpu=compute.align_gpu, **options)
    functions: dict[Task, tuple[str, Any]] = {
        tasks.split_shard: ("split", cloud.split),
        tasks.encode_shard: ("encode_on_cpu", cloud.encode_on_cpu),
        tasks.align_shard: ("align_on_cpu", cloud.align_on_cpu),
    }
    name, function = functions[task]
    return name, function.with_options(**options)


def _n_containers(shards: Sequence[Shard], config: RunConfig) -> int:
    enough = -(-sum(shard.n_chars for shard in shards) // CHARS_PER_CONTAINER)
    return max(1, min(config.compute.containers, enough))
