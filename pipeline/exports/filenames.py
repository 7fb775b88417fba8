"""The names of the files that people look for, gold and corrections too: made of the ids that people choose."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from stages.data import AlignedPair
from stages.export.moses import side_names

BEADS = "beads"
SUBTITLES = "subtitles"
XCES = "xces"
"""The folders, in the output folder, of formats that are always a file for each document pair."""

DATASET = "dataset"
"""The folder of a dataset for the Hugging Face Hub, in the output folder."""

FILE_NAMES = {
    "tsv": "bitext.tsv",
    "jsonl": "bitext.jsonl",
    "parquet": "bitext.parquet",
    "sqlite": "bitext.sqlite",
    "tmx": "bitext.tmx",
    "multi-tmx": "bitext.multi.tmx",
    "tei": "bitext.tei.xml",
    "xces": "bitext.xces.xml",
    "xliff": "bitext.xliff",
    "xlsx": "bitext.xlsx",
    "sketch-engine": "bitext.sketch-engine.xlsx",
    "epub": "bitext.epub",
    "docx": "bitext.docx",
    "book-html": "bitext.book.html",
}
"""The files of the formats that are one file, in the output folder."""

BY_LANGUAGES = (
    "tsv", "jsonl", "parquet", "sqlite", "tmx", "xces", "xliff", "xlsx", "sketch-engine", "epub", "docx", "book-html",
)  # fmt: skip
"""Those of them that have a file for each language pair, where a run has several: `bitext.en-de.tmx`."""

PAIRS = "pairs"
"""The folder of the files of single document pairs, in the output folder."""

PAIR_SUFFIXES = {
    "tsv": ".tsv",
    "jsonl": ".jsonl",
    "parquet": ".parquet",
    "sqlite": ".sqlite",
    "tmx": ".tmx",
    "tei": ".tei.xml",
    "xces": ".xces.xml",
    "xliff": ".xliff",
    "xlsx": ".xlsx",
    "sketch-engine": ".sketch-engine.xlsx",
    "epub": ".epub",
    "docx": ".docx",
    "book-html": ".book.html",
}
MOSES_MARK = ".moses."
"""How the names of these files end; after the mark of Moses stands a language."""

BEADS_SUFFIX = ".beads.txt"
GOLD_SUFFIX = ".gold.txt"

MAX_NAME_BYTES = 200
"""File systems allow 255 bytes; this leaves room for what stands after the name."""

PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", re.ASCII)
"""What is a name as it is."""

HASH_MARK = "~"
"""Stands before the hash of a name that was cut; never kept in a name as it is."""


def export_name(name: str, languages: tuple[str, str] | None = None) -> str:
    """Return the file of a format, or of its part in one language pair, in the output folder."""
    if name == "hugging-face" and languages is not None:
        return f"{DATASET}/{file_name('-'.join(languages))}.parquet"
    if languages is None:
        return FILE_NAMES[name]
    return f"bitext.{file_name('-'.join(languages))}{FILE_NAMES[name].removeprefix('bitext')}"


def file_name(pair_id: str) -> str:
    """Turn a pair id into a file name without suffix: the same for the same id, and different for different ids.

    Letters and digits of any script, `-`, `_` and `.` stay; anything else (`/`, `:`, spaces, a dot in front) is
    percent-encoded, and a long name is cut and ends with its hash. Names stay different where a file system normalises
    Unicode. Where it ignores case, ids that differ in nothing else meet, and writing the second is an error.
    """
    name = _encode(pair_id, keep_unicode=True)
    if not unicodedata.is_normalized("NFC", name):
        name = _encode(pair_id, keep_unicode=False)
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(pair_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return _cut(name, MAX_NAME_BYTES - len(HASH_MARK) - len(digest)) + HASH_MARK + digest


def xces_documents(pair: AlignedPair) -> tuple[str, str]:
    """Return the files of the two documents of a pair, as seen from the output folder."""
    name = file_name(pair.pair_id)
    source, target = (f"{XCES}/{name}.{side}.xml" for side in side_names(pair.source_language, pair.target_language))
    return source, target


def _encode(pair_id: str, keep_unicode: bool) -> str:
    if PLAIN.fullmatch(pair_id):
        return pair_id
    if not pair_id:
        return "%"  # stands alone in no other name
    encoded = "".join(char if _is_safe(char, keep_unicode) else _percent(char) for char in pair_id)
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded


def _is_safe(char: str, keep_unicode: bool) -> bool:
    if char.isascii():
        return char.isalnum() or char in "-_."
    return keep_unicode and unicodedata.category(char)[0] in "LMN"


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _cut(name: str, n_bytes: int) -> str:
    """Keep the first bytes of a name, but no half of a character or of a percent code."""
    kept = name.encode()[:n_bytes].decode(errors="ignore")
    start = kept.rfind("%", len(kept) - 2)
    return kept if start < 0 else kept[:start]
