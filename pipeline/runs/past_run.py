"""A run that has been done, as its record in the store tells it: to look at, without its documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipeline.config.run_config import RunConfig, load_config, make_config, settle_encoder
from pipeline.corpus.formats import names as document_formats
from pipeline.errors import ConfigError, MissingError
from pipeline.exports import write as export_formats
from pipeline.manifest import DocumentPair, Manifest
from pipeline.review.corrections import corrections_folder, corrections_path, read_reviews
from pipeline.review.pages import pack_pair
from pipeline.store.files import write_text
from pipeline.store.run_store import LATEST, RunStore
from pipeline.store.sealed import unseal
from pipeline.store.store import Store

NO_CONFIGS = frozenset({*document_formats.SUFFIXES, *export_formats.SUFFIXES})
"""How names end that are of documents, or of what was written of them."""


@dataclass(frozen=True)
class PastRun:
    """A run, where its record lies, and its manifest."""

    config: RunConfig
    folder: Path
    manifest: Manifest
    store: RunStore

    def pairs(self) -> Iterator[DocumentPair]:
        """Give its pairs, without their corrections."""
        return self.store.manifest.pairs(self.manifest)

    def pair(self, pair_id: str) -> DocumentPair:
        """Return a pair by its id; raises ConfigError that names similar ones."""
        names = []
        for pair in self.pairs():
            if pair.pair_id == pair_id:
                return pair
            names.append(pair.pair_id)
        similar = get_close_matches(pair_id, names, n=3, cutoff=0.4) or names[:3]
        raise ConfigError(
            f"run {self.config.name} has no pair {pair_id!r}; it has {len(names):,}, such as {', '.join(similar)}"
        )


def find_run(store: Store, named: str) -> PastRun:
    """Find a run by its name, its config file or its folder of results; with a config, the one that it says now.

    Raises ConfigError where there is no such file or config, MissingError where the run has left no record.
    """
    path = Path(named)
    if path.suffix.lower() in NO_CONFIGS:
        raise ConfigError(
            f"{path} is a document, and no run: name a run by its config, its name or its folder of results. "
            "To review a text and its translation: bitext align SOURCE TARGET --review"
        )
    if path.is_file():
        config = load_config(path)
        return _past_run(store, config.name, config)
    if path.suffix == ".toml":
        load_config(path)  # says what is wrong with it
    if (path / "run.json").is_file():
        named = _read_record(path / "run.json")["config"]["name"]
    return _past_run(store, named, None)


def _past_run(store: Store, name: str, config: RunConfig | None) -> PastRun:
    folder = store.run_folder(name) / LATEST
    if not (folder / "run.json").is_file() or not (folder / "manifest.json").is_file():
        known = sorted(path.name for path in store.run_folder("").glob("*") if path.is_dir())
        there = f"it has {', '.join(known[:10])}" if known else "it has none"
        raise MissingError(
            f"{store.root} holds no run {name!r}: {there}. Do it with bitext run, or name its store with --store"
        )
    config = config or recorded_config(folder / "run.json")
    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder / "manifest.json") from None
    config = settle_encoder(config, manifest.all_languages)
    return PastRun(config, folder, manifest, RunStore(store, config))


def recorded_config(path: Path) -> RunConfig:
    """Return the config that a run.json holds, with the addresses that the run had; raises MissingError if damaged."""
    recorded = _read_record(path)
    values: dict[str, Any] = recorded["config"]
    if values["align"]["method"] == "bertalign":
        del values["encode"]["overlaps"]  # a default, which this method doesn't want to be named
    return make_config(values, where=str(path), folder=Path(recorded["folder"]))


def _read_record(path: Path) -> dict[str, Any]:
    try:
        return unseal(path.read_text(encoding="utf-8"))
    except ValueError:
        raise _damaged(path) from None


def _damaged(path: Path) -> MissingError:
    return MissingError(f"{path} is damaged, or from an earlier release; bitext run makes it again")


def write_pair_page(run: PastRun, pair_id: str, path: Path) -> None:
    """Write the page of one pair.

    Raises ConfigError for an unknown pair or a bad file of corrections, MissingError for a pair that isn't aligned.
    """
    from stages.report.pages import render_pair

    found = run.pair(pair_id)
    reviews = read_reviews(corrections_path(corrections_folder(run.config), pair_id))
    try:
        (pair,) = run.store.place([replace(found, reviews=reviews)])
        packed = pack_pair(run.store, pair)
    except KeyError:
        raise MissingError(
            f"pair {pair_id} of run {run.config.name} has no beads in the store; run bitext run, and look again"
        ) from None
    write_text(path, render_pair(pair_id, packed))
