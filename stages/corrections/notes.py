"""Keep the notes that people have written into a file of corrections when the program writes it anew.

A line that says what it said stays word for word, and of a decision that was found again elsewhere the comment stays.
Lines of comments go before the line that they stood before; where that is gone, before the next one of their section
that is left, or else behind the last one before them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from stages.corrections.file import EDITED, EXPLANATION, HEAD, HEADER, LINE, SET_ASIDE, render_reviews
from stages.corrections.review import Review

END = -1
"""In place of the number of a line: behind all of them."""


class _Line(NamedTuple):
    """A line of a file, or the end of a section.

    number   : where it stands.
    section  : 0 is the newest review, and what was set aside follows.
    content  : what the program reads of it; nothing at the end of a section.
    comments : people's own lines above it.
    """

    number: int
    section: int
    content: str
    text: str
    comments: Sequence[str]

    @property
    def is_header(self) -> bool:
        return HEADER.fullmatch(self.content) is not None

    @property
    def comment(self) -> str:
        return self.text.partition("#")[2].strip()

    @property
    def key(self) -> str:
        """Return what tells it from all others, whatever stands behind the # and the documents are by now."""
        header, decision = HEADER.fullmatch(self.content), LINE.fullmatch(self.content)
        if decision:
            return _decision_key(decision["bead"], decision["mark"], decision["digests"])
        return header["side"] if header and not self.section else self.content

    @property
    def digests(self) -> str:
        """The mark and the digests of a decision, as they stay when its sentences move; empty if it has none."""
        match = LINE.fullmatch(self.content)
        return f"{match['mark']}{match['digests'].replace('*', '')}" if match and match["digests"] else ""


def rewrite_reviews(
    before: str, review: Review, set_aside: Sequence[Review] = (), head: str = "", edited: Review | None = None
) -> str:
    """Write a file as `render_reviews` does, with what people have written into the file as it was.

    The file is written although nothing is decided where it has comments of their own.
    """
    old = list(_read_lines(before))
    text = render_reviews(review, set_aside, head, any(line.comments for line in old), edited)
    new = list(_read_lines(text))
    places = _match(old, new)
    above, below = _place_comments(old, new, places)
    kept = _keep_decisions(old, {line.number: line for line in new if not line.section}, places)
    written: list[str] = []
    for number, line in enumerate(text.splitlines()):
        written += [*above.get(number, ()), kept.get(number, line), *below.get(number, ())]
    return "".join(f"{line}\n" for line in [*written, *below.get(END, ())])


def _read_lines(text: str) -> Iterator[_Line]:
    """Give the lines that the program reads, and the end of each section."""
    section, comments, is_decided = 0, list[str](), False
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines):
        content = line.partition("#")[0].strip()
        if line in (EDITED, SET_ASIDE):
            yield _Line(number, section, "", "", comments)
            section, comments, is_decided = section + 1, [], False
        elif content:
            is_header = HEADER.fullmatch(content) is not None
            section += is_header and is_decided
            is_decided = not is_header
            yield _Line(number, section, content, line, comments)
            comments = []
        elif line and line not in EXPLANATION and not _is_head(lines, number):
            comments.append(line)
    yield _Line(len(lines), section, "", "", comments)


def _is_head(lines: Sequence[str], number: int) -> bool:
    """Say whether a line is what the program writes first; it need not be what it would write now."""
    is_first = number == 0 or lines[number + 1 : number + 2] == [EXPLANATION[0]]
    return is_first and HEAD.fullmatch(lines[number]) is not None


def _match(old: Sequence[_Line], new: Sequence[_Line]) -> dict[int, int]:
    """Return for lines of the old file, by their number, the number of the line of the new one that says the same.

    Lines without digests are those that they number as long as the documents are the same.
    """
    newest = [line for line in new if not line.section]
    same = {line.key: line.number for line in reversed(new) if line.content}
    unmoved = {_decision_key(match["bead"], match["mark"]): line.number for line in newest
               if (match := LINE.fullmatch(line.content))}  # fmt: skip
    mine, theirs = _by_digests(old), _by_digests(newest)
    headers = {line.content for line in newest if line.is_header}
    places: dict[int, int] = {}
    for section in _sections(old):
        is_about = headers <= {line.content for line in section}
        for line in section:
            if line.key in same:
                places[line.number] = same[line.key]
            elif line.digests in theirs and line.digests in mine:
                places[line.number] = theirs[line.digests]
            elif is_about and not line.digests and line.key in unmoved:
                places[line.number] = unmoved[line.key]
    return places


def _place_comments(
    old: Sequence[_Line], new: Sequence[_Line], places: Mapping[int, int]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """Return the comments that go above lines of the new file, by their number, and those that go below."""
    first = {one.number: two.number for one, two in pairwise(new) if one.is_header and LINE.fullmatch(two.content)}
    above: dict[int, list[str]] = {}
    below: dict[int, list[str]] = {}
    for section in _sections(old):
        for index, line in enumerate(section):
            if not line.comments:
                continue
            after = [places[one.number] for one in section[index:] if one.number in places]
            before = [places[one.number] for one in section[:index] if one.number in places]
            last = before[-1] if before else END
            if after or last in first:  # behind a header is before the first decision
                above.setdefault(after[0] if after else first[last], []).extend(line.comments)
            else:
                below.setdefault(last, []).extend(line.comments)
    return above, below


def _keep_decisions(old: Sequence[_Line], newest: Mapping[int, _Line], places: Mapping[int, int]) -> dict[int, str]:
    """Return what people have written of decisions that hold, by the number of the line in the new file."""
    kept: dict[int, str] = {}
    for line in reversed(old):
        now = newest.get(places.get(line.number, END))
        if now is None or now.is_header:
            continue
        if line.key == now.key:
            kept[now.number] = line.text
        elif line.comment:
            kept[now.number] = f"{now.content}  # {line.comment}"
    return kept


def _sections(lines: Iterable[_Line]) -> list[list[_Line]]:
    return [list(section) for _, section in groupby(lines, key=lambda line: line.section)]


def _by_digests(lines: Iterable[_Line]) -> dict[str, int]:
    """Return the numbers of decisions by their digests, but for those that others have too."""
    decisions = [line for line in lines if line.digests]
    counts = Counter(line.digests for line in decisions)
    return {line.digests: line.number for line in decisions if counts[line.digests] == 1}


def _decision_key(bead: str, mark: str, digests: str = "") -> str:
    return " ".join(["".join(bead.split()), mark, *digests.split()])
