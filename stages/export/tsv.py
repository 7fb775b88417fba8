r"""TSV: a header, then one bead per line, the texts first, so that `cut -f1,2` gives the bitext.

Where a text was wrapped there is a space, as in every other format (in Chinese nothing). A tab or backslash in it is
written `\t`, `\\`, any other control character or line separator as `\u` and four hexadecimal digits: every line has
the same columns. Nothing is quoted; a quote is a quote. A confidence that isn't measured is empty. Read it with, say,
`pandas.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stages.data import AlignedPair
from stages.export.characters import escape_tsv, replace_surrogates
from stages.export.units import COLUMNS, DECIMALS, Unit
from stages.text import on_one_line


class TsvRenderer:
    """Renders pairs as lines of tab-separated columns."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def header(self) -> str:
        """Return the line that names the columns."""
        return "\t".join(COLUMNS) + "\n"

    def pair(self, pair: AlignedPair, units: Sequence[Unit]) -> Iterator[str]:
        """Give a line for each unit."""
        pair_id = escape_tsv(replace_surrogates(pair.pair_id)[0])
        about = f"{pair_id}\t{pair.source_language}\t{pair.target_language}"
        for unit in units:
            confidence = "" if unit.confidence is None else f"{unit.confidence:.{DECIMALS}f}"
            yield (
                f"{escape_tsv(on_one_line(unit.source, pair.source_language))}\t"
                f"{escape_tsv(on_one_line(unit.target, pair.target_language))}\t"
                f"{unit.score:.{DECIMALS}f}\t{unit.similarity:.{DECIMALS}f}\t{confidence}\t"
                f"{unit.source_start}\t{unit.source_stop}\t{unit.target_start}\t{unit.target_stop}\t{about}\t"
                f"{escape_tsv(unit.source_file)}\t{escape_tsv(unit.target_file)}\n"
            )

    def footer(self) -> str:
        """Return nothing: the last line is the last unit."""
        return ""
