"""Accidents with files: what is no file, names that move the cursor, two reviews at once, odd TOML."""

from __future__ import annotations

import io
import multiprocessing
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from formats import paragraphs
from small_corpus import bitext, write_corpus

from pipeline.errors import ChangedMeanwhile, is_printable, printable
from pipeline.review.corrections import version_of, write_corrections

HEADER = "pair_id\tsource_path\ttarget_path\tsource_language\ttarget_language\n"
ENCODE = '[encode]\nencoder = "use-multilingual"\n'
TABLE = '[corpus]\nmanifest = "pairs.tsv"\n' + ENCODE
ROWS = '[corpus]\nsource = "{0}"\ntarget = "{0}"\nsource_language = "en"\ntarget_language = "de"\n'


def a_manifest_that_is_a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pairs.tsv")
    (folder / "run.toml").write_text(TABLE)
    return "pairs.tsv is a pipe, no file"


def a_config_that_is_a_pipe(folder: Path) -> str:
    (folder / "run.toml").unlink()
    os.mkfifo(folder / "run.toml")
    return "run.toml is a pipe, no file"


def corrections_that_are_a_device(folder: Path) -> str:
    (folder / "run.corrections").mkdir()
    (folder / "run.corrections" / "00.en-de.corrections.txt").symlink_to("/dev/zero")
    return "corrections.txt is a device, no file of corrections"


def a_document_that_is_a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.txt")
    (folder / "pairs.tsv").write_text(HEADER + "a\tpipe.txt\tde/00.txt\ten\tde\nb\ten/00.txt\tde/00.txt\ten\tde\n")
    (folder / "run.toml").write_text(TABLE)
    return "pipe.txt can't be read: it is a pipe, no file"


def a_pair_id_that_clears_the_screen(folder: Path) -> str:
    (folder / "pairs.tsv").write_text(HEADER + "a\x1b[2J\ten/00.txt\tde/00.txt\ten\tde\n")
    (folder / "run.toml").write_text(TABLE)
    return r"pair_id 'a\x1b[2J' has a control character"


def a_name_that_clears_the_screen(folder: Path) -> str:
    (folder / "en" / "a\x1b[2J.txt").write_text("Text.")
    return r"a\x1b[2J.txt: the name of this file has a control character; rename it"


def two_columns_of_one_name(folder: Path) -> str:
    table = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"]), pa.array(["Text."])], ["id", "id", "text"])
    pq.write_table(table, folder / "rows.parquet")
    (folder / "run.toml").write_text(ROWS.format("rows.parquet") + ENCODE)
    return "rows.parquet has more than one column id"


def toml(text: str, problem: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "run.toml").write_text(text)
        return problem

    return write


ACCIDENTS = {
    function.__name__.replace("_", " "): function
    for function in (
        a_manifest_that_is_a_pipe,
        a_config_that_is_a_pipe,
        corrections_that_are_a_device,
        a_document_that_is_a_pipe,
        a_pair_id_that_clears_the_screen,
        a_name_that_clears_the_screen,
        two_columns_of_one_name,
    )
} | {
    "a number of 5,000 digits": toml("a = " + "1" * 5000, "run.toml is not TOML: Exceeds the limit"),
    "5,000 nested arrays": toml("a = " + "[" * 5000 + "]" * 5000, "nested too deep"),
    "weights named NUL": toml(TABLE + '[align]\nweights = "\\u0000"\n', "embedded null byte"),
    "a truth value for a number": toml(TABLE + "[align]\nmax_bead = true\n", "align.max_bead: True is not valid"),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_an_accident_is_told_in_a_sentence(accident: str, tmp_path: Path) -> None:
    write_corpus(tmp_path)
    expected = ACCIDENTS[accident](tmp_path)
    result = bitext(
        *("run", "--config", tmp_path / "run.toml", "--store", tmp_path / "store", "--out", tmp_path / "out"),
        "--dry-run",
    )
    said = result.stdout + result.stderr
    assert expected in said, said
    assert result.exit_code in (0, 2, 3)
    assert "\x1b[2J" not in said
    assert "Traceback" not in said


def test_a_document_cannot_leave_itself_out_by_a_style_map(tmp_path: Path) -> None:
    mammoth = pytest.importorskip("mammoth")
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_paragraph("A text that is read.")
    made = io.BytesIO()
    document.save(made)
    mammoth.embed_style_map(made, "p => !")
    (tmp_path / "a.docx").write_bytes(made.getvalue())
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert "mammoth/style-map" in archive.namelist()
    assert paragraphs(tmp_path / "a.docx") == ["A text that is read."]


def save(path: Path, number: int, barrier: Any) -> int:
    barrier.wait(60)
    try:
        write_corrections(path, f"{number}\n", version_of(""))
    except ChangedMeanwhile:
        return 0
    return 1


def save_again_and_again(folder: Path, number: int, barrier: Any, n_saved: Any) -> None:
    for trial in range(50):
        n_saved[number] += save(folder / f"{trial}.corrections.txt", number, barrier)


def test_of_two_reviews_that_save_at_once_one_is_told(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, n_saved = context.Barrier(2), context.Array("i", 2)
    arguments = [(tmp_path / "corrections", number, barrier, n_saved) for number in range(2)]
    processes = [context.Process(target=save_again_and_again, args=one) for one in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert sum(n_saved) == 50, "a save was lost"
    assert len(list((tmp_path / "corrections").iterdir())) == 50


def test_what_a_killed_review_has_left_is_gone_with_the_next_save(tmp_path: Path) -> None:
    (tmp_path / ".tmp-0123").write_text("half")
    write_corrections(tmp_path / "a.corrections.txt", "text\n", version_of(""))
    assert [path.name for path in tmp_path.iterdir()] == ["a.corrections.txt"]


def test_control_characters_are_shown_as_escapes() -> None:
    assert printable("a\x1b[2J\u202eb\nc\td\x9b") == "a\\x1b[2J\\u202eb\nc\td\\x9b"
    assert not any(map(is_printable, ["a\nb", "a\tb", "a\x07", "a\udce9"]))
    assert is_printable("für 猫 \u200d🐈")
