"""A dataset for the Hugging Face Hub: a folder with a Parquet file for each language pair, and a card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from pipeline import __version__
from pipeline.config.run_config import RunConfig
from pipeline.runs.versions import OF_STAGES, installed_versions
from stages.text import primary_language

CARD = "README.md"

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
"""Where the size categories of the Hub end."""

COLUMNS = """| column | |
|---|---|
| `translation` | both texts, by language |
| `score` | what the alignment gave the bead; larger is better |
| `similarity` | cosine of the vectors of the two texts |
| `confidence` | how likely the bead is right, from 0 to 1; null where the method has no measure of it |
| `source_start`, `source_stop`, `target_start`, `target_stop` | positions of sentences, half-open, from 0 |
| `pair_id` | the pair of documents |
| `source_language`, `target_language` | |
| `source_file`, `target_file` | of a document in several files: the one, or the first and the last |
"""


def describe_making(config: RunConfig) -> str:
    """Return what a card says of how a run makes its beads: versions and settings, but no path."""
    sections = {name: getattr(config, name).model_dump(mode="json") for name in ("split", "encode", "align", "export")}
    for section, name in (("encode", "encoder"), ("align", "weights")):
        if isinstance(value := sections[section].get(name), str):
            sections[section][name] = Path(value).name
    versions = {"bitext-pipeline": __version__, **installed_versions(OF_STAGES)}
    listed = "".join(f"- {name} {version}\n" for name, version in versions.items())
    return f"Versions:\n\n{listed}\nSettings:\n\n```json\n{json.dumps(sections, indent=1, ensure_ascii=False)}\n```\n"


def write_card(folder: Path, about: str) -> None:
    """Write the card of a dataset whose Parquet files are there; `about` says how it was made. It carries no date."""
    files = sorted(folder.glob("*.parquet"))
    n_rows = [pq.read_metadata(path).num_rows for path in files]
    names = [path.stem for path in files]
    table = "".join(f"| {name} | {rows:,} |\n" for name, rows in zip(names, n_rows, strict=True))
    text = (
        f"---\n{_front_matter(files, sum(n_rows))}---\n\n"
        "# Aligned sentences\n\n"
        "Texts and their translations, aligned sentence by sentence. Each row is a bead: one or more sentences, and\n"
        "what translates them.\n\n"
        "The licence is that of the texts, which this card doesn't know: name it in the line `license:` above.\n\n"
        f"| languages | beads |\n|---|---:|\n{table}\n{COLUMNS}\n"
        "## How it was made\n\n"
        f"{about}"
    )
    (folder / CARD).write_text(text, encoding="utf-8", newline="\n")


def _front_matter(files: Sequence[Path], n_rows: int) -> str:
    """Return what the Hub reads of a card: https://huggingface.co/docs/hub/datasets-cards."""
    languages = sorted({language for path in files for language in _languages(path)})
    lines = ["# license: name that of the texts here, such as cc-by-4.0"]
    if languages:
        lines += ["language:", *(f"- {language}" for language in languages)]
        lines += [f"multilinguality: {'translation' if len(languages) > 1 else 'monolingual'}"]
    lines += ["task_categories:", "- translation", "size_categories:", f"- {_size_category(n_rows)}"]
    if files:
        lines.append("configs:")
    for path in files:
        lines += [f"- config_name: {path.stem}", "  data_files:", "  - split: train", f"    path: {path.name}"]
    return "".join(f"{line}\n" for line in lines)


def _languages(path: Path) -> set[str]:
    fields = pq.read_schema(path).field("translation").type
    return {primary_language(field.name.partition(".")[0]) for field in fields}


def _size_category(n_rows: int) -> str:
    ends = [f"{size // 1000}K" if size < 10**6 else f"{size // 10**6}M" if size < 10**9 else "1B" for size in SIZES]
    below = sum(n_rows >= size for size in SIZES)
    if below == 0:
        return f"n<{ends[0]}"
    return f"n>{ends[-1]}" if below == len(SIZES) else f"{ends[below - 1]}<n<{ends[below]}"
