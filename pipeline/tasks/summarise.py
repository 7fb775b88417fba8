"""Sum the documents of a shard up, for those that belong together to be found: see stages.pairing.summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.manifest import Document
from pipeline.store import schema
from pipeline.store.rows import overlap_key, read_vectors
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Blocked, Outcome, Task, Work, own_documents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.pairing.summary import Summary


def summarise_documents(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Sum up what of a shard is encoded, and has not been summed up."""
    from stages.pairing.summary import summarise

    documents = own_documents(store, work)
    done = store.summaries.look_up(document.id for document in documents)
    outcome.note_places("summaries", store.summaries, done)
    todo = [document for document in documents if document.id not in done]
    encoded = store.embeddings.look_up(overlap_key(document, 1) for document in todo)
    store.sentences.look_up(document.id for document in todo)  # all at once: each by itself would read the index anew
    outcome.n_todo = len(todo)
    found: list[tuple[Document, Summary]] = []
    for document in todo:
        if overlap_key(document, 1) not in encoded:
            outcome.blocked.append(Blocked(document.path, (document.path,)))
            outcome.n_open += 1
            continue
        with outcome.isolate("encode", document.path):
            found.append((document, summarise(*read_singles(store, document))))
            outcome.counts.update(documents=1)
    if not found:
        return
    dimensions = max(1, *(len(summary.total) for _, summary in found))
    with store.summaries.write(schema.summaries(dimensions), compression="zstd") as writer:
        for document, summary in found:
            writer.add(document.id, _row(document, summary, dimensions))
    outcome.note_writer("summaries", store.summaries, writer)


def read_singles(store: RunStore, document: Document) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """Return the vectors of a document's sentences with text, shape (S, D), and their lengths in characters."""
    import numpy as np

    singles = read_vectors(store.embeddings, overlap_key(document, 1)).get(1)
    if singles is None:
        return np.zeros((0, 0)), np.zeros(0, np.int64)
    rows = store.sentences.read(document.id, ("start", "stop"))
    n_chars = (rows["stop"].to_numpy() - rows["start"].to_numpy()).astype(np.int64)
    return singles.vectors, n_chars[singles.stops - 1]


def _row(document: Document, summary: Summary, dimensions: int) -> pa.Table:
    import numpy as np

    sums = (one if len(one) else np.zeros(dimensions, np.float32) for one in (summary.weighted, summary.total))
    weighted, total = (pa.FixedSizeListArray.from_arrays(pa.array(one), dimensions) for one in sums)
    values = ([summary.weight], [summary.n_sentences], [summary.n_chars])
    return pa.Table.from_arrays(
        [pa.array(one) if isinstance(one, list) else one for one in ([document.id], weighted, total, *values)],
        schema=schema.summaries(dimensions),
    )


SUMMARISE = Task("summarise", "pair", "encode", "split", "documents", summarise_documents)
