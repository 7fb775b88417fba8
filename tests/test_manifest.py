"""Documents are read, normalised, told apart by what they hold, and hashed; what can't be read fails alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from in_memory import Kept, read_all

from pipeline.config.run_config import make_config
from pipeline.manifest import Document, DocumentPair, Failure, Manifest, document_id

GERMAN = "Der alte Mann ging jeden Morgen an den Hafen und sah den Schiffen nach. Er wartete auf einen Brief.\n"
FRENCH = "Le vieil homme allait chaque matin au port et regardait les bateaux. Il attendait une lettre.\n"


def build(folder: Path, texts: dict[str, Any], limit: int | None = None, **corpus: Any) -> tuple[Manifest, Kept]:
    """Return the manifest of documents with these texts, and what of it was kept."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    corpus = {"documents": "{language}/*.txt", "pairs": ["de-fr"], **corpus} if "source" not in corpus else corpus
    values = {"name": "test", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}
    return read_all(make_config(values, "test", folder), limit=limit)


def test_a_manifest_holds_pairs_in_order_and_each_text_is_kept_once(tmp_path: Path) -> None:
    manifest, kept = build(tmp_path, {"de/b.txt": GERMAN, "fr/b.txt": FRENCH, "de/a.txt": GERMAN, "fr/a.txt": "Autre."})
    assert [pair.pair_id for pair in kept.pairs] == ["a.de-fr", "b.de-fr"]
    assert manifest.n_documents == len(kept.texts) == 3
    source = kept.pairs[0].source
    assert source.id == kept.pairs[1].source.id
    assert (source.language, source.n_chars, source.path) == ("de", len(GERMAN), "de/a.txt")
    assert kept.texts[source.id] == GERMAN


@pytest.mark.parametrize(
    "written",
    [
        GERMAN.replace("\n", "\r\n"),
        "\ufeff" + GERMAN,
        GERMAN.replace("ä", "a\u0308"),
        GERMAN.replace("Der", "D\x01er"),
    ],
    ids=["newlines", "byte order mark", "decomposed", "control character"],
)
def test_a_document_is_known_by_its_normalised_text(written: str, tmp_path: Path) -> None:
    _, plain = build(tmp_path / "plain", {"de/a.txt": GERMAN, "fr/a.txt": FRENCH})
    _, other = build(tmp_path / "other", {"de/a.txt": written, "fr/a.txt": FRENCH})
    assert other.pairs[0].key == plain.pairs[0].key


def test_text_language_and_structure_each_make_another_document() -> None:
    ids = {
        document_id(GERMAN, "de", False),
        document_id(GERMAN, "de-AT", False),
        document_id(GERMAN, "de", True),
        document_id(GERMAN + " ", "de", False),
    }
    assert len(ids) == 4
    assert all(len(one) == 32 for one in ids)


def test_ready_made_sentences_are_another_document(tmp_path: Path) -> None:
    texts = {"de/a.txt": GERMAN, "fr/a.txt": FRENCH}
    _, plain = build(tmp_path, texts)
    _, split = build(tmp_path, texts, is_split=True)
    assert plain.pairs[0].source.id != split.pairs[0].source.id
    assert split.pairs[0].source.is_split


def test_a_detected_language_is_said_with_its_certainty(tmp_path: Path) -> None:
    sides = {"source": "a.txt", "target": "b.txt", "source_language": "auto", "target_language": "auto"}
    manifest, kept = build(tmp_path, {"a.txt": GERMAN, "b.txt": FRENCH}, **sides)
    (pair,) = kept.pairs
    assert (pair.source.language, pair.target.language) == ("de", "fr")
    assert [note.partition(" (")[0] for note in manifest.notes] == ["a.txt: detected de", "b.txt: detected fr"]


def test_a_language_below_the_threshold_is_refused(tmp_path: Path) -> None:
    sides = {"source": "a.txt", "target": "b.txt", "source_language": "auto", "target_language": "fr"}
    texts = {"a.txt": GERMAN, "b.txt": FRENCH}
    manifest, _ = build(tmp_path, texts, **sides, min_language_confidence=1.0)
    assert manifest.n_pairs == 0
    assert "a.txt: its language can't be told (the best guess is de, 0." in manifest.failures[0].reason


def test_a_document_in_two_languages_is_two_documents(tmp_path: Path) -> None:
    manifest, kept = build(tmp_path, {"de/a.txt": GERMAN, "fr/a.txt": GERMAN})
    assert manifest.n_documents == len(kept.texts) == 2


def test_what_can_not_be_read_fails_with_the_pairs_that_need_it(tmp_path: Path) -> None:
    texts = {"de/a.txt": b"\x00", "fr/a.txt": FRENCH, "de/b.txt": GERMAN, "fr/b.txt": FRENCH}
    manifest, kept = build(tmp_path, texts)
    assert [pair.pair_id for pair in kept.pairs] == ["b.de-fr"]
    assert [failure.name for failure in manifest.failures] == ["de/a.txt", "a.de-fr"]
    assert manifest.n_listed == 2


def test_a_pair_whose_sides_both_fail_gives_both_reasons(tmp_path: Path) -> None:
    manifest, _ = build(tmp_path, {"de/a.txt": b"\x00", "fr/a.txt": b"%PDF-"})
    assert manifest.failures[-1].reason.count("; ") >= 1
    assert "de/a.txt" in manifest.failures[-1].reason
    assert "fr/a.txt" in manifest.failures[-1].reason


def test_a_limit_reads_nothing_that_it_leaves_out(tmp_path: Path) -> None:
    texts = {"de/a.txt": GERMAN, "fr/a.txt": FRENCH, "de/b.txt": b"\xff\xfe", "fr/b.txt": FRENCH}
    manifest, kept = build(tmp_path, texts, limit=1)
    assert (manifest.n_pairs, len(kept.texts), manifest.failures, manifest.n_listed) == (1, 2, (), 1)


def test_a_pair_is_known_by_its_documents_and_not_by_its_name() -> None:
    source, target = (Document(name, "de", False, 1, f"{name}.txt") for name in "ab")
    assert DocumentPair("one", source, target).key == DocumentPair("two", source, target).key
    assert DocumentPair("one", target, source).key != DocumentPair("one", source, target).key


def test_a_failure_names_its_document_once() -> None:
    assert str(Failure("read", "a.txt", "a.txt is a PDF file")) == "failed in read: a.txt is a PDF file"
    assert str(Failure("align", "a.de-fr", "ValueError: x")) == "failed in align: a.de-fr: ValueError: x"
