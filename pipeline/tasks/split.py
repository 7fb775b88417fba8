"""Split the documents of a shard into sentences."""

from __future__ import annotations

from pipeline.store import schema
from pipeline.store.rows import sentence_rows
from pipeline.store.run_store import RunStore
from pipeline.tasks.work import Outcome, Task, Work, own_documents


def split_documents(store: RunStore, work: Work, outcome: Outcome) -> None:
    """Split what of a shard has no sentences yet."""
    from stages.split import split_document

    documents = own_documents(store, work)
    done = store.sentences.look_up(document.id for document in documents)
    outcome.note_places("sentences", store.sentences, done)
    todo = [document for document in documents if document.id not in done]
    texts = store.texts.look_up(document.id for document in todo)
    outcome.n_todo = len(todo)
    with store.sentences.write(schema.SENTENCES, compression="zstd") as writer:
        for document in todo:
            if document.id not in texts:
                outcome.has_lost_texts = True
                outcome.n_open += 1
                continue
            with outcome.isolate("split", document.path):
                text = store.read_text(document)
                result = split_document(text, document.language, store.config.split, document.is_split)
                writer.add(document.id, sentence_rows(document, result.sentences), result.facts)
                outcome.counts.update(documents=1, sentences=len(result.sentences))
    outcome.note_writer("sentences", store.sentences, writer)


SPLIT = Task("split", "split", "split", "split", "documents", split_documents)
