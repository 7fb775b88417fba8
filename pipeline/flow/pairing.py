"""Pair a corpus by what its documents say: encode all of them, choose the pairs, and go on as with a table of pairs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.config.corpus_config import split_pair
from pipeline.config.run_config import BUCKET, RunConfig
from pipeline.corpus.intake import VOLUME, lies_in_bucket, lies_with_store
from pipeline.corpus.languages import parse_language
from pipeline.corpus.paired import PAIRS, Decision, FoundPairs, PairRow, documents_run, render_pairs
from pipeline.errors import ConfigError, MissingError
from pipeline.flow.backend import Backend, Observer
from pipeline.flow.flow import Flow
from pipeline.flow.run import Run
from pipeline.manifest import Manifest, Shard
from pipeline.progress import units
from pipeline.review.decisions import decisions_path, read_decisions
from pipeline.store.files import has_text, write_text
from pipeline.store.run_store import RunStore
from pipeline.tasks.look import Looked
from pipeline.tasks.pair import find_pairs_by_content, read_found_pairs

MAX_TOLD = 5
"""How many pairs that are unsure are told one by one; all are in the table."""


def carry_out_paired(run: Run, backend: Backend, observer: Observer) -> Flow:
    """Carry out a run, after its corpus has been paired where the config asks for that; return its flow.

    Raises ConfigError where no two documents belong together, and as a flow does.
    """
    if not run.config.is_paired_by_content:
        flow = Flow(run, backend, observer)
        flow.carry_out()
        return flow
    first = Flow(run_of_documents(run), backend, observer)
    if run.stage in ("split", "encode"):
        first.carry_out(with_exports=False)
        return first
    found = _find_again(first) if run.stage else _find(first)
    return _carry_out_found(run, found, first)


def run_of_documents(run: Run) -> Run:
    """Return the run that splits and encodes the documents of another, before it is known which belong together."""
    config = run.config.model_copy(update={"name": documents_run(run.config.name)})
    stage = run.stage if run.stage in ("split", "encode") else None
    return Run(config, stage, out=run.out, corrections=run.corrections_folder)


def _find(first: Flow) -> FoundPairs:
    """Encode the documents, and find out which belong together."""
    first.carry_out(with_exports=False)
    with first.record("pair") as record:
        found = first.backend.do(read_found_pairs, *_asked(first))
        if found is None or found.not_encoded:
            first.notes.say(
                f"pair    {units({'documents': first.run.manifest.n_documents})} are compared by what they say"
            )
            found = first.backend.do(find_pairs_by_content, *_asked(first))
        record.counts["comparisons"] += found.n_compared
    return found


def _find_again(first: Flow) -> FoundPairs:
    """Return what was found before; raises MissingError where that was about other documents."""
    first.read_manifest()
    found = first.backend.do(read_found_pairs, *_asked(first))
    if found is None:
        raise MissingError("the documents have not been paired as they are now: run without --stage")
    return found


def look_at_documents(run: Run, backend: Backend, observer: Observer) -> tuple[Looked, Looked | None]:
    """Return what is missing of the documents of a run, and what of their pairs; None where these aren't known yet."""
    first = Flow(run_of_documents(run), backend, observer)
    documents = first.look()
    found = backend.do(read_found_pairs, *_asked(first))
    if found is None or not found.of("pair"):
        return documents, None
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / PAIRS
        write_text(table, render_pairs(found.rows))
        if lies_with_store(run.config.corpus):
            place = f"{VOLUME}{backend.do(place_of_table, run.config)}"
        else:
            place = str(table)
        pairs = Run(with_table(run.config, place), limit=run.limit, corrections=run.corrections_folder)
        return documents, Flow(pairs, backend, observer).look()


def _asked(first: Flow) -> tuple[RunConfig, Sequence[Shard], Sequence[tuple[str, str]], list[Decision]]:
    run = first.run
    decisions = read_decisions(run.corrections_folder)
    return run.config, run.manifest.shards, language_pairs(run.config, run.manifest), decisions


def _carry_out_found(run: Run, found: FoundPairs, first: Flow) -> Flow:
    """Write the table of pairs, and carry out the run with that as its manifest."""
    run.pairing = found
    run.out.mkdir(parents=True, exist_ok=True)
    table, text = run.out / PAIRS, render_pairs(found.rows)
    if not has_text(table, text):  # else the corpus would be read anew
        write_text(table, text)
    if not found.of("pair"):
        documents = units({"documents": first.run.manifest.n_documents})
        raise ConfigError(
            f"no two of {documents} belong together by what they say. {table} lists the nearest: write yes into its "
            "column is_pair where two do, and name it as [corpus] manifest; or decide in bitext review. "
            "[pairing] min_confidence = 0.2 takes less sure pairs"
        )
    flow = Flow(run, first.backend, first.observer)
    run.config = _with_table(run, flow, found)
    notes = describe_pairing(found, f"listed in {table}", run.corrections_folder)
    for note in notes:
        first.observer.note(note)
    run.records |= {name: record for name, record in first.run.records.items() if name != "read"}
    run.timeline += first.run.timeline
    flow.carry_out()
    told = {failure.reason for failure in run.failures}
    for failure in first.run.failures:  # a document, and the pair with itself as which it was listed
        if failure.reason not in told:
            run.failures.append(failure)
            told.add(failure.reason)
    run.notes += [note for note in (*first.run.notes, *notes) if note not in run.notes]
    return flow


def _with_table(run: Run, flow: Flow, found: FoundPairs) -> RunConfig:
    """Return the config of a run with a table of pairs in place of the patterns of its corpus.

    The table lies where the store does if the documents are there, too, or in a bucket, which is only read.
    """
    config = run.config
    manifest = str((run.out / PAIRS).absolute())
    if lies_with_store(config.corpus):
        text = render_pairs(found.rows, BUCKET if lies_in_bucket(config.corpus) else "")
        manifest = f"{VOLUME}{flow.backend.do(keep_table, config, text)}"
    return with_table(config, manifest)


def with_table(config: RunConfig, manifest: str) -> RunConfig:
    """Return a config with a table of pairs in place of the patterns of its corpus."""
    nothing = {"documents": None, "source": None, "target": None, "pairs": ()}
    corpus = config.corpus.model_copy(update={**nothing, "manifest": manifest, "pairing": "name"})
    return config.model_copy(update={"corpus": corpus})


def place_of_table(store: RunStore) -> str:
    """Return where the table of pairs of a run lies whose documents lie with the store, from the root of that."""
    return (store.folder / PAIRS).relative_to(store.store.root).as_posix()


def keep_table(store: RunStore, text: str) -> str:
    """Write the table of pairs there; return where that is."""
    path = store.folder / PAIRS
    if not has_text(path, text):
        write_text(path, text)
    return place_of_table(store)


def language_pairs(config: RunConfig, manifest: Manifest) -> list[tuple[str, str]]:
    """Return the languages whose documents are paired; where they are detected, those of most documents."""
    if config.corpus.pairs:
        return [split_pair(pair) for pair in config.corpus.pairs]
    named = (config.corpus.source_language, config.corpus.target_language)
    if all(language not in (None, "auto") for language in named):
        return [(parse_language(str(named[0])), parse_language(str(named[1])))]
    counted = sorted(manifest.languages.items(), key=lambda item: (-item[1][1], item[0]))
    found = [languages[0] for languages, _ in counted]
    if len(found) < 2:
        raise ConfigError(f"all documents are in {found[0] if found else 'no language'}; there is nothing to pair")
    return [(found[0], found[1])]


def describe_pairing(found: FoundPairs, where: str, corrections: Path) -> list[str]:
    """Say what was found, what stays alone, and where it stands."""
    compared = f"{found.n_compared:,} compared" if found.n_compared else "nothing new"
    notes = [f"{units({'pairs': len(found.of('pair'))})} found by what documents say ({compared}), {where}"]
    if alone := found.of("alone"):
        notes.append(f"{units({'documents': len(alone)})} without a counterpart, such as {alone[0].reason}")
    unsure = found.of("perhaps")
    notes += [_describe_unsure(row) for row in unsure[:MAX_TOLD]]
    if len(unsure) > MAX_TOLD:
        notes.append(f"… and {len(unsure) - MAX_TOLD:,} more that are perhaps a pair")
    if copies := found.of("copy"):
        number = units({"documents": len(copies)})
        first = copies[0].source_path or copies[0].target_path
        notes.append(f"{number} left out as copies, such as {first}: {copies[0].reason}")
    if found.not_encoded:
        notes.append(f"{units({'documents': len(found.not_encoded)})} not compared: they could not be encoded")
    if found.strays:
        strays = "; ".join(found.strays[:MAX_TOLD])
        notes.append(f"{decisions_path(corrections)} decides about what is not here, or not to be paired: {strays}")
    return notes


def _describe_unsure(row: PairRow) -> str:
    sure = f"{100 * row.confidence:.1f} % sure" if row.confidence is not None else "unsure"
    return f"perhaps a pair, {sure}: {row.source_path} with {row.target_path} ({row.reason.removeprefix('perhaps: ')})"
