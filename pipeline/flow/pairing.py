"""Pair a corpus by what its documents say: encode all of them, choose the pairs, and go on as with a table of pairs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config.run_config import RunConfig, split_pair
from pipeline.corpus.intake import lies_with_store
from pipeline.corpus.languages import parse_language
from pipeline.errors import ConfigError
from pipeline.flow.backend import Backend, Observer
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.manifest import Failure
from pipeline.progress import units
from pipeline.store.files import write_text
from pipeline.tasks.pair import FoundPair, FoundPairs, find_pairs_by_content

PAIRS = "pairs.tsv"
"""The table of pairs in the folder of results: to be read, corrected, and named as [corpus] manifest."""

COLUMNS = (
    *("pair_id", "source_path", "target_path", "source_language", "target_language"),
    *("confidence", "score", "second_best", "reason"),
)


@dataclass
class Paired:
    """A corpus whose documents are paired: the config that names the table, and what was noticed on the way."""

    config: RunConfig
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def carry_out_paired(run: Run, backend: Backend, observer: Observer) -> Flow:
    """Carry out a run, after its corpus has been paired where the config asks for that; return its flow."""
    if run.config.corpus.pairing != "content" or run.config.corpus.manifest is not None:
        flow = Flow(run, backend, observer)
        flow.carry_out()
        return flow
    paired = pair_corpus(run, backend, observer)
    run.config = paired.config
    flow = Flow(run, backend, observer)
    flow.carry_out()
    run.failures += paired.failures
    run.notes += [note for note in paired.notes if note not in run.notes]
    return flow


def pair_corpus(run: Run, backend: Backend, observer: Observer) -> Paired:
    """Encode the documents of a run and write which of them belong together into `pairs.tsv` of its results.

    Raises ConfigError where no two documents do, and as a flow does.
    """
    config = run.config
    if lies_with_store(config.corpus):
        raise ConfigError(
            '[corpus] pairing = "content" pairs documents of this machine; where they lie on a Volume or in a bucket, '
            "list the pairs in a manifest, or let their names agree"
        )
    documents = config.model_copy(update={"name": f"{config.name}.documents"})
    first = Run(documents, out=run.out, has_pairs=False)
    flow = Flow(first, backend, observer)
    flow.carry_out(with_exports=False)
    found = backend.do(find_pairs_by_content, documents, first.manifest.shards, language_pairs(config, first))
    run.out.mkdir(parents=True, exist_ok=True)
    table = run.out / PAIRS
    text = render_pairs(found)
    if not table.is_file() or table.read_text(encoding="utf-8") != text:  # else the corpus would be read anew
        write_text(table, text)
    if not found.pairs:
        raise ConfigError(
            f"no two of {units({'documents': first.manifest.n_documents})} belong together by what they say; "
            f"{table} lists the nearest. [pairing] min_confidence = 0.2 takes less sure pairs"
        )
    corpus = config.corpus.model_copy(
        update={
            **{"documents": None, "source": None, "target": None, "pairs": ()},
            **{"manifest": str(table.absolute()), "pairing": "name"},
        }
    )
    notes = _describe(found, table)
    for note in notes:
        observer.note(note)
    return Paired(config.model_copy(update={"corpus": corpus}), first.failures, [*first.notes, *notes])


def language_pairs(config: RunConfig, run: Run) -> list[tuple[str, str]]:
    """Return the languages whose documents are paired; where they are detected, those of most documents."""
    if config.corpus.pairs:
        return [split_pair(pair) for pair in config.corpus.pairs]
    named = (config.corpus.source_language, config.corpus.target_language)
    if all(language not in (None, "auto") for language in named):
        return [(parse_language(str(named[0])), parse_language(str(named[1])))]
    counted = sorted(run.manifest.languages.items(), key=lambda item: (-item[1][1], item[0]))
    found = [languages[0] for languages, _ in counted]
    if len(found) < 2:
        raise ConfigError(f"all documents are in {found[0] if found else 'no language'}; there is nothing to pair")
    return [(found[0], found[1])]


def render_pairs(found: FoundPairs) -> str:
    """Return the table of pairs, as [corpus] manifest takes it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    writer.writerow(COLUMNS)
    for pair, pair_id in zip(found.pairs, _pair_ids(found.pairs), strict=True):
        languages = (pair.source.language, pair.target.language)
        figures = (f"{number:.4f}" for number in (pair.confidence, pair.score, pair.second_best))
        writer.writerow([pair_id, pair.source.path, pair.target.path, *languages, *figures, "content"])
    return text.getvalue()


def _pair_ids(pairs: Iterable[FoundPair]) -> list[str]:
    """Name pairs after their sources; where a source is in several, after its target's language as well."""
    taken: set[str] = set()
    names = []
    for pair in pairs:
        name = pair.source.path
        if name in taken:
            name = f"{name}.{pair.target.language}"
        taken.add(name)
        names.append(name)
    return names


def _describe(found: FoundPairs, table: Path) -> list[str]:
    """Say what was found, what stays alone, and where it stands."""
    notes = [
        f"{units({'pairs': len(found.pairs)})} found by what the documents say, of {found.n_compared:,} compared; "
        f"they are listed in {table}"
    ]
    if found.alone:
        notes.append(f"{units({'documents': len(found.alone)})} without a counterpart, such as {found.alone[0].path}")
    notes += [_near_tie(pair) for pair in found.unsure[:5]]
    if found.duplicates:
        one, other = found.duplicates[0]
        count = units({"near duplicates": len(found.duplicates)})
        notes.append(f"{count} left out, such as {one.path}, which says what {other.path} says")
    if found.not_encoded:
        notes.append(f"{units({'documents': len(found.not_encoded)})} not compared: they could not be encoded")
    return notes


def _near_tie(pair: FoundPair) -> str:
    why = "another is nearly as near" if pair.second_best > 0.9 * pair.score else "they agree too little"
    return f"perhaps a pair, {pair.confidence:.0%} sure: {pair.source.path} with {pair.target.path} ({why})"
