"""Make the documents whose sentences people have changed: their sentences, and the vectors of those that are new."""

from __future__ import annotations

from pipeline.manifest import Document
from pipeline.store import schema
from pipeline.store.requested_overlaps import by_name
from pipeline.store.rows import overlap_key, read_vectors, sentence_rows
from pipeline.store.run_store import RunStore
from pipeline.tasks.align import missing_sizes, whole_sizes
from pipeline.tasks.encode import Wanted, encode_wanted
from pipeline.tasks.work import Blocked, Outcome, Task, Work, own_pairs
from stages.corrections import edit_sentences, kept_positions


def edit_documents(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Make what is missing of the changed documents of a shard's pairs."""
    sides = [side for pair in own_pairs(store, work) for side in (pair.source, pair.target)]
    documents = list({side.id: side for side in sides if side.as_split is not None}.values())
    _write_sentences(store, documents, outcome)
    sizes = whole_sizes(store.config)
    done = store.embeddings.look_up(overlap_key(document, size) for document in documents for size in sizes)
    outcome.note_places("embeddings", store.embeddings, done)
    todo = [document for document in documents if missing_sizes(store.config, done, document)]
    outcome.n_todo = len(todo)
    before = store.embeddings.look_up(overlap_key(one.as_split, 1) for one in todo if one.as_split)
    wanted = []
    for document in todo:
        if document.as_split is None or overlap_key(document.as_split, 1) not in before:
            outcome.blocked.append(Blocked(document.path, (document.path,)))
            outcome.n_open += 1
            continue
        with outcome.isolate("encode", document.path):
            wanted.append(_wanted(store, document, document.as_split, missing_sizes(store.config, done, document)))
    if wanted:
        encode_wanted(store, wanted, outcome)


def _write_sentences(store: RunStore, documents: list[Document], outcome: Outcome) -> None:
    done = store.sentences.look_up(document.id for document in documents)
    outcome.note_places("sentences", store.sentences, done)
    with store.sentences.write(schema.SENTENCES, compression="zstd") as writer:
        for document in documents:
            if document.id not in done and document.as_split is not None:
                with outcome.isolate("encode", document.path):
                    made = edit_sentences(store.read_sentences(document.as_split), document.edits)
                    writer.add(document.id, sentence_rows(document, made), {"sentences": len(made)})
    outcome.note_writer("sentences", store.sentences, writer)


def _wanted(store: RunStore, document: Document, before: Document, sizes: list[int]) -> Wanted:
    """Return what of a changed document has to be encoded: of single sentences, only those that are new."""
    from stages.encode import overlap_stops

    lines = store.read_sentence_texts(document)
    stops = {size: overlap_stops(lines, size) for size in sizes}
    if 1 not in stops:
        return Wanted(document, lines, stops)
    vectors = by_name(read_vectors(store.embeddings, overlap_key(before, 1)))
    places = kept_positions(len(store.read_sentence_texts(before)), document.edits)
    known = {
        (1, at + 1): vectors[1, place + 1]
        for at, place in enumerate(places)
        if place is not None and (1, place + 1) in vectors
    }
    stops[1] = stops[1][[(1, stop) not in known for stop in stops[1].tolist()]]
    return Wanted(document, lines, stops, known=known)


EDIT = Task("edit", "edit", "encode", "encode", "pairs", edit_documents)
