"""How well documents are paired by what they say: python tests/pairing_accuracy.py --cache DIR [--encoder NAME].

Takes the handbooks and the gold sets that lie beside the project, cuts and thins them, and prints for each pot how many
of the true pairs were found, and how many others. Vectors are kept in the cache: the first run takes minutes, later
ones seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from stages.encode import load_encoder
from stages.encode.config import EncodeConfig
from stages.pairing.config import PairingConfig
from stages.pairing.pairing import DocumentSide, Pairing, pair_documents
from stages.pairing.summary import gather, summarise
from stages.split import split_document
from stages.split.config import SplitConfig

SHARED = Path(__file__).resolve().parents[2] / "shared"
HANDBOOKS = ("en-de", "en-fr", "en-es")
GOLD_LANGUAGES = {
    "gold/bible-en-zh": ("en", "zh"),
    "gold/mac-dev-zh-en": ("zh", "en"),
    "gold/maligna-pl": ("pl", "en"),
    "gold/textberg-de-fr": ("de", "fr"),
    "gold/textberg-dev-de-fr": ("de", "fr"),
    "more-gold/alignar-dev-ar-en": ("ar", "en"),
}
GERMAN_TARGETS = {"gold/maligna-pl/poznan"}
"""The one document of a set whose target is in German."""
THIRD = 1 / 3
N_POTS = 200


class Encoded(NamedTuple):
    """A document: who it is, the paragraph of each sentence, their vectors and lengths."""

    name: str
    paragraphs: NDArray[np.int64]
    vectors: NDArray[np.float16]
    n_chars: NDArray[np.int64]


class Encoders:
    """Encodes documents, and keeps what was encoded in a folder."""

    def __init__(self, cache: Path, name: str) -> None:
        self._folder = cache / name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config = EncodeConfig(encoder=name)
        self._encoder = None

    def encode(self, path: Path, language: str, is_split: bool) -> Encoded:
        kept = self._folder / f"{path.relative_to(SHARED).as_posix().replace('/', '_')}.npz"
        if not kept.exists():
            sentences = split_document(path.read_text(), language, SplitConfig(paragraphs="line"), is_split).sentences
            texts = [sentence.text for sentence in sentences if sentence.text]
            self._encoder = self._encoder or load_encoder(self._config)
            vectors = self._encoder.encode(texts).vectors if texts else np.zeros((0, 1))
            paragraphs = [sentence.paragraph for sentence in sentences if sentence.text]
            np.savez(kept, paragraphs=paragraphs, vectors=vectors.astype(np.float16), n_chars=list(map(len, texts)))
        with np.load(kept) as arrays:
            return Encoded(path.stem, *(arrays[name] for name in ("paragraphs", "vectors", "n_chars")))


def cut(document: Encoded, n_paragraphs: int) -> Iterator[Encoded]:
    """Cut a document into documents of so many paragraphs."""
    numbers = document.paragraphs // n_paragraphs
    for number in np.unique(numbers):
        chosen = numbers == number
        parts = (document.paragraphs[chosen], document.vectors[chosen], document.n_chars[chosen])
        yield Encoded(f"{document.name}/{number}", *parts)


class InMemory:
    """The sentence vectors of documents that are in memory."""

    def __init__(self, documents: Sequence[Encoded]) -> None:
        self._documents = documents

    def prepare(self, documents: NDArray[np.int64]) -> None:
        pass

    def read(self, document: int) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        return self._documents[document].vectors, self._documents[document].n_chars


def side(documents: Sequence[Encoded]) -> DocumentSide:
    summaries = gather((summarise(one.vectors, one.n_chars) for one in documents), len(documents))
    return DocumentSide(summaries, np.zeros(len(documents), np.int64), InMemory(documents))


def report(label: str, source: Sequence[Encoded], target: Sequence[Encoded]) -> None:
    """Pair two sides, shuffled, and print what was found. Documents of one name are a pair."""
    generator = np.random.default_rng(0)
    source, target = ([documents[i] for i in generator.permutation(len(documents))] for documents in (source, target))
    started = time.process_time()
    found: Pairing = pair_documents(side(source), side(target), PairingConfig())
    seconds = time.process_time() - started
    pairs = {(source[pair.source].name, target[pair.target].name) for pair in found.pairs}
    names = {document.name for document in source} & {document.name for document in target}
    n_right = sum(one == other for one, other in pairs)
    click.echo(
        f"{label:<44} {len(source):>6,} x {len(target):>6,}  true {len(names):>5,}  right {n_right:>5,}  "
        f"wrong {len(pairs) - n_right:>3}  compared {found.n_compared:>7,}  {seconds:6.1f} s"
    )


def thinned(documents: Sequence[Encoded], share: float, seed: int) -> list[Encoded]:
    kept = np.random.default_rng(seed).random(len(documents)) >= share
    return [document for document, is_kept in zip(documents, kept, strict=True) if is_kept]


def report_handbook(encoders: Encoders, languages: str) -> None:
    sides: list[list[Encoded]] = []
    for language in languages.split("-"):
        paths = sorted((SHARED / "corpora" / f"handbook-{languages}" / language).glob("*.txt"))
        sides.append([encoders.encode(path, language, is_split=False) for path in paths])
    for n_paragraphs in (None, 5, 2, 1):
        source, target = (
            [part for document in documents for part in (cut(document, n_paragraphs) if n_paragraphs else [document])]
            for documents in sides
        )
        size = f"{n_paragraphs} paragraphs" if n_paragraphs else "whole"
        report(f"handbook {languages}, {size}", source, target)
        report("  a third of the target taken away", source, thinned(target, THIRD, 1))
        report("  a third of both sides taken away", thinned(source, THIRD, 2), thinned(target, THIRD, 3))


def report_small_pots(encoders: Encoders, languages: str) -> None:
    """Pair pots of a few documents each, once with their counterparts and once with as many strangers."""
    sides = [
        {part.name: part for path in paths for part in cut(encoders.encode(path, language, False), 1)}
        for language in languages.split("-")
        if (paths := sorted((SHARED / "corpora" / f"handbook-{languages}" / language).glob("*.txt")))
    ]
    generator, names = np.random.default_rng(5), sorted(sides[0].keys() & sides[1].keys())
    for size in (1, 2, 5):
        n_right, n_wrong, n_strangers = 0, 0, 0
        for _ in range(N_POTS):
            chosen = [names[i] for i in generator.choice(len(names), 2 * size, replace=False)]
            pots = [side([of_side[name] for name in chosen[:size]]) for of_side in sides]
            others = side([sides[1][name] for name in chosen[size:]])
            found = [pair[:2] for pair in pair_documents(*pots, PairingConfig()).pairs]
            n_right += sum(i == j for i, j in found)
            n_wrong += sum(i != j for i, j in found)
            n_strangers += len(pair_documents(pots[0], others, PairingConfig()).pairs)
        click.echo(
            f"handbook {languages}, {N_POTS} pots of {size} paragraphs: true {N_POTS * size:,}  right {n_right:,}  "
            f"wrong {n_wrong}; with strangers only: wrong {n_strangers}"
        )


def report_gold(encoders: Encoders) -> None:
    """Put all gold sets into one pot, and pair each two languages that any of them has."""
    pot: dict[str, list[Encoded]] = {}
    pairs = set()
    for folder, (source_language, target_language) in GOLD_LANGUAGES.items():
        for path in sorted((SHARED / folder).glob("*.source.txt")):
            name = f"{folder}/{path.name.removesuffix('.source.txt')}"
            target = "de" if name in GERMAN_TARGETS else target_language
            for language, file in ((source_language, path), (target, Path(str(path).replace(".source.", ".target.")))):
                document = encoders.encode(file, language, is_split=True)
                pot.setdefault(language, []).append(document._replace(name=name))
            pairs.add((source_language, target))
    for one, other in sorted(pairs):
        report(f"all gold sets, {one}-{other}", pot[one], pot[other])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--encoder", default="use-multilingual")
    arguments = parser.parse_args()
    if not (SHARED / "gold").is_dir():
        click.echo("the evaluation corpora are not here", err=True)
        return 2
    encoders = Encoders(arguments.cache, arguments.encoder)
    for languages in HANDBOOKS:
        report_handbook(encoders, languages)
        report_small_pots(encoders, languages)
    report_gold(encoders)
    return 0


if __name__ == "__main__":
    sys.exit(main())
