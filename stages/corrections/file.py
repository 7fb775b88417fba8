"""Read files of corrections, naming every bad line, and write them.

The first review is of the documents as they were when somebody last decided something. Below it stands what was set
aside then, under what its own documents are known by: what is left of older reviews.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.bead_lines import Positions, parse_beads
from stages.corrections.edit import EDIT, SIDES, Edit, read_texts
from stages.corrections.fingerprint import Fingerprint, TextDescription
from stages.corrections.review import BAD, GOOD, Decision, Review
from stages.corrections.span import BeadSpan, make_bead_span

LINE = re.compile(r"(?P<bead>\[[^][]*\]\s*:\s*\[[^][]*\])\s+(?P<mark>\w+)(?P<digests>(?:\s+[0-9a-f]{8}\*?)*)")
HEADER = re.compile(r"(?P<side>source|target):\s*(?P<count>\d{1,9}) sentences?, (?P<digest>[0-9a-f]{16})")
MERGE_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})( .*)?")

EXPLANATION = (
    "# A line is a bead, good or bad, and a digest of each of its sentences (* where there are several such).",
    "# By the digests they are found again when a document changes; leave them out of lines of your own.",
    "# Sentences count from 0. What stands after # is for people.",
)
HEAD = re.compile(r"# .*: .* \| .*")
"""What the first line looks like where it names the pair and its documents."""

EDITED = "# Changed by you: sentences, as the documents were split, and what stands in their place; [] drops them."

SET_ASIDE = "# Set aside, as sentences have changed since. What is settled can be deleted; your own lines go above."


@dataclass
class _Part:
    """Lines of one review, as they are read.

    line : where it begins; 0 for the first, which most files have alone.
    """

    line: int = 0
    texts: dict[str, TextDescription] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    @property
    def is_headed(self) -> bool:
        """Say whether another line that says what it is about belongs to another review."""
        return bool(self.decisions or self.edits) or len(self.texts) == len(SIDES)

    def add_text(self, side: str, text: TextDescription) -> None:
        """Note which text a side is about; raises ValueError where that has been said."""
        if side in self.texts:
            raise ValueError(f"`{side}:` stands here twice: keep the line that what is below was written under")
        self.texts[side] = text


def parse_reviews(text: str) -> tuple[Review, ...]:
    """Read a file of corrections, the last review first; raises ValueError that names every bad line."""
    parts = [_Part()]
    problems: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        try:
            if header := HEADER.fullmatch(content):
                if parts[-1].is_headed:
                    parts.append(_Part(number))
                parts[-1].add_text(header["side"], TextDescription(int(header["count"]), header["digest"]))
            elif edit := EDIT.fullmatch(content):
                parts[-1].edits.append(_parse_edit(edit, line.strip()))
            elif content:
                parts[-1].decisions.append(_parse_line(content, line.strip()))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    reviews = []
    for part in parts:
        try:
            reviews.append(_make_review(part))
        except ValueError as error:
            where = f"below line {part.line}: " if part.line else ""
            problems += [f"{where}{problem}" for problem in str(error).splitlines()]
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(review for review in reviews if review.decisions or review.edits)


def render_reviews(
    review: Review,
    set_aside: Sequence[Review] = (),
    head: str = "",
    is_kept: bool = False,
    edited: Review | None = None,
) -> str:
    """Write a review, and below it what has been set aside; nothing if nothing is decided, unless the file is kept.

    head : one line, that names the pair. edited : the edits that hold, by which the sentences of the review came about.
    A review without decisions stands there too: else what is set aside would be read as a review in full.
    """
    edits = [edited] if edited and edited.edits else []
    sections = [_section(review)] if review.decisions or edits or set_aside or is_kept else []
    sections += [[EDITED, *_section(one)] for one in edits]
    sections += [[SET_ASIDE, *_section(one)] for one in set_aside]
    first = [*([f"# {head}"] if head else []), *EXPLANATION]
    return "\n\n".join("\n".join(lines) for lines in _lead(first, sections)) + "\n" if sections else ""


def _lead(first: list[str], sections: list[list[str]]) -> list[list[str]]:
    return [[*first, *sections[0]], *sections[1:]]


def _section(review: Review) -> list[str]:
    headers = (
        f"{side}: {text.n_sentences} sentences, {text.digest}"
        for side, text in zip(SIDES, (review.source, review.target), strict=True)
    )
    lines = [*(decision.line for decision in review.decisions), *(edit.line for edit in review.edits)]
    return [*headers, *([""] if lines else []), *lines]


def _make_review(part: _Part) -> Review:
    missing = [side for side in SIDES if side not in part.texts]
    if missing:
        raise ValueError("\n".join(f"no line `{side}: … sentences, …` says which text it is about" for side in missing))
    source, target = (part.texts[side] for side in SIDES)
    decisions, edits = tuple(dict.fromkeys(part.decisions)), tuple(dict.fromkeys(part.edits))
    return Review(source, target, decisions, is_rest=part.line > 0, edits=edits)


def _parse_line(content: str, line: str) -> Decision:
    if MERGE_MARK.fullmatch(content):
        raise ValueError(
            f"{content[:60]!r} was left by a merge: keep the lines that are right, below the `source:` and `target:` "
            "that they were written under (a file may have several of these), and delete this one"
        )
    match = LINE.fullmatch(content)
    if match is None or match["mark"] not in (GOOD, BAD):
        raise ValueError(f"{content[:60]!r} is not a correction; one looks like [3, 4]:[5]  good, or ends with bad")
    try:
        (parsed,) = parse_beads([match["bead"]])
    except ValueError as error:
        raise ValueError(str(error).removeprefix("line 1: ")) from None
    bead = make_bead_span(*_bounds(parsed.source), *_bounds(parsed.target))
    source, target = _parse_digests(match["digests"].split(), bead)
    return Decision(bead, match["mark"], source, target, line)


def _parse_edit(match: re.Match[str], line: str) -> Edit:
    try:
        (parsed,) = parse_beads([f"{match['positions']}:[]"])
    except ValueError as error:
        raise ValueError(str(error).removeprefix("line 1: ")) from None
    start, stop = _bounds(parsed.source)
    known, _ = _parse_digests(match["digests"].split(), make_bead_span(start, stop, 0, 0))
    return Edit(match["side"], start, stop, read_texts(match["texts"]), known, line)


def _parse_digests(words: Sequence[str], bead: BeadSpan) -> tuple[tuple[Fingerprint, ...], tuple[Fingerprint, ...]]:
    known = tuple(Fingerprint(word.removesuffix("*"), word.endswith("*")) for word in words)
    n_source, n_sentences = len(bead.source), len(bead.source) + len(bead.target)
    if known and len(known) != n_sentences:
        raise ValueError(
            f"{bead} has {n_sentences} sentences and {len(known)} digests; where you have changed the numbers by hand, "
            "delete the digests behind them"
        )
    return known[:n_source], known[n_source:]


def _bounds(positions: Positions) -> tuple[int, int]:
    if not positions:
        return 0, 0
    if positions != tuple(range(positions[0], positions[0] + len(positions))):
        raise ValueError(f"{list(positions)} are not sentences that follow each other")
    return positions[0], positions[-1] + 1
