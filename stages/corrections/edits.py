"""Apply edits to the sentences of a document, find them again when it has changed, and add one to others.

Edits number the sentences of the document as it was split; whoever edits sees those of the document as it is edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stages.corrections.decisions import CHANGED, DISAGREES, UNKNOWN, DocumentNow, Side, describe, is_run, look
from stages.corrections.edit import SIDES, Edit, make_edits
from stages.corrections.review import Review
from stages.data import Sentence

CONTRADICTED = "another edit changes one of its sentences"


class PlacedEdits(NamedTuple):
    """What has become of the edits of a pair.

    source, target : those that hold, in order, for the documents as they are split.
    set_aside : the others, with the reason, each in a review of the state in which the documents were.
    n_moved   : how many of those that hold were made when a document was another.
    """

    source: tuple[Edit, ...] = ()
    target: tuple[Edit, ...] = ()
    set_aside: tuple[Review, ...] = ()
    n_moved: int = 0


class Change(NamedTuple):
    """Sentences of a document as it is edited, a span of positions, in whose place so many others stand."""

    start: int
    stop: int
    n_texts: int


# ---- applying


def edit_texts(texts: Sequence[str], edits: Iterable[Edit]) -> list[str]:
    """Return the sentences of a document with its edits, which are in order."""
    made: list[str] = []
    at = 0
    for edit in edits:
        made += [*texts[at : edit.start], *edit.texts]
        at = edit.stop
    return [*made, *texts[at:]]


def kept_positions(n_sentences: int, edits: Iterable[Edit]) -> list[int | None]:
    """Return for each sentence of an edited document where it stood before; None for one that an edit has put there."""
    made: list[int | None] = []
    at = 0
    for edit in edits:
        made += [*range(at, edit.start), *[None] * len(edit.texts)]
        at = edit.stop
    return [*made, *range(at, n_sentences)]


def edit_sentences(sentences: Sequence[Sentence], edits: Iterable[Edit]) -> list[Sentence]:
    """Return the sentences of a document with its edits, which are in order.

    A new sentence is in the paragraph of the first that it stands for. Parts of one sentence have their exact spans;
    where the text has been changed, the span is that of all sentences that were replaced.
    """
    made: list[Sentence] = []
    at = 0
    for edit in edits:
        made += [*sentences[at : edit.start], *_new_sentences(sentences[edit.start : edit.stop], edit.texts)]
        at = edit.stop
    return [*made, *sentences[at:]]


def _new_sentences(replaced: Sequence[Sentence], texts: Sequence[str]) -> list[Sentence]:
    first, last = replaced[0], replaced[-1]
    made: list[Sentence] = []
    at = 0
    for text in texts:
        found = first.text.find(text, at) if len(replaced) == 1 else -1
        at = found + len(text) if found >= 0 else at
        span = (first.start + found, first.start + at) if found >= 0 else (first.start, last.stop)
        made.append(Sentence(first.paragraph, *span, text, first.heading, first.unit))
    return made


# ---- finding again


def place_edits(reviews: Iterable[Review], source: Sequence[str], target: Sequence[str]) -> PlacedEdits:
    """Return what edits of reviews, the newest first, hold for documents as they are split, and which don't.

    An edit holds where its sentences still stand, one after the other; in a document that has changed, each must be
    the only one of its kind.
    """
    reviews = [review for review in reviews if review.edits]
    if not reviews:
        return PlacedEdits()
    now = describe(source), describe(target)
    held: dict[str, list[Edit]] = {side: [] for side in SIDES}
    set_aside, n_moved = [], 0
    for review in reviews:
        found = _best([_find(one, *now) for one in (review, review.mirrored)])
        left = []
        for edit, place in zip(review.edits, found, strict=True):
            if isinstance(place, str):
                left.append(edit._replace(reason=place))
            elif any(place.start < one.stop and one.start < place.stop for one in held[place.side]):
                left.append(edit._replace(reason=CONTRADICTED))
            else:
                held[place.side].append(place)
                n_moved += (review.source, review.target) != (now[0].text, now[1].text)
        if left:
            set_aside.append(Review(review.source, review.target, (), is_rest=True, edits=tuple(left)))
    placed = [_as_they_stand(held[side], side, texts) for side, texts in zip(SIDES, (source, target), strict=True)]
    return PlacedEdits(placed[0], placed[1], tuple(set_aside), n_moved)


def _best(found: Sequence[list[Edit | str]]) -> list[Edit | str]:
    """Return the first of what was found in several ways, unless another way finds more."""
    return max(found, key=lambda one: sum(isinstance(place, Edit) for place in one))


def _find(review: Review, source: DocumentNow, target: DocumentNow) -> list[Edit | str]:
    """Return for each edit of a review where it stands, or why it doesn't."""
    sides = {}
    for side, then, now in (("source", review.source, source), ("target", review.target, target)):
        of_side = ((edit.positions, edit.known) for edit in review.edits if edit.side == side)
        sides[side] = look(then, now, of_side, is_rest=True)
    return [_place(edit, sides[edit.side]) for edit in review.edits]


def _place(edit: Edit, side: Side) -> Edit | str:
    places = side.places(edit.positions, edit.known)
    if len(places) == len(edit.positions) and is_run(places, len(places)):
        return edit._replace(start=places[0], stop=places[-1] + 1)
    return DISAGREES if side.is_same else CHANGED if edit.known else UNKNOWN


def _as_they_stand(edits: Sequence[Edit], side: str, texts: Sequence[str]) -> tuple[Edit, ...]:
    """Return edits in order, with the lines that stand for them now: as they were written, where nothing has moved."""
    edits = sorted(edits, key=lambda one: one.start)
    made = make_edits(side, [(edit.start, edit.stop, edit.texts) for edit in edits], texts)
    return tuple(
        now._replace(line=was.line) if _is_written_so(was, now) else now for was, now in zip(edits, made, strict=True)
    )


def _is_written_so(edit: Edit, made: Edit) -> bool:
    return edit.known == made.known and edit.line.startswith(f"{made} ")


# ---- adding one


def add_change(
    edits: Sequence[Edit], texts: Sequence[str], side: str, start: int, stop: int, new: Sequence[str]
) -> tuple[list[Edit], Change | None]:
    """Return edits of a document with one more, and what that changes in the document as it is edited so far.

    texts : as the document was split. start, stop : a span of the document as it is edited. new : what stands there.
    Raises ValueError where the span is outside the document.
    """
    before = edit_texts(texts, edits)
    if not 0 <= start < stop <= len(before):
        raise ValueError(f"{start, stop} is no span of {len(before):,} sentences")
    n_first, n_last = _n_same(before[start:stop], new)
    new = list(new[n_first : len(new) - n_last])
    start, stop = start + n_first, stop - n_last
    if start == stop and not new:
        return list(edits), None
    if start == stop and stop < len(before):  # something is put between two sentences: it goes with one of them
        new, stop = [*new, before[stop]], stop + 1
    elif start == stop:
        new, start = [before[start - 1], *new], start - 1
    touched = [piece for piece in _pieces(edits, len(texts)) if piece.start < stop and piece.stop > start]
    first, last = touched[0], touched[-1]
    put = [*before[first.start : start], *new, *before[stop : last.stop]]
    kept = [edit for edit in edits if edit.stop <= first.was_start or edit.start >= last.was_stop]
    was = texts[first.was_start : last.was_stop]
    made = [] if _n_same(was, put)[0] == len(was) == len(put) else [(first.was_start, last.was_stop, put)]
    edits = sorted([*kept, *make_edits(side, made, texts)], key=lambda edit: edit.start)
    return edits, Change(start, stop, len(new))


def take_back(edits: Sequence[Edit], index: int) -> tuple[list[Edit], Change]:
    """Return edits without one of them, and what that changes in the document as it is edited so far."""
    edit = edits[index]
    start = edit.start + sum(one.n_more for one in edits[:index])
    return [*edits[:index], *edits[index + 1 :]], Change(start, start + len(edit.texts), len(edit.positions))


class _Piece(NamedTuple):
    """An edit, or a sentence between edits: its span in the document as it was split, and as it is edited."""

    was_start: int
    was_stop: int
    start: int
    stop: int


def _pieces(edits: Iterable[Edit], n_sentences: int) -> Iterator[_Piece]:
    at, shift = 0, 0
    for edit in edits:
        yield from (_Piece(i, i + 1, i + shift, i + 1 + shift) for i in range(at, edit.start))
        yield _Piece(edit.start, edit.stop, edit.start + shift, edit.stop + shift + edit.n_more)
        at, shift = edit.stop, shift + edit.n_more
    yield from (_Piece(i, i + 1, i + shift, i + 1 + shift) for i in range(at, n_sentences))


def _n_same(before: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many sentences are the same from the beginning, and of the others from the end; lines don't count."""
    same = [" ".join(one.split()) == " ".join(other.split()) for one, other in zip(before, new, strict=False)]
    n_first = same.index(False) if False in same else len(same)
    left = zip(reversed(before[n_first:]), reversed(new[n_first:]), strict=False)
    ends = [" ".join(one.split()) == " ".join(other.split()) for one, other in left]
    return n_first, ends.index(False) if False in ends else len(ends)
