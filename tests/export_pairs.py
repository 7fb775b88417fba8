"""Aligned pairs for the tests of exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from stages.data import AlignedPair, Beads, Sentence, TimedText

Span = tuple[int, int, int, int]

NASTY_TEXTS = [
    "a\ttab and a \\t that is none",
    "two\nlines, three\r\nlines\rfour",
    "<b>&amp; \"quotes\" & 'more' ]]> <!-- -->",
    '"starts with a quote',
    "control \x01\x08\x0b\x0c\x1b\x7f\x80\x85\x9f characters",
    "NUL \x00 here",
    "emoji 👩‍👩‍👧 🇮🇸 and a nonbreaking\u00a0space",
    "עברית וגם العربية \u202bRTL\u202c",
    "separators \u2028 and \u2029 and \x1c\x1d\x1e",
    "lone \ud800 surrogates \udfff",
    "not characters \ufffe \uffff, and \U0001fffe",
    "\ufeffBOM, and backslash n: \\n, at the end \\",
    "e\u0301 is not composed, é is",
    "=1+1 #NAME, 'null', NaN, None",
]


def make_pair(
    source: Sequence[str],
    target: Sequence[str],
    spans: Sequence[Span] | None = None,
    *,
    scores: Sequence[float] | None = None,
    pair_id: str = "story",
    languages: tuple[str, str] = ("en", "de"),
) -> AlignedPair:
    """Make a pair; without spans, sentence i translates sentence i."""
    if spans is None:
        spans = [(i, i + 1, i, i + 1) for i in range(len(source))]
    array = np.array(spans, dtype=np.int32).reshape(-1, 4)
    score = np.array(scores if scores is not None else [0.5] * len(array), dtype=np.float32)
    beads = Beads(array[:, 0], array[:, 1], array[:, 2], array[:, 3], score / 2, score, score)
    return AlignedPair(pair_id, *languages, _sentences(source), _sentences(target), beads)


def _sentences(texts: Sequence[str]) -> list[Sentence]:
    sentences, start = [], 0
    for text in texts:
        sentences.append(Sentence(0, start, start + len(text), text))
        start += len(text) + 1
    return sentences


def with_times(pair: AlignedPair, milliseconds: int = 1000) -> AlignedPair:
    """Make the source subtitles: each sentence is one, and takes so long."""
    times = [
        TimedText(sentence.start, sentence.stop, number * milliseconds, (number + 1) * milliseconds)
        for number, sentence in enumerate(pair.source)
        if sentence.text
    ]
    return replace(pair, source_times=times)


any_text = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text(st.sampled_from('a \t\n\r\\"<&>\x00\x0b\x85\u2028\u2029\ud800\ufffe�é')),
    st.sampled_from(NASTY_TEXTS),
)
"""Every code point, lone surrogates included, and often those that some format can't hold."""


@st.composite
def any_pair(draw: st.DrawFn) -> AlignedPair:
    """Draw a pair with beads of any type over any texts, blank positions too."""
    sizes = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any), max_size=6))
    stops = np.cumsum(np.array(sizes, dtype=np.int32).reshape(-1, 2), axis=0)
    n_source, n_target = stops[-1].tolist() if sizes else (0, 0)
    spans = [(i - m, i, j - n, j) for (m, n), (i, j) in zip(sizes, stops.tolist(), strict=True)]
    scores = draw(st.lists(st.floats(-2, 2, width=32), min_size=len(sizes), max_size=len(sizes)))
    source = draw(st.lists(any_text, min_size=n_source, max_size=n_source))
    target = draw(st.lists(any_text, min_size=n_target, max_size=n_target))
    return make_pair(source, target, spans, scores=scores, pair_id=draw(any_text))
