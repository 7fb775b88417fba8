"""Measure how many texts each way of splitting cuts exactly where they are marked: `python tests/sentence_accuracy.py`.

The texts are those of `sentences.tsv`, or of a file of the same form that is named: a language, a kind, and a text in
which ¦ stands where a sentence ends. `--wrong` lists what we cut differently.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from sentence_splitter import SentenceSplitter
from sentencex import segment

from stages.split import split_document
from stages.split.boundaries import SENTENCE_SPLITTER_LANGUAGES
from stages.split.config import SplitConfig

TEXTS = Path(__file__).parent / "sentences.tsv"
MARK = "¦"
AS_ONE_PARAGRAPH = SplitConfig(paragraphs="blank-line")


class MarkedText(NamedTuple):
    """A text and the sentences that a reader finds in it."""

    language: str
    kind: str
    text: str
    sentences: list[str]


def read_texts(path: Path = TEXTS) -> Iterator[MarkedText]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            language, kind, marked = line.split("\t")
            yield MarkedText(language, kind, marked.replace(MARK, ""), _stripped(marked.split(MARK)))


def by_sentence_splitter(text: str, language: str) -> list[str]:
    code = {"nb": "no"}.get(language, language)
    return _stripped(SentenceSplitter(code if code in SENTENCE_SPLITTER_LANGUAGES else "en").split(text))


def by_sentencex(text: str, language: str) -> list[str]:
    return _stripped(list(segment(language, text)))


def by_us(text: str, language: str) -> list[str]:
    return [sentence.text for sentence in split_document(text, language, AS_ONE_PARAGRAPH).sentences]


WAYS: dict[str, Callable[[str, str], list[str]]] = {
    "sentence-splitter": by_sentence_splitter, "sentencex": by_sentencex, "bitext": by_us,
}  # fmt: skip


def _stripped(sentences: list[str]) -> list[str]:
    return [sentence.strip() for sentence in sentences if sentence.strip()]


def main() -> None:
    path, wants_wrong = TEXTS, False
    for argument in sys.argv[1:]:
        wants_wrong, path = (True, path) if argument == "--wrong" else (wants_wrong, Path(argument))
    texts = list(read_texts(path))
    n_of_kind = Counter(text.kind for text in texts)
    right: Counter[tuple[str, str]] = Counter()
    for text in texts:
        for name, split in WAYS.items():
            found = split(text.text, text.language)
            right[name, text.kind] += found == text.sentences
            if wants_wrong and name == "bitext" and found != text.sentences:
                print(text.language, text.kind, MARK.join(found), sep="\t")  # noqa: T201
    rows = [(kind, n, *(right[name, kind] for name in WAYS)) for kind, n in n_of_kind.items()]
    total = ("all", len(texts), *(sum(right[name, kind] for kind in n_of_kind) for name in WAYS))
    for row in [("kind", "texts", *WAYS), *rows, total]:
        print("{:24} {:>6} {:>18} {:>10} {:>8}".format(*row))  # noqa: T201
    print(f"{len({text.language for text in texts})} languages")  # noqa: T201


if __name__ == "__main__":
    main()
