"""Two documents in two encodings: each is read as what it is, and the user is told what was guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats import paragraphs, problem, read
from in_memory import read_all

from pipeline.commands.spelling import as_options
from pipeline.config.run_config import make_config
from pipeline.corpus.formats.document import DocumentText
from pipeline.errors import ConfigError
from pipeline.manifest import Manifest

ENGLISH = "The lamp was lit — it’s a naïve story."
RUSSIAN = "Лампа горела всю ночь — и никто её не видел."


def manifest_of(folder: Path, **corpus: str) -> tuple[Manifest, list[str]]:
    """Return what a corpus is read as, and its texts."""
    config = make_config({"name": "x", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}, "x.toml", folder)
    manifest, kept = read_all(config)
    return manifest, list(kept.texts.values())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.en.txt").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "a.ru.txt").write_text(RUSSIAN, encoding="cp1251")
    return tmp_path


SOURCES = {"source": "a.en.txt", "target": "a.ru.txt", "source_language": "en", "target_language": "ru"}


@pytest.mark.parametrize("corpus", [{"encoding": "cp1251"}, {"target_encoding": "cp1251"}, {}])
def test_an_encoding_is_for_the_file_that_is_not_utf8(folder: Path, corpus: dict[str, str]) -> None:
    manifest, texts = manifest_of(folder, **SOURCES, **corpus)
    assert texts == [ENGLISH, RUSSIAN]
    guessed = [note for note in manifest.notes if "a guess" in note]
    assert [note.partition(":")[0] for note in guessed] == ([] if corpus else ["a.ru.txt"])


def test_each_side_has_an_encoding_of_its_own(folder: Path) -> None:
    (folder / "a.en.txt").write_bytes(ENGLISH.encode("cp1252"))
    (folder / "a.ru.txt").write_bytes(RUSSIAN.encode("cp866", errors="replace"))
    _, texts = manifest_of(folder, **SOURCES, source_encoding="cp1252", target_encoding="cp866")
    assert texts == [ENGLISH, RUSSIAN.replace("—", "?")]


def test_a_manifest_has_columns_of_encodings(folder: Path) -> None:
    header = "pair_id\tsource_path\ttarget_path\tsource_language\ttarget_language\ttarget_encoding\n"
    (folder / "pairs.tsv").write_text(f"{header}a\ta.en.txt\ta.ru.txt\ten\tru\tcp1251\n")
    assert manifest_of(folder, manifest="pairs.tsv")[1] == [ENGLISH, RUSSIAN]
    (folder / "pairs.tsv").write_text(f"{header}a\ta.en.txt\ta.ru.txt\ten\tru\tklingon\n")
    with pytest.raises(ConfigError, match=r"line 2: .*klingon.* is not an encoding of text that Python knows"):
        manifest_of(folder, manifest="pairs.tsv")


def test_sides_have_encodings_only_where_there_are_sides(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"corpus.source_encoding: `documents` has no sides; use `encoding`"):
        manifest_of(folder, documents="a.{language}.txt", pairs=["en-ru"], source_encoding="cp1251")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"\[corpus\] target_encoding = \"klingon\" is not an encoding"):
        manifest_of(folder, **SOURCES, target_encoding="klingon")


def test_a_page_in_utf8_is_read_as_such_whatever_it_or_the_config_says(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<meta charset='klingon'><p>It’s a café.", encoding="utf-8")
    assert paragraphs(tmp_path / "a.html", encoding="cp1251") == ["It’s a café."]
    (tmp_path / "b.html").write_text("<meta charset='utf-8'><p>Größe</p>", encoding="utf-16")
    assert paragraphs(tmp_path / "b.html") == ["Größe"]


def test_a_page_that_names_no_encoding_is_guessed_and_one_that_names_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(f"<p>{RUSSIAN}".encode("cp1251"))
    found = read(tmp_path / "a.html")
    assert isinstance(found, DocumentText)
    assert found.text == RUSSIAN + "\n\n"
    assert "read as windows-1251, a guess" in found.notes[0]
    (tmp_path / "a.html").write_bytes(f"<meta charset=windows-1251><p>{RUSSIAN}".encode("cp1251"))
    assert read(tmp_path / "a.html") == DocumentText(RUSSIAN + "\n\n")


def test_a_guess_below_the_threshold_is_refused(folder: Path) -> None:
    assert problem(folder / "a.ru.txt", min_encoding_confidence=0.95).startswith(
        "a.ru.txt is not UTF-8 at byte 0 (the best guess is windows-1251, confidence 0."
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a.txt is no text; set [corpus] encoding, or convert it", "a.txt is no text; set --encoding, or convert it"),
        ('set [corpus] encoding = "utf-16"', 'set --encoding "utf-16"'),
        ("corpus.source_encoding: unknown", "--source-encoding: unknown"),
        ("name it: source_language, target_language", "name it: --source-language, --target-language"),
        ("[corpus] is_split = true", "--is-split"),
        ("[corpus] source and target has a problem", "the command line has a problem"),
        ("[corpus] allow_unmatched = true", "[corpus] allow_unmatched = true"),
    ],
)
def test_errors_of_a_command_without_a_config_name_its_options(message: str, expected: str) -> None:
    options = frozenset({"encoding", "source_encoding", "is_split", "source_language"})
    assert as_options(message, options) == expected
