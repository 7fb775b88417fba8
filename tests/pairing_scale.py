"""Time, memory and recall of pairing by content, against the number of documents.

    python tests/pairing_scale.py --cache DIR [--sizes 5000,10000,20000]

Makes pots of English and German documents: each is a few paragraphs of the Debian handbook, drawn at random and mixed,
so that many documents have some in common; a tenth of each side has no counterpart. They are put into a store as the
encode stage leaves them (with the vectors that pairing_accuracy.py keeps in its cache), summed up, and paired in a
process of its own, and once more with a hundred new documents. Times are processor time; OMP_NUM_THREADS=1 is one
thread.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from pairing_accuracy import SHARED, Encoded, Encoders, cut

from pipeline.config.run_config import RunConfig, make_config
from pipeline.corpus.paired import FoundPairs
from pipeline.manifest import Document, DocumentPair, ListedPair, Origin, Shard
from pipeline.store import schema
from pipeline.store.manifest_files import pack_shard
from pipeline.store.pairing_record import PairingRecord
from pipeline.store.rows import overlap_key, vector_rows
from pipeline.store.run_store import RunStore
from pipeline.store.store import Store
from pipeline.tasks.pair import find_pairs_by_content
from pipeline.tasks.summarise import SUMMARISE
from pipeline.tasks.work import Work
from stages.encode import EncodedOverlaps

LONELY = 0.1
N_NEW = 100
SHARD = 500
"""Documents in a shard."""

LANGUAGES = ("en", "de")
ORIGIN = Origin("", None, "", -1, 0)


class Made(NamedTuple):
    """A document that was made, named by a number and its paragraphs: those of its translation are the same."""

    name: str
    language: str
    vectors: NDArray[np.float16]
    n_chars: NDArray[np.int64]


def config_of(folder: Path) -> RunConfig:
    values = {
        "name": "scale",
        "corpus": {"documents": "{language}/*.txt", "pairs": ["en-de"], "pairing": "content"},
        "encode": {"encoder": "use-multilingual"},
    }
    return make_config(values, "scale", folder)


def paragraphs_of(cache: Path) -> tuple[list[Encoded], list[Encoded]]:
    """Return the paragraphs of the handbook in both languages, each beside its translation."""
    encoders, sides = Encoders(cache, "use-multilingual"), []
    for language in LANGUAGES:
        paths = sorted((SHARED / "corpora" / "handbook-en-de" / language).glob("*.txt"))
        documents = (encoders.encode(path, language, is_split=False) for path in paths)
        sides.append({part.name: part for document in documents for part in cut(document, 1)})
    names = sorted(sides[0].keys() & sides[1].keys())
    return [sides[0][name] for name in names], [sides[1][name] for name in names]


def make_documents(paragraphs: tuple[list[Encoded], list[Encoded]], n_documents: int) -> list[Made]:
    """Make so many documents, half in each language, in random order."""
    rng = np.random.default_rng(n_documents)
    n_each, made = n_documents // 2, []
    for number in range(n_each):
        chosen = rng.choice(len(paragraphs[0]), size=int(rng.integers(1, 4)), replace=False)
        others = rng.choice(len(paragraphs[0]), size=int(rng.integers(1, 4)), replace=False)
        for side, language in enumerate(LANGUAGES):
            is_lonely = side == 1 and number < LONELY * n_each
            parts = [paragraphs[side][index] for index in (others if is_lonely else chosen)]
            vectors = np.concatenate([part.vectors for part in parts])
            name = f"{number:06}:{'+'.join(map(str, sorted(others if is_lonely else chosen)))}"
            made.append(Made(name, language, vectors, np.concatenate([part.n_chars for part in parts])))
    return [made[index] for index in rng.permutation(len(made))]


def write_store(store: RunStore, made: Sequence[Made], first: int = 0) -> list[Shard]:
    """Put documents into a store, split, encoded and summed up, in shards that are numbered from `first`."""
    shards = []
    for number, start in enumerate(range(0, len(made), SHARD), start=first):
        of_shard = made[start : start + SHARD]
        documents = [
            Document(
                f"{one.language}-{one.name}", one.language, False, int(one.n_chars.sum()), f"{one.language}/{one.name}"
            )
            for one in of_shard
        ]
        with store.sentences.write(schema.SENTENCES, compression="zstd") as writer:
            for document, one in zip(documents, of_shard, strict=True):
                writer.add(document.id, sentences_of(document, one.n_chars))
        columns = schema.embeddings(of_shard[0].vectors.shape[1])
        with store.embeddings.write(columns, compression="none", use_dictionary=["document", "overlap_size"]) as writer:
            for document, one in zip(documents, of_shard, strict=True):
                stops = np.arange(1, len(one.vectors) + 1, dtype=np.int32)
                writer.add(
                    overlap_key(document, 1), vector_rows(document, 1, EncodedOverlaps(stops, one.vectors), columns)
                )
        pairs = [ListedPair(DocumentPair(one.path, one, one), True, True, ORIGIN, ORIGIN) for one in documents]
        digest, data = pack_shard(pairs)
        n_chars = sum(document.n_chars for document in documents)
        sizes = (len(pairs), len(documents), n_chars, float(n_chars), 2 * n_chars, 2.0 * n_chars)
        shards.append(Shard(number, digest, store.manifest.write_shard(data), *sizes))
    for shelf in (store.sentences, store.embeddings):
        shelf.save_index()
    return shards


def sentences_of(document: Document, n_chars: NDArray[np.int64]) -> object:
    import pyarrow as pa

    n, stops = len(n_chars), np.cumsum(n_chars)
    columns = {"document": [document.id] * n, "paragraph": [0] * n, "position": range(n), "start": stops - n_chars}
    kept = {"text": [""] * n, "heading": [0] * n, "unit": [0] * n}
    return pa.table({**columns, "stop": stops, **kept}, schema=schema.SENTENCES)


def pair(folder: Path) -> None:
    """Pair what lies in a store, as a process of its own; print the time, the memory and what was found."""
    store = RunStore(Store(folder / "store"), config_of(folder))
    shards = [Shard(**one) for one in json.loads((folder / "shards.json").read_text())]
    started = time.process_time()
    for shard in shards:
        outcome = SUMMARISE(store, Work(store.config, shard))
        assert not outcome.n_open, outcome
    store.summaries.save_index()
    summed, n_bytes = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = find_pairs_by_content(store, shards, [LANGUAGES])
    seconds = time.process_time() - summed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = sum(path.stat().st_size for path in store.summaries.folder.glob("*")) / len(shards)
    result = {"summing": summed - started, "pairing": seconds, "MB before": n_bytes / 1024, "MB": peak / 1024}
    result |= {"compared": found.n_compared, "recall": recall_of(store, found), "summary_bytes": kept}
    right, wrong = tally(found)
    click.echo(json.dumps(result | {"right": right, "wrong": wrong}))


def text_of(name: str) -> str:
    """Return which text a document is: another with the same paragraphs is as good."""
    return name.partition(":")[2]


def tally(found: FoundPairs) -> tuple[int, int]:
    pairs = [(text_of(row.source_path), text_of(row.target_path)) for row in found.of("pair")]
    n_right = sum(one == other for one, other in pairs)
    return n_right, len(pairs) - n_right


def recall_of(store: RunStore, found: FoundPairs) -> float:
    """Return the share of the true pairs that were compared sentence by sentence."""
    with np.load(PairingRecord(store.folder).folder / "en-de.npz") as arrays:
        ids = [[text_of(identity.decode()) for identity in arrays[f"ids_{side}"].tolist()] for side in (0, 1)]
        rows, columns = arrays["candidates_rows"], arrays["candidates_columns"]
    true = set(ids[0]) & set(ids[1])
    compared = {ids[0][i] for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if ids[0][i] == ids[1][j]}
    return len(compared & true) / len(true)


def measure(folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--pair", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def report(paragraphs: tuple[list[Encoded], list[Encoded]], n_documents: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store = RunStore(Store(folder / "store"), config_of(folder))
        made = make_documents(paragraphs, n_documents + N_NEW)
        for n_here in (n_documents, len(made)):
            shards = write_store(store, made[:n_here] if n_here == n_documents else made)
            (folder / "shards.json").write_text(json.dumps([vars(shard) for shard in shards]))
            found = measure(folder)
            names = [{text_of(one.name) for one in made[:n_here] if one.language == language} for language in LANGUAGES]
            click.echo(
                f"{n_here:>7,} documents  summing {found['summing']:6.1f} s  pairing {found['pairing']:6.1f} s  "
                f"peak {found['MB']:6.0f} MB (before {found['MB before']:.0f})  compared {found['compared']:>9,}  "
                f"recall of candidates {found['recall']:.4f}  true {len(names[0] & names[1]):>6,}  "
                f"right {found['right']:>6,}  wrong {found['wrong']:>4,}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sizes", default="5000,10000,20000")
    parser.add_argument("--pair", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pair:
        pair(arguments.pair)
        return 0
    if arguments.cache is None or not (SHARED / "corpora").is_dir():
        click.echo("name a --cache; the corpora must lie beside the project", err=True)
        return 2
    paragraphs = paragraphs_of(arguments.cache)
    for size in arguments.sizes.split(","):
        report(paragraphs, int(size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
