"""Headings are aligned with headings before anything else is, and sections are not crossed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.__main__ import main
from stages.align import AlignConfig, align_pair
from stages.align.constraints.fixed_beads import FixedBeads
from stages.align.constraints.headings import fix_headings, match_headings
from stages.corrections import BeadSpan, Corrections, describe_text
from stages.data import Beads, Overlaps

DIMENSIONS = 48
NOTHING = np.zeros(0, np.int64)


def vectors_of(words: Sequence[str], noise: float, seed: int) -> np.ndarray:
    """Return unit vectors: equal words are alike, the rest is noise."""
    noises = np.random.default_rng(seed)
    rows = []
    for word in words:
        known = np.random.default_rng(sum(map(ord, word)) * 7919 + len(word)).normal(size=DIMENSIONS)
        rows.append(known / np.linalg.norm(known) + noise * noises.normal(size=DIMENSIONS) / np.sqrt(DIMENSIONS))
    return np.stack([row / np.linalg.norm(row) for row in rows])


def document(words: Sequence[str], noise: float = 0.3, seed: int = 0, levels: Sequence[int] | None = None) -> Overlaps:
    """Make a document of which every sentence is a word; those that begin with # are headings, ## of level 2."""
    sentences = [f"{word} and some more words." if word else "" for word in words]
    singles = vectors_of(words, noise, seed) * np.array([[bool(word)] for word in words])
    larger = np.zeros((3, len(words), DIMENSIONS))
    headings = [len(word) - len(word.lstrip("#")) for word in words] if levels is None else levels
    return Overlaps(sentences, np.concatenate([singles[None], larger]).astype(np.float32), headings)


def chapter(heading: str, name: str, n_sentences: int = 6) -> list[str]:
    return [heading, *(f"{name}{number}" for number in range(n_sentences))]


def spans(beads: Beads) -> list[tuple[int, ...]]:
    columns = (beads.source_start, beads.source_stop, beads.target_start, beads.target_stop)
    return list(zip(*(column.tolist() for column in columns), strict=True))


BOOK = [*chapter("#one", "a"), *chapter("##notes", "b"), *chapter("#two", "c"), *chapter("##notes", "d")]


def test_each_heading_finds_its_own_also_where_several_say_the_same() -> None:
    source, target = document(BOOK, seed=1), document(BOOK, seed=2)
    assert match_headings(source, target).tolist() == [[0, 0], [7, 7], [14, 14], [21, 21]]
    without_b = document(BOOK[:7] + BOOK[14:], seed=2)
    assert match_headings(source, without_b).tolist() == [[0, 0], [14, 7], [21, 14]]


def test_the_mirror_image_matches_the_same_headings() -> None:
    source, target = document(BOOK, seed=1), document(BOOK[:7] + BOOK[14:], seed=2)
    for respect_sections in (False, True):
        found = match_headings(source, target, respect_sections)
        assert match_headings(target, source, respect_sections).tolist() == found[:, ::-1].tolist()


def test_what_is_no_translation_is_not_matched() -> None:
    source = document(BOOK, seed=1)
    assert len(match_headings(source, document([f"x{word}" for word in BOOK], seed=2, levels=source.headings))) == 0
    assert len(match_headings(source, replace(source, headings=()))) == 0
    assert len(match_headings(source, Overlaps([], np.zeros((4, 0, DIMENSIONS))))) == 0


def test_headings_are_beads_of_their_own_and_no_bead_reaches_over_them() -> None:
    # The heading of the target says as well what the last sentence before the other does, which has no translation.
    source = document([*chapter("#one", "a"), *chapter("#two", "c")], seed=1)
    target = document([*chapter("#one", "a", 5), *chapter("#two", "c")], seed=2)
    vectors = target.vectors.copy()
    vectors[0, 6] = (source.vectors[0, 6] + source.vectors[0, 7]) / np.linalg.norm(
        source.vectors[0, 6] + source.vectors[0, 7]
    )
    sentences = [*target.sentences[:6], f"{source.sentences[6]} {source.sentences[7]}", *target.sentences[7:]]
    target = replace(target, vectors=vectors, sentences=sentences)
    unknown = [replace(side, headings=()) for side in (source, target)]
    assert (6, 8, 6, 7) in spans(align_pair(*unknown, AlignConfig(), on_demand=True))
    found = spans(align_pair(source, target, AlignConfig(), on_demand=True))
    assert {(0, 1, 0, 1), (7, 8, 6, 7)} <= set(found)


def test_with_respect_sections_chapters_are_matched_however_weakly() -> None:
    words = [*chapter("#one", "a"), *chapter("#two", "c"), *chapter("#three", "e")]
    loose = [word if number % 7 else f"#other{number}" for number, word in enumerate(words)]
    source, target = document(words, 0.9, seed=1), document(loose, 0.9, seed=2)
    strict = match_headings(source, target, respect_sections=True).tolist()
    assert strict == [[0, 0], [7, 7], [14, 14]]
    assert len(match_headings(source, target)) < len(strict)
    found = spans(align_pair(source, target, AlignConfig(respect_sections=True), on_demand=True))
    assert {(0, 1, 0, 1), (7, 8, 7, 8), (14, 15, 14, 15)} <= set(found)


def test_empty_positions_move_no_heading() -> None:
    source = document(["", *chapter("#one", "a"), "", *chapter("#two", "c")], seed=1)
    target = document([*chapter("#one", "a"), "", "", *chapter("#two", "c")], seed=2)
    assert match_headings(source, target).tolist() == [[1, 0], [9, 9]]
    found = spans(align_pair(source, target, AlignConfig(), on_demand=True))
    assert {(1, 2, 0, 1), (9, 10, 9, 10)} <= set(found)


def test_what_people_have_decided_goes_before_headings() -> None:
    source, target = document(BOOK, seed=1), document(BOOK, seed=2)
    good, bad = (BeadSpan(13, 15, 13, 14),), (BeadSpan(7, 8, 7, 8),)
    corrections = Corrections(good, bad, describe_text(source.sentences), describe_text(target.sentences))
    found = spans(align_pair(source, target, AlignConfig(), on_demand=True, corrections=corrections))
    assert {(0, 1, 0, 1), (13, 15, 13, 14), (21, 22, 21, 22)} <= set(found)
    assert (7, 8, 7, 8) not in found


def test_without_headings_nothing_is_fixed() -> None:
    has_text = np.ones(3, bool)
    assert fix_headings(np.zeros((0, 2), np.int64), None, has_text, has_text) is None
    fixed = FixedBeads(np.array([[0, 1, 0, 1]]), frozenset(), NOTHING, NOTHING)
    assert fix_headings(np.zeros((0, 2), np.int64), fixed, has_text, has_text) is fixed
    source, target = document(BOOK, seed=1, levels=()), document(BOOK, seed=2, levels=())
    plain = align_pair(source, target, AlignConfig(), on_demand=True)
    strict = align_pair(source, target, AlignConfig(respect_sections=True), on_demand=True)
    assert spans(plain) == spans(strict)


def test_the_method_bertalign_knows_no_sections() -> None:
    with pytest.raises(ValueError, match=r"align\.respect_sections: true is not valid with the method bertalign"):
        AlignConfig(method="bertalign", respect_sections=True)


def test_a_run_keeps_the_headings_of_its_documents(tmp_path: Path) -> None:
    english = "# The lighthouse\n\nNobody remembers who built it. It stands.\n\n# The ship\n\nA ship came in the night."
    german = "# Der Leuchtturm\n\nNiemand weiß, wer ihn gebaut hat. Er steht.\n\n# Das Schiff\n\nNachts kam ein Schiff."
    for language, text in (("en", english), ("de", german)):
        (tmp_path / f"{language}.md").write_text(text, encoding="utf-8")
    config = (
        '[corpus]\ndocuments = "{language}.md"\npairs = ["en-de"]\n[encode]\nencoder = "use-multilingual"\n'
        '[align]\nrespect_sections = true\n[export]\nformats = ["beads"]\n'
    )
    (tmp_path / "run.toml").write_text(config)
    arguments = ["run", "--config", str(tmp_path / "run.toml"), "--store", str(tmp_path / "store"), "--workers", "1"]
    result = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    (beads,) = (tmp_path / "out" / "beads").iterdir()
    lines = [line.rpartition(":")[0] for line in beads.read_text().splitlines()]
    assert lines[0] == "[0]:[0]"
    assert "[3]:[3]" in lines
