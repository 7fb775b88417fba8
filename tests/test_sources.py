"""Documents are found and matched in three ways, as files or as rows, always in the same order."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from growth import TIMES, grows_linearly

from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus import readers
from pipeline.corpus.found import Corpus
from pipeline.corpus.patterns import find_files
from pipeline.corpus.readers import read_documents
from pipeline.corpus.scratch import Scratch
from pipeline.corpus.sources import find_pairs, input_files
from pipeline.errors import ConfigError


def config_in(folder: Path, **corpus: Any) -> RunConfig:
    values = {"name": "test", "corpus": corpus, "encode": {"encoder": "use-multilingual"}}
    return make_config(values, "test.toml", folder)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"This is {name}.")


def shown(corpus: Corpus) -> list[tuple[str, str, str]]:
    return [(pair.pair_id, pair.source.name, pair.target.name) for pair in corpus.pairs]


# ---- by a pattern with languages


def test_documents_with_the_same_star_are_paired_in_the_order_of_their_names(tmp_path: Path) -> None:
    touch(tmp_path, "en/b.txt", "en/a.txt", "de/a.txt", "de/b.txt", "de/.hidden.txt", "de/a.md")
    corpus = find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en-de"]))
    assert shown(corpus) == [("a.en-de", "en/a.txt", "de/a.txt"), ("b.en-de", "en/b.txt", "de/b.txt")]


def test_one_source_has_a_target_in_each_language(tmp_path: Path) -> None:
    touch(tmp_path, "en/a.txt", "de/a.txt", "zh/a.txt", "fr/a.txt")
    corpus = find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en-de", "en-zh"]))
    assert [pair.pair_id for pair in corpus.pairs] == ["a.en-de", "a.en-zh"]
    assert corpus.unmatched == []


def test_folders_may_name_languages_as_people_do(tmp_path: Path) -> None:
    touch(tmp_path, "eng/a.txt", "pt_BR/a.txt", "notes/a.txt")
    corpus = find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en/pt-BR"]))
    assert shown(corpus) == [("a.en-pt-BR", "eng/a.txt", "pt_BR/a.txt")]


def test_the_language_may_stand_in_the_name_and_without_a_star(tmp_path: Path) -> None:
    touch(tmp_path, "story.en.txt", "story.de.txt")
    corpus = find_pairs(config_in(tmp_path, documents="story.{language}.txt", pairs=["en-de"]))
    assert shown(corpus) == [("en-de", "story.en.txt", "story.de.txt")]


def test_stars_may_cross_folders_and_each_has_its_part_in_the_name(tmp_path: Path) -> None:
    touch(tmp_path, "en/x/y/a.txt", "de/x/y/a.txt", "en/b.txt", "de/b.txt")
    corpus = find_pairs(config_in(tmp_path, documents="{language}/**/*.txt", pairs=["en-de"]))
    assert [pair.source.name for pair in corpus.pairs] == ["en/b.txt", "en/x/y/a.txt"]


def test_brackets_and_question_marks_in_a_pattern_are_themselves(tmp_path: Path) -> None:
    touch(tmp_path, "en [1]/a?.txt", "de [1]/a?.txt", "en 1/ab.txt", "de 1/ab.txt")
    corpus = find_pairs(config_in(tmp_path, documents="{language} [1]/a?*.txt", pairs=["en-de"]))
    assert [pair.source.name for pair in corpus.pairs] == ["en [1]/a?.txt"]


def test_names_that_differ_only_in_unicode_form_are_the_same(tmp_path: Path) -> None:
    touch(tmp_path, "en/caf\u00e9.txt", "de/cafe\u0301.txt")
    corpus = find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en-de"]))
    assert [pair.pair_id for pair in corpus.pairs] == ["caf\u00e9.en-de"]


def test_a_pattern_may_be_absolute_or_lead_upwards(tmp_path: Path) -> None:
    touch(tmp_path, "texts/en/a.txt", "texts/de/a.txt")
    (tmp_path / "configs").mkdir()
    for pattern in (f"{tmp_path}/texts/{{language}}/*.txt", "../texts/{language}/*.txt"):
        corpus = find_pairs(config_in(tmp_path / "configs", documents=pattern, pairs=["en-de"]))
        assert [pair.pair_id for pair in corpus.pairs] == ["a.en-de"]


def test_documents_without_a_counterpart_are_refused_or_left_out_and_named(tmp_path: Path) -> None:
    touch(tmp_path, "en/a.txt", "en/b.txt", "de/a.txt", "de/c.txt")
    corpus = {"documents": "{language}/*.txt", "pairs": ["en-de"]}
    with pytest.raises(ConfigError, match=r"en/b.txt has no counterpart in de\n  de/c.txt has no counterpart in en"):
        find_pairs(config_in(tmp_path, **corpus))
    found = find_pairs(config_in(tmp_path, **corpus, allow_unmatched=True))
    assert [pair.pair_id for pair in found.pairs] == ["a.en-de"]
    assert found.unmatched == ["en/b.txt has no counterpart in de", "de/c.txt has no counterpart in en"]


def test_of_many_problems_the_first_are_spelt_out_and_the_rest_counted(tmp_path: Path) -> None:
    touch(tmp_path, "en/a.txt", "de/a.txt", *(f"en/extra{n:02}.txt" for n in range(30)))
    with pytest.raises(ConfigError) as caught:
        find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en-de"]))
    lines = str(caught.value).splitlines()
    assert "  ... and 10 more" in lines
    assert len(lines) == 23


# ---- by two patterns


def test_two_patterns_pair_by_what_stands_for_their_stars(tmp_path: Path) -> None:
    touch(tmp_path, "german/01-x.txt", "french/01-x.text", "german/02-x.txt", "french/02-x.text")
    sides = {"source": "german/*-x.txt", "target": "french/*-x.text", "source_language": "de", "target_language": "fr"}
    corpus = find_pairs(config_in(tmp_path, **sides))
    assert shown(corpus)[0] == ("01", "german/01-x.txt", "french/01-x.text")
    assert (corpus.pairs[0].source_language, corpus.pairs[0].target_language) == ("de", "fr")


def test_two_files_are_a_pair_named_after_both(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", ".b.txt")
    sides = {"source": "a.txt", "target": ".b.txt", "source_language": "auto", "target_language": "fr"}
    assert shown(find_pairs(config_in(tmp_path, **sides))) == [("a-.b", "a.txt", ".b.txt")]


def test_a_file_may_be_paired_with_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt")
    sides = {"source": "a.txt", "target": "a.txt", "source_language": "en", "target_language": "en"}
    assert shown(find_pairs(config_in(tmp_path, **sides))) == [("a", "a.txt", "a.txt")]


# ---- by a table


def table(tmp_path: Path, text: str, **corpus: Any) -> Corpus:
    (tmp_path / "pairs.tsv").write_bytes(text.encode())
    return find_pairs(config_in(tmp_path, manifest="pairs.tsv", **corpus))


def test_a_table_names_pairs_in_its_own_order_with_their_languages(tmp_path: Path) -> None:
    text = (
        "\ufeffpair_id\ttarget_path\tsource_path\tsource_language\ttarget_language\tnote\r\n"
        'zwei\tb.txt\ta.txt\tdeu\tauto\tkept "as it is\r\n'
        "\r\n"
        "eins\tb.txt\ta.txt\t\tzh-Hant\r\n"
    )
    corpus = table(tmp_path, text, source_language="en")
    assert shown(corpus) == [("zwei", "a.txt", "b.txt"), ("eins", "a.txt", "b.txt")]
    assert [pair.source_language for pair in corpus.pairs] == ["de", "en"]
    assert [pair.target_language for pair in corpus.pairs] == ["auto", "zh-Hant"]


def test_a_table_names_rows_by_their_ids_and_a_hash_in_other_names_is_a_hash(tmp_path: Path) -> None:
    header = "pair_id\tsource_path\ttarget_path\n"
    rows = "a\tpages.jsonl#17\tpages.parquet#x#y\nb\tC#.txt\tb.txt\n"
    corpus = table(tmp_path, header + rows, source_language="en", target_language="de")
    assert [(pair.source.path.name, pair.source.row) for pair in corpus.pairs] == [
        ("pages.jsonl", "17"),
        ("C#.txt", None),
    ]
    assert corpus.pairs[0].target.row == "x#y"


def test_a_cell_may_hold_a_line_separator_of_unicode(tmp_path: Path) -> None:
    text = "pair_id\tsource_path\ttarget_path\none\u2028two\ta.txt\tb.txt\n"
    corpus = table(tmp_path, text, source_language="en", target_language="de")
    assert [pair.pair_id for pair in corpus.pairs] == ["one\u2028two"]


COLUMNS = ("target_path", "note", "source_path", "Target language", "source_language")
CELLS = (("b, c.txt", "an umlaut: ü", "a.txt", "de", "en"), ("d.txt", "", "a.txt", "fr", "en"))


def write_table(path: Path) -> None:
    """Write the same table in the format of its suffix."""
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in (COLUMNS, (), *CELLS):
            book.active.append(row)
        book.save(path)
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter={".csv": ";", ".tsv": "\t"}[path.suffix]).writerows((COLUMNS, (), *CELLS))


@pytest.mark.parametrize("suffix", ["tsv", "csv", "xlsx"])
def test_a_table_may_be_of_any_kind_with_columns_in_any_order_and_no_ids(tmp_path: Path, suffix: str) -> None:
    write_table(tmp_path / f"pairs.{suffix}")
    corpus = find_pairs(config_in(tmp_path, manifest=f"pairs.{suffix}"))
    assert shown(corpus) == [("a.txt", "a.txt", "b, c.txt"), ("a.txt d.txt", "a.txt", "d.txt")]
    assert [pair.target_language for pair in corpus.pairs] == ["de", "fr"]
    files = input_files(config_in(tmp_path, manifest=f"pairs.{suffix}"))
    assert [path.name for path in files] == [f"pairs.{suffix}", "a.txt", "b, c.txt", "a.txt", "d.txt"]


def test_commas_and_quotes_are_read_from_csv(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text('source_path,target_path,pair_id\n"a, ""b"".txt",c.txt,7\n')
    corpus = find_pairs(config_in(tmp_path, manifest="pairs.csv", source_language="en", target_language="de"))
    assert shown(corpus) == [("7", 'a, "b".txt', "c.txt")]


def test_rows_that_are_no_pairs_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "is_pair\tsource_path\ttarget_path\nyes\ta.txt\tb.txt\nNo\tc.txt\t\n\td.txt\te.txt\n"
    corpus = table(tmp_path, text, source_language="en", target_language="de")
    assert [pair.pair_id for pair in corpus.pairs] == ["a.txt", "d.txt"]
    assert corpus.notes == ["pairs.tsv: 1 row left out, whose is_pair is no"]
    with pytest.raises(ConfigError, match="line 2: is_pair is 'perhaps'; write yes or no"):
        table(tmp_path, text.replace("yes", "perhaps"), source_language="en", target_language="de")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("pairs.xlsx", b"source_path,target_path", "is no zip archive, or a damaged one"),
        ("pairs.csv", b"source;target\na;b", "must name the columns, by commas or semicolons; missing: source_path"),
        ("pairs.csv", b"source_path;target_path;Source_Path\n", "more than one column is named source_path"),
        ("pairs.csv", "source_path;target_path\nä;b".encode("cp1252"), "is not UTF-8 at byte 24; save it as UTF-8"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        find_pairs(config_in(tmp_path, manifest=name))


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pairs.xlsx", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(ConfigError, match="can't be read as XLSX"):
        find_pairs(config_in(tmp_path, manifest="pairs.xlsx"))


# ---- as rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "JSONL"])
def test_a_row_is_a_document_named_by_its_id(suffix: str, tmp_path: Path) -> None:
    for language in ("en", "de"):
        rows = [{"id": number, "text": f"Page {number} in {language}."} for number in (2, 1)]
        write_rows(tmp_path / f"{language}.{suffix.lower()}", rows)
        (tmp_path / f"{language}.{suffix.lower()}").rename(tmp_path / f"{language}.{suffix}")
    config = config_in(tmp_path, documents=f"{{language}}.{suffix}", pairs=["en-de"])
    corpus = find_pairs(config)
    assert shown(corpus) == [(f"{n}.en-de", f"en.{suffix}#{n}", f"de.{suffix}#{n}") for n in ("1", "2")]
    found = read_documents([pair.source for pair in corpus.pairs], config.corpus)
    assert {source.row: text for source, (text, *_) in found} == {"1": "Page 1 in en.", "2": "Page 2 in en."}


def test_rows_may_lie_in_columns_of_other_names_and_in_several_files(tmp_path: Path) -> None:
    for language in ("en", "de"):
        for shard in ("0", "1"):
            rows = [{"url": "home", "body": f"Home {shard}.", "text": "not this"}]
            write_rows(tmp_path / f"{language}-{shard}.jsonl", rows)
    columns = {"id_column": "url", "text_column": "body"}
    config = config_in(tmp_path, documents="{language}-*.jsonl", pairs=["en-de"], **columns)
    corpus = find_pairs(config)
    assert [pair.pair_id for pair in corpus.pairs] == ["0/home.en-de", "1/home.en-de"]
    assert [text for _, (text, *_) in read_documents([pair.source for pair in corpus.pairs], config.corpus)] == [
        "Home 0.",
        "Home 1.",
    ]


@pytest.mark.parametrize("of_it", ["cut off", "another column"])
def test_a_file_of_rows_that_can_not_be_read_takes_only_its_own_documents_down(tmp_path: Path, of_it: str) -> None:
    for language in ("en", "de"):
        for shard in ("0", "1"):
            write_rows(tmp_path / f"{language}-{shard}.parquet", [{"id": "home", "text": f"Home {shard}."}])
    bad = tmp_path / "de-0.parquet"
    if of_it == "cut off":
        bad.write_bytes(bad.read_bytes()[:-9])
    else:
        write_rows(bad, [{"url": "home", "text": "Home 0."}])
    config = config_in(tmp_path, documents="{language}-*.parquet", pairs=["en-de"])
    corpus = find_pairs(config)
    assert [pair.pair_id for pair in corpus.pairs] == ["1/home.en-de"]
    ((where, why),) = corpus.unreadable
    assert where == "de-0.parquet"
    assert why.startswith("de-0.parquet is not a Parquet file" if of_it == "cut off" else "de-0.parquet has no column")
    assert corpus.unmatched == ["en-0.parquet#home has no counterpart in de"]


def test_a_row_that_can_not_be_read_is_listed_and_its_counterpart_forgiven(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text('{"id": "a", "text": "A."}\nnot JSON\n')
    (tmp_path / "de.jsonl").write_text('{"id": "a", "text": "A."}\n{"id": "b", "text": "B."}\n')
    corpus = find_pairs(config_in(tmp_path, documents="{language}.jsonl", pairs=["en-de"]))
    assert [pair.pair_id for pair in corpus.pairs] == ["a.en-de"]
    assert [where for where, _ in corpus.unreadable] == ["en.jsonl line 2"]
    assert corpus.unmatched == ["de.jsonl#b has no counterpart in en"]


@pytest.mark.parametrize("name", ["page-{}", "{language} {}"], ids=["the same names", "names that agree by number"])
def test_the_time_to_match_grows_with_the_names_and_not_faster(tmp_path: Path, name: str) -> None:
    def matching(n_rows: int) -> Callable[[], Corpus]:
        folder = tmp_path / str(n_rows)
        folder.mkdir()
        for language, own in (("en", "chapter"), ("de", "kapitel")):
            rows = [{"id": name.format(number, language=own), "text": f"{number}."} for number in range(n_rows)]
            write_rows(folder / f"{language}.jsonl", rows)
        config = config_in(folder, documents="{language}.jsonl", pairs=["en-de"])
        assert len(find_pairs(config).pairs) == n_rows
        return lambda: find_pairs(config)

    assert grows_linearly(matching(400), matching(TIMES * 400))


def test_a_file_of_rows_is_read_once_however_many_rows_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "en.jsonl", [{"id": n, "text": f"{n}."} for n in range(5)])
    write_rows(tmp_path / "de.jsonl", [{"id": n, "text": f"{n}."} for n in range(5)])
    config = config_in(tmp_path, documents="{language}.jsonl", pairs=["en-de"])
    corpus = find_pairs(config)
    opened: list[str] = []
    rows = readers._rows

    def count(path: Path, *arguments: Any) -> Any:
        opened.append(path.name)
        return rows(path, *arguments)

    monkeypatch.setattr(readers, "_rows", count)
    assert len(list(read_documents([pair.source for pair in corpus.pairs], config.corpus))) == 5
    assert opened == ["en.jsonl"]


# ---- patterns


def test_a_named_file_is_found_though_it_looks_like_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "a[1]?.txt")
    assert [match.path.name for match in find_files(tmp_path, "a[1]?.txt")] == ["a[1]?.txt"]


def test_a_star_keeps_within_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "x/b.txt")
    assert [match.key for match in find_files(tmp_path, "*.txt")] == ["a"]


def test_databases_of_a_corpus_are_gone_with_their_owner_and_not_before(tmp_path: Path) -> None:
    """They held 16 MB each until the garbage collector came, which a connection waits for."""
    touch(tmp_path, "en/a.txt", "de/a.txt", "en/b.txt", "de/b.txt")
    pairs = iter(find_pairs(config_in(tmp_path, documents="{language}/*.txt", pairs=["en-de"])).pairs)
    assert [pair.pair_id for pair in pairs] == ["a.en-de", "b.en-de"]
    scratch = Scratch("rows (number)")
    rows = scratch.execute("SELECT number FROM rows")
    del scratch
    with pytest.raises(sqlite3.ProgrammingError):
        rows.fetchall()
