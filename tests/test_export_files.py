"""Exports are whole or absent, the same each time, and leave other people's files alone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from export_pairs import NASTY_TEXTS, any_pair, any_text, make_pair
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, StoreError
from pipeline.exports import sinks
from pipeline.exports.filenames import MAX_NAME_BYTES, file_name
from pipeline.exports.staging import writing
from pipeline.exports.write import write_exports, write_file, write_pair
from pipeline.store.files import STALE_SECONDS
from stages.data import AlignedPair
from stages.export.config import ExportConfig

GOLDEN = Path(__file__).parent / "golden" / "export"
ALL_FORMATS = ExportConfig(formats=("tsv", "jsonl", "parquet", "moses", "tmx", "beads"), keep_nulls=True)
LANGUAGES = [("en", "de"), ("en", "zh")]


def story() -> list[AlignedPair]:
    """Two pairs with every type of bead: the export of them in golden/export has been read by a person."""
    english = ["The cat sat.", 'It said "miau" & left.', "Nobody\tknew\nwhy.", "The end."]
    german = ["Die Katze saß.", "Sie sagte <miau>.", "Dann ging sie.", "Ende.", "© Verlag"]
    german_spans = [(0, 1, 0, 1), (1, 2, 1, 3), (2, 3, 3, 3), (3, 4, 3, 4), (4, 4, 4, 5)]
    chinese = ["猫坐着。", "它说了声“喵”就走了。没人知道为什么。", "完。"]
    chinese_spans = [(0, 1, 0, 1), (1, 3, 1, 2), (3, 4, 2, 3)]
    return [
        make_pair(english, german, german_spans, scores=[0.91, 0.73124, -0.1, 2 / 3, -0.1], pair_id="cat/01"),
        make_pair(english, chinese, chinese_spans, scores=[0.9, 0.7, 0.8], pair_id="Katze 猫", languages=LANGUAGES[1]),
    ]


def export(folder: Path, pairs: list[AlignedPair] | None = None, config: ExportConfig = ALL_FORMATS) -> dict[str, int]:
    return dict(write_exports(story() if pairs is None else pairs, config, folder, language_pairs=LANGUAGES))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_export_of_a_story_is_as_a_person_has_read_it(tmp_path: Path):
    counts = export(tmp_path)
    written = contents(tmp_path)
    written = {name: text for name, text in written.items() if not name.endswith(".parquet")}
    if os.environ.get("UPDATE_GOLDEN"):
        for name, text in written.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(text)
    assert written == contents(GOLDEN)
    assert {name: count for name, count in counts.items() if count} == {"pairs": 2, "beads": 8, "beads_exported": 8}


def test_parquet_has_the_columns_of_tsv(tmp_path: Path):
    export(tmp_path)
    tables = [
        pq.read_table(tmp_path / f"bitext.en-{language}.parquet", page_checksum_verification=True).to_pylist()
        for language in ("de", "zh")
    ]
    assert [len(rows) for rows in tables] == [5, 3]
    rows = tables[0]
    assert list(rows[0]) == (tmp_path / "bitext.en-de.tsv").read_text().split("\n")[0].split("\t")
    assert rows[1] == {
        "source": 'It said "miau" & left.',
        "target": "Sie sagte <miau>. Dann ging sie.",
        "score": 0.7312,
        "similarity": 0.3656,
        "confidence": 0.7312,
        "source_start": 1,
        "source_stop": 2,
        "target_start": 1,
        "target_stop": 3,
        "pair_id": "cat/01",
        "source_language": "en",
        "target_language": "de",
        "source_file": "",
        "target_file": "",
    }
    assert (rows[4]["source"], rows[4]["target"]) == ("", "© Verlag")
    assert tables[1][1]["target"] == "它说了声“喵”就走了。没人知道为什么。"


@pytest.mark.parametrize(("rows", "chars"), [(1, 10**9), (3, 10**9), (10**9, 20)])
def test_parquet_is_written_in_row_groups_that_fit_in_memory(rows: int, chars: int, tmp_path: Path, monkeypatch):
    export(tmp_path / "whole")
    monkeypatch.setattr(sinks, "ROWS_IN_MEMORY", rows)
    monkeypatch.setattr(sinks, "CHARS_IN_MEMORY", chars)
    export(tmp_path / "cut")
    whole, cut = (pq.ParquetFile(tmp_path / name / "bitext.en-de.parquet") for name in ("whole", "cut"))
    with whole, cut:
        assert (whole.num_row_groups, cut.num_row_groups > 1) == (1, True)
        assert whole.read() == cut.read()


def test_parquet_holds_texts_that_no_other_format_can(tmp_path: Path):
    write_pair(make_pair(NASTY_TEXTS, NASTY_TEXTS, pair_id="\ud800"), tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    expected = [text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd") for text in NASTY_TEXTS]
    assert table["target"].to_pylist() == expected
    assert set(table["pair_id"].to_pylist()) == {"\ufffd"}


def test_an_export_of_beads_alone_leaves_nothing_out(tmp_path: Path):
    counts = export(tmp_path, config=ExportConfig(formats=("beads",), min_score=1))
    assert counts == {"pairs": 2, "beads": 8, "stale_files_removed": 0}
    assert contents(tmp_path / "beads") == contents(GOLDEN / "beads")


def test_a_run_without_pairs_writes_empty_files(tmp_path: Path):
    write_exports([], ALL_FORMATS, tmp_path, language_pairs=[])
    assert sorted(contents(tmp_path)) == ["bitext.jsonl", "bitext.parquet", "bitext.tmx", "bitext.tsv"]
    assert pq.read_table(tmp_path / "bitext.parquet").num_rows == 0


def test_two_exports_are_equal_to_the_byte(tmp_path: Path):
    export(tmp_path / "one")
    export(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    export(tmp_path / "one")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_both_sides_in_one_language_are_told_apart(tmp_path: Path):
    pair = make_pair(["It is hard."], ["It's hard."], languages=("en", "en"))
    write_exports([pair], ALL_FORMATS, tmp_path, language_pairs=[("en", "en")])
    assert (tmp_path / "bitext.en-en.en.target").read_text() == "It's hard.\n"
    write_exports([], ExportConfig(formats=("tsv",)), tmp_path, language_pairs=[])
    assert sorted(contents(tmp_path)) == ["bitext.tsv"]


def test_what_an_earlier_export_left_goes_and_the_files_of_others_stay(tmp_path: Path):
    export(tmp_path)
    others = ["notes.txt", "bitext.tsv.bak", "bitext.old-copy.tsv", "beads/notes.txt", "report.html", "bitext.xls"]
    for name in others:
        (tmp_path / name).write_text("mine")
    counts = export(tmp_path, story()[1:], ExportConfig(formats=("jsonl", "beads")))
    assert counts["stale_files_removed"] == 11
    assert sorted(contents(tmp_path)) == sorted(
        ["bitext.en-de.jsonl", "bitext.en-zh.jsonl", "beads/Katze%20猫.beads.txt", *others]
    )
    write_exports(story()[1:], ExportConfig(formats=("tsv",)), tmp_path, language_pairs=LANGUAGES[1:])
    assert sorted(contents(tmp_path)) == sorted(["bitext.tsv", *others])


def test_an_export_that_fails_leaves_the_old_files_as_they_were(tmp_path: Path):
    export(tmp_path)
    before = contents(tmp_path)

    def broken() -> Iterator[AlignedPair]:
        yield make_pair(["new"], ["neu"])
        raise FileNotFoundError(2, "No such file", str(tmp_path.parent / "store" / "x.parquet"))

    with pytest.raises(FileNotFoundError):
        write_exports(broken(), ALL_FORMATS, tmp_path, language_pairs=LANGUAGES)
    assert contents(tmp_path) == before


KILLED = """
import os, sys, time
from pathlib import Path
from export_pairs import make_pair
from pipeline.exports.write import write_exports
from stages.export.config import ExportConfig

def pairs():
    yield make_pair(["new"], ["neu"])
    print("writing", flush=True)
    time.sleep(60)

config = ExportConfig(formats=("tsv", "parquet", "beads"))
write_exports(pairs(), config, Path(sys.argv[1]), language_pairs=[("en", "de")])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL and no locks")
def test_a_killed_export_leaves_the_old_files_and_the_next_one_sweeps_but_not_while_it_lives(tmp_path: Path):
    export(tmp_path)
    before = contents(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        export(tmp_path)
        assert len(list(tmp_path.glob(".export-*"))) == 1, "a living export was swept"
        process.send_signal(signal.SIGKILL)
    assert len(list(tmp_path.glob(".export-*"))) == 1
    assert {name: data for name, data in contents(tmp_path).items() if not name.startswith(".")} == before
    export(tmp_path)
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".export-*"))


def test_a_staging_folder_without_a_lock_is_swept_when_it_is_old(tmp_path: Path):
    for name, age in ((".export-new", 0), (".export-old", STALE_SECONDS + 10)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    export(tmp_path)
    assert [path.name for path in tmp_path.glob(".export-*")] == [".export-new"]


def test_two_pairs_of_one_name_are_an_error(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"pair 'story': beads/story\.beads\.txt is another pair's already"):
        export(tmp_path, [make_pair([], []), make_pair([], [])])
    assert contents(tmp_path) == {}


def test_a_pair_of_other_languages_than_were_announced_is_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="pair 'story' is en-fr, which language_pairs lacks"):
        export(tmp_path, [make_pair([], [], languages=("en", "fr"))])


def test_a_folder_that_is_a_file_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "out").write_text("")
    with pytest.raises(StoreError, match="out can't be written"):
        export(tmp_path / "out")


@pytest.mark.parametrize("name", [None, "out/.export-x/bitext.tsv", "out", "."])
def test_a_full_disk_is_an_error_that_says_what_to_do(name: str | None, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="out can't be written: the disk is full"), writing(Path("out")):
        raise OSError(errno.ENOSPC, "No space left on device", name and str(Path(name).absolute()))


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"out\.xls: no format .*'\.xls'; known are \.tsv \(tsv\), .*\.txt \(beads\)"):
        write_pair(story()[0], tmp_path / "out.xls")


def test_one_file_holds_many_pairs_but_a_file_of_beads_one(tmp_path: Path):
    write_file(story(), tmp_path / "out.tsv", ALL_FORMATS, language_pairs=LANGUAGES)
    parts = [(GOLDEN / f"bitext.en-{language}.tsv").read_bytes() for language in ("de", "zh")]
    assert (tmp_path / "out.tsv").read_bytes() == parts[0] + parts[1].partition(b"\n")[2]
    with pytest.raises(ConfigError, match="the second would be 'Katze 猫'"):
        write_file(story(), tmp_path / "out.txt", ALL_FORMATS, language_pairs=LANGUAGES)
    assert sorted(contents(tmp_path)) == ["out.tsv"]


@settings(max_examples=40, deadline=None)
@given(pair=any_pair())
def test_any_pair_can_be_written_in_every_format(pair: AlignedPair, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("any")
    counts = write_exports([pair], ALL_FORMATS, folder, language_pairs=LANGUAGES)
    assert pq.read_metadata(folder / "bitext.en-de.parquet").num_rows == counts["beads_exported"]
    assert (folder / "beads" / f"{file_name(pair.pair_id)}.beads.txt").is_file()


# --- file names ---


@pytest.mark.parametrize(
    ("pair_id", "name"),
    [
        ("tolstoy-07", "tolstoy-07"),
        ("Genesis_1.2", "Genesis_1.2"),
        ("a/b:c d", "a%2Fb%3Ac%20d"),
        ("../../etc", "%2E.%2F..%2Fetc"),
        (".hidden", "%2Ehidden"),
        ("100%", "100%25"),
        ("", "%"),
        ("~", "%7E"),
        ("战争与和平-é-हिन्दी", "战争与和平-é-हिन्दी"),
        ("e\u0301", "e%CC%81"),
        ("\x00\ud800\u2028\u202e", "%00%ED%A0%80%E2%80%A8%E2%80%AE"),
    ],
)
def test_file_names_keep_letters_and_encode_what_is_not_safe(pair_id: str, name: str):
    assert file_name(pair_id) == name


def test_a_long_pair_id_is_cut_and_ends_with_its_hash():
    for unit in ("x", "é", "战", "/", "\U0001f600"):
        names = {file_name(unit * n) for n in range(300, 400)}
        assert len(names) == 100
        assert all(MAX_NAME_BYTES - 12 < len(name.encode()) <= MAX_NAME_BYTES for name in names)
        assert all("%" not in name.rpartition("~")[0][-2:] for name in names)


@given(any_text, any_text)
@example("é", "e\u0301")
@example("%C3%A9", "é")
@example("x" * 300, "x" * 301)
@example("/\u0338", "%2F\u0338")
@example("、\u0327", "x")
def test_file_names_differ_on_file_systems_that_normalise(one: str, other: str):
    names = [file_name(one), file_name(other)]
    for form in ("NFC", "NFD"):
        assert (unicodedata.normalize(form, names[0]) == unicodedata.normalize(form, names[1])) == (one == other)
    for name in names:
        assert 0 < len(name.encode()) <= MAX_NAME_BYTES
        assert not set(name) & set('/\\:*?"<>| \0')
        assert not name.startswith(".")


@given(st.text(st.sampled_from("eCc\u0301\u0327\u0338/,%2é"), max_size=6))
def test_file_names_are_composed(pair_id: str):
    assert unicodedata.is_normalized("NFC", file_name(pair_id))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_parquet_file_that_can_not_be_written_is_not_kept_open():
    with pytest.raises(OSError, match="No space left") as kept:
        sinks.ParquetSink(Path("/dev/full"), [("en", "de")])
    held = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.exists()]
    assert held
    assert "/dev/full" not in held
    assert kept.traceback
