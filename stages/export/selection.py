"""Select the beads that go out: nulls and blanks stay behind, and what filters leave out is counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

from stages.data import AlignedPair
from stages.export.config import ExportConfig
from stages.export.units import Unit, all_units
from stages.text import is_in_another

Detect = Callable[[str], tuple[str | None, float]]
"""Tells the language of a text, and how sure that is, from 0 to 1."""

MIN_LETTERS = 30
"""Shorter texts aren't judged by their language: names, numbers and titles look like any."""

FILTERS = (
    "low_scores_left_out",
    "low_confidences_left_out",
    "low_similarities_left_out",
    "odd_lengths_left_out",
    "identical_left_out",
    "wrong_language_left_out",
    "duplicates_left_out",
)
"""What the filters count, in the order in which they are asked: a bead is counted by the first that leaves it out."""


DIGEST_BYTES = 16


class Selection:
    """Selects the units of pair after pair.

    was_seen : says of the digest of two texts whether they have gone out before; asked once for each unit that no other
    filter leaves out. Without it, all digests are remembered here, which takes some 100 bytes of memory a bead.
    """

    def __init__(
        self, config: ExportConfig, detect: Detect | None = None, was_seen: Callable[[bytes], bool] | None = None
    ) -> None:
        if config.drop_wrong_language and detect is None:
            raise ValueError("drop_wrong_language takes a function that detects languages")
        self._config = config
        self._detect = detect
        self._was_seen = was_seen or _Seen()

    def units(self, pair: AlignedPair, counts: Counter[str]) -> Iterator[Unit]:
        """Give the beads of a pair that the config asks for, in order, and count what is left out and why.

        A bead with text on one side only is a null, and `keep_nulls` alone decides about it; one without any text
        (blank positions) is never written. Raises ValueError where a number is not finite.
        """
        units = list(all_units(pair, counts))
        expected = _target_per_source(units)
        for unit in units:
            reason = self._reason_to_leave_out(unit, pair, expected)
            counts[reason or "beads_exported"] += 1
            if reason is None:
                yield unit

    def _reason_to_leave_out(self, unit: Unit, pair: AlignedPair, expected: float) -> str | None:
        config = self._config
        if not unit.source and not unit.target:
            return "blanks_left_out"
        if not unit.source or not unit.target:
            return None if config.keep_nulls else "nulls_left_out"
        if config.min_score is not None and unit.score < config.min_score:
            return "low_scores_left_out"
        if _is_below(unit.confidence, config.min_confidence):
            return "low_confidences_left_out"
        if config.min_similarity is not None and unit.similarity < config.min_similarity:
            return "low_similarities_left_out"
        if config.max_length_ratio is not None and _odds(unit, expected) > config.max_length_ratio:
            return "odd_lengths_left_out"
        return self._reason_in_texts(unit, pair)

    def _reason_in_texts(self, unit: Unit, pair: AlignedPair) -> str | None:
        """Find what speaks against a unit that can be seen in its texts only."""
        if self._config.drop_identical and _folded(unit.source) == _folded(unit.target):
            return "identical_left_out"
        sides = ((unit.source, pair.source_language), (unit.target, pair.target_language))
        if self._config.drop_wrong_language and any(self._is_in_another(*side) for side in sides):
            return "wrong_language_left_out"
        if self._config.drop_duplicates and self._was_seen(_digest(unit, pair)):
            return "duplicates_left_out"
        return None

    def _is_in_another(self, text: str, language: str) -> bool:
        if self._detect is None or sum(map(str.isalpha, text)) < MIN_LETTERS:
            return False
        return is_in_another(*self._detect(text), language)


class _Seen:
    """Remembers what it has been asked about."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def __call__(self, digest: bytes) -> bool:
        """Say whether it has been asked about this before."""
        n_before = len(self._digests)
        self._digests.add(digest)
        return len(self._digests) == n_before


def _digest(unit: Unit, pair: AlignedPair) -> bytes:
    texts = (" ".join(text.split()) for text in (unit.source, unit.target))
    key = "\0".join((pair.source_language, pair.target_language, *texts))
    return blake2b(key.encode(), digest_size=DIGEST_BYTES).digest()


def select_units(pair: AlignedPair, config: ExportConfig, counts: Counter[str]) -> Iterator[Unit]:
    """Give the beads of one pair that the config asks for: see `Selection`."""
    return Selection(config).units(pair, counts)


def _target_per_source(units: Sequence[Unit]) -> float:
    """Return how many characters of the target stand for one of the source, in all beads with text on both sides."""
    pairs = [(len(unit.source), len(unit.target)) for unit in units if unit.source and unit.target]
    return sum(target for _, target in pairs) / sum(source for source, _ in pairs) if pairs else 1.0


def _is_below(confidence: float | None, least: float | None) -> bool:
    """Compare a confidence; one that isn't measured is that of a person's bead, which is right."""
    return least is not None and confidence is not None and confidence < least


def _odds(unit: Unit, expected: float) -> float:
    ratio = len(unit.target) / (len(unit.source) * expected)
    return max(ratio, 1 / ratio)


def _folded(text: str) -> list[str]:
    return text.casefold().split()
