"""A corpus that lies with the store: read where it lies, and only what has changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus.intake import look_at_corpus, read_corpus
from pipeline.corpus.readers import DocumentReader
from pipeline.errors import ConfigError
from pipeline.manifest import DocumentPair, Manifest
from pipeline.store.manifest_files import ManifestFolder
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store

AN_HOUR_AGO = time.time() - 3600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    for language, text in (("en", "A house. A tree."), ("de", "Ein Haus. Ein Baum.")):
        for name in ("one", "two"):
            write(tmp_path / "corpus" / language / f"{name}.txt", f"{name}. {text}")
    return Store(tmp_path)


def write(path: Path, text: str) -> None:
    """Write a file that looks as if it were an hour old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (AN_HOUR_AGO, AN_HOUR_AGO))


def config_of(**corpus: object) -> RunConfig:
    values = {"documents": "volume:corpus/{language}/*.txt", "pairs": ["en-de"], **corpus}
    return make_config(
        {"name": "test", "corpus": values, "encode": {"encoder": "use-multilingual"}},
        where="test",
        folder=Path("/none"),
    )


def read(store: Store, **corpus: object) -> Manifest:
    return read_corpus(RunStore(store, config_of(**corpus)), None)


def pairs_of(store: Store, manifest: Manifest) -> list[DocumentPair]:
    return list(RunStore(store, config_of()).manifest.pairs(manifest))


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the files that are opened from here on."""
    names: list[str] = []
    read = DocumentReader.read

    def watched(reader, sources):  # type: ignore[no-untyped-def]
        names.extend(source.name for source in sources)
        return read(reader, sources)

    monkeypatch.setattr(DocumentReader, "read", watched)
    return names


def test_a_corpus_in_the_store_is_found_and_its_texts_are_kept(store: Store) -> None:
    manifest = read(store)
    pairs = pairs_of(store, manifest)
    assert [pair.pair_id for pair in pairs] == ["one.en-de", "two.en-de"]
    assert pairs[0].source.path == "corpus/en/one.txt"
    assert set(store.shelf("texts", "all").places()) == {
        side.id for pair in pairs for side in (pair.source, pair.target)
    }


def test_unchanged_files_are_not_opened_again(store: Store, read_files: list[str]) -> None:
    first = read(store)
    assert len(read_files) == 4
    read_files.clear()
    assert read(store) == first
    assert read_files == []


def test_a_file_of_another_size_or_time_is_read(store: Store, read_files: list[str]) -> None:
    read(store)
    read_files.clear()
    write(store.root / "corpus/en/one.txt", "one. Another house.")
    os.utime(store.root / "corpus/de/two.txt", (AN_HOUR_AGO + 60, AN_HOUR_AGO + 60))
    manifest = read(store)
    assert sorted(read_files) == ["corpus/de/two.txt", "corpus/en/one.txt"]
    assert RunStore(store, config_of()).read_text(pairs_of(store, manifest)[0].source) == "one. Another house."


def test_a_file_written_a_moment_ago_is_read_again(store: Store, read_files: list[str]) -> None:
    (store.root / "corpus/en/one.txt").write_text("New.", encoding="utf-8")
    read(store)
    read_files.clear()
    read(store)
    assert read_files == ["corpus/en/one.txt"]


def test_what_was_known_is_read_again_under_other_settings_or_without_its_text(
    store: Store, read_files: list[str]
) -> None:
    read(store)
    read_files.clear()
    read(store, is_split=True)
    assert len(read_files) == 4
    read_files.clear()
    store.prune()
    read_corpus(RunStore(Store(store.root), config_of(is_split=True)), None, is_fresh=True)
    assert len(read_files) == 4


def test_a_damaged_manifest_only_costs_time(store: Store, read_files: list[str]) -> None:
    first = read(store)
    for path in (store.root / "runs/test/manifest").iterdir():
        path.write_bytes(b"PAR1 nonsense")
    read_files.clear()
    assert read(store) == first
    assert len(read_files) == 4


def test_a_removed_file_is_gone_from_the_manifest(store: Store) -> None:
    read(store)
    for language in ("en", "de"):
        (store.root / f"corpus/{language}/one.txt").unlink()
    assert [pair.pair_id for pair in pairs_of(store, read(store))] == ["two.en-de"]


def test_only_a_look_keeps_nothing(store: Store) -> None:
    look_at_corpus(RunStore(store, config_of()), None, ManifestFolder(store.root / "elsewhere"))
    assert store.shelf("texts", "all").places() == {}
    assert not (store.root / "runs").exists()


def test_both_sides_must_lie_in_one_place(store: Store) -> None:
    sides = {"source": "volume:a/*.txt", "target": "b/*.txt", "source_language": "en", "target_language": "de"}
    with pytest.raises(ConfigError, match="must lie in one place"):
        read(store, documents=None, pairs=[], **sides)
