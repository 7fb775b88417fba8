"""Write what was aligned as the files people use: a folder with every format of a config, or one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.corpus.languages import detect_language
from pipeline.errors import ConfigError
from pipeline.exports.dataset import write_card
from pipeline.exports.filenames import DATASET
from pipeline.exports.parts import Plan, join_file, join_folders, write_pairs, write_part
from pipeline.exports.sinks import open_file_sink
from pipeline.exports.staging import publish_exports, staging_folder, writing
from pipeline.progress import units
from pipeline.store.files import whole_file
from stages.data import AlignedPair
from stages.export.config import ExportConfig, Format
from stages.export.render import render
from stages.export.selection import FILTERS, Selection
from stages.export.subtitles import has_times, render_subtitles

SUFFIXES: dict[str, Format] = {
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
    ".sqlite": "sqlite",
    ".tmx": "tmx",
    ".xml": "tei",
    ".xliff": "xliff",
    ".xlf": "xliff",
    ".xlsx": "xlsx",
    ".sketch-engine.xlsx": "sketch-engine",
    ".epub": "epub",
    ".docx": "docx",
    ".book.html": "book-html",
    ".srt": "srt",
    ".ass": "ass",
    ".txt": "beads",
}
"""The format of a single file, by how its name ends; a .tmx file may be multi-tmx, if one says so."""


ONE_PAIR: tuple[Format, ...] = ("beads", "srt", "ass")
"""Formats of which a file holds one pair."""

NO_TIMES = (
    "subtitles need times, and neither document has any: at least one has to be .srt, .vtt, .ass, .ssa, .sub or .ttml"
)


def write_exports(
    pairs: Iterable[AlignedPair],
    config: ExportConfig,
    folder: Path,
    *,
    language_pairs: Iterable[tuple[str, str]],
) -> Counter[str]:
    """Write every format of the config into a folder, in the order of the pairs, and count what went in and what not.

    Pairs are read once, one at a time; `language_pairs` names the (source, target) languages of all of them. What an
    earlier export left here and this one does not write (a format or a pair that is no longer in the config) is
    removed: it would pass for part of this run. Files with other names are left alone.
    Raises ConfigError for two pairs of one name, StoreError where the folder can't be written.
    """
    languages = frozenset(language_pairs)
    with exporting(config, languages, folder) as (plan, counts):
        counts.update(write_part(plan, 0, pairs))
        counts.update(join_folders(plan, 1))
        for file in plan.joined_files:
            counts.update(join_file(plan, 1, file))
        require_times(counts)
    return counts


def format_of_name(path: Path) -> Format | None:
    """Return the format that the name of a file tells, by its longest known ending; None where it tells none."""
    name = path.name.lower()
    endings = [ending for ending in SUFFIXES if name.endswith(ending)]
    return SUFFIXES[max(endings, key=len)] if endings else None


@contextmanager
def exporting(
    config: ExportConfig, languages: frozenset[tuple[str, str]], folder: Path, about: str = ""
) -> Iterator[tuple[Plan, Counter[str]]]:
    """Give the plan of an export, whose files are put in place of former ones at the end, all at once.

    about : what the card of a dataset says of its making. What is counted meanwhile comes together in the counter.
    """
    counts: Counter[str] = Counter()
    with writing(folder), staging_folder(folder) as staged:
        yield Plan(config, languages, staged), counts
        if "hugging-face" in config.formats:
            (staged / DATASET).mkdir(exist_ok=True)
            write_card(staged / DATASET, about)
        counts["stale_files_removed"] = publish_exports(staged, folder)


def write_file(
    pairs: Iterable[AlignedPair],
    path: Path,
    config: ExportConfig,
    *,
    language_pairs: Iterable[tuple[str, str]],
    name: Format | None = None,
    was_seen: Callable[[bytes], bool] | None = None,
) -> Counter[str]:
    """Write pairs as one file, in the format that is named or that its name ends with; `config.formats` is not asked.

    was_seen : as `Selection` has it.

    Raises ConfigError for an unknown suffix, and for more than one pair in a file of beads.
    """
    name = name or _known_format(path)
    counts: Counter[str] = Counter()
    with whole_file(path) as temporary:
        if name in ONE_PAIR:
            _write_one_pair(pairs, temporary, counts, name, config)
        else:
            languages = frozenset(language_pairs)
            selection = Selection(config, detect_language, was_seen)
            with open_file_sink(name, temporary, languages, config.book_layout) as sink:
                write_pairs(pairs, [sink], selection, languages, counts)
            counts.update(sink.counts)
    return counts


def write_pair(pair: AlignedPair, path: Path, config: ExportConfig | None = None) -> Counter[str]:
    """Write one pair in the format that the name ends with: see SUFFIXES."""
    languages = (pair.source_language, pair.target_language)
    return write_file([pair], path, config or ExportConfig(), language_pairs=[languages])


def require_times(counts: Mapping[str, int]) -> None:
    """Raise ConfigError where subtitles are to be written and no pair has times."""
    if counts.get("pairs_without_times", 0) == counts.get("pairs", 0) > 0:
        raise ConfigError(f"no pair has times: {NO_TIMES}; or take srt and ass out of [export] formats")


def describe_left_out(counts: Mapping[str, int]) -> list[str]:
    """Say what was kept out of the exports by the filters of the config, and out of subtitles; nothing, if nothing."""
    left_out = {name.removesuffix("_left_out"): counts[name] for name in FILTERS if counts.get(name)}
    notes = [f"left out of the exports by the filters of [export]: {units(left_out)}"] if left_out else []
    if n_untimed := counts.get("pairs_without_times", 0):
        notes.append(f"{units({'pairs': n_untimed})} without times have no subtitles: neither document is subtitles")
    if n_lines := counts.get("subtitles_untimed_left_out", 0):
        notes.append(f"{units({'beads': n_lines})} left out of the subtitles: no time is known for them")
    return notes


def _known_format(path: Path) -> Format:
    found = format_of_name(path)
    if found is None:
        known = ", ".join(f"{suffix} ({name})" for suffix, name in SUFFIXES.items())
        raise ConfigError(f"{path}: no format is known by the suffix {path.suffix!r}; known are {known}")
    return found


def _write_one_pair(
    pairs: Iterable[AlignedPair], path: Path, counts: Counter[str], name: Format, config: ExportConfig
) -> None:
    for pair in pairs:
        counts["pairs"] += 1
        counts["beads"] += len(pair.beads)
        if counts["pairs"] > 1:
            raise ConfigError(f"a file of {name} holds one pair; the second would be {pair.pair_id!r}; write a folder")
        if name == "srt" or name == "ass":
            if not has_times(pair):
                raise ConfigError(f"pair {pair.pair_id!r}: {NO_TIMES}")
            text = render_subtitles(pair, name, config.subtitle_times, counts)
        else:
            text = render(pair, "beads")
        path.write_text(text, encoding="utf-8", newline="\n")
