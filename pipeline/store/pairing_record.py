"""The record of which documents of a run belong together: what was found, and what was compared on the way.

    <root>/runs/<name>/pairing/found.jsonl                 what was found, and what it was made of
    <root>/runs/<name>/pairing/<source>-<target>.npz       what two languages' documents settled, by the documents' ids

Where it is gone or damaged, documents are paired anew.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.corpus.paired import FoundPairs, PairRow
from pipeline.store.files import whole_file
from pipeline.store.sealed import seal, unseal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stages.pairing.candidates import Scored
    from stages.pairing.pairing import Settled

Ids = tuple[Sequence[str], Sequence[str]]
"""The documents of both sides, in their order."""

NONE: frozenset[tuple[int, int]] = frozenset()
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


class PairingRecord:
    """The folder of a record."""

    def __init__(self, run_folder: Path):
        self.folder = run_folder / "pairing"

    def read_found(self, made_of: str | None = None) -> FoundPairs | None:
        """Return what was found, if it was made of this, or of whatever; None where it is gone, or damaged."""
        try:
            with (self.folder / "found.jsonl").open("rb") as file:
                head = unseal(next(file).decode())
                if made_of not in (None, head["made_of"]):
                    return None
                rows = file.read()
                if hashlib.sha256(rows).hexdigest() != head["of_rows"]:
                    return None
                return FoundPairs(
                    [PairRow(*json.loads(line)) for line in rows.splitlines()], 0, head["not_encoded"], head["strays"]
                )
        except (*UNREADABLE, StopIteration):
            return None

    def write_found(self, found: FoundPairs, made_of: str) -> None:
        """Keep what was found."""
        rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found.rows).encode()
        said = {"not_encoded": found.not_encoded, "strays": found.strays}
        head = {"made_of": made_of, "of_rows": hashlib.sha256(rows).hexdigest(), **said}
        with whole_file(self.folder / "found.jsonl") as temporary:
            temporary.write_bytes(seal(head).encode() + rows)

    def settled_of(self, name: str, made_of: str, ids: Ids, min_confidence: float) -> SettledRecord:
        """Return the record of what the documents of two languages have settled."""
        return SettledRecord(self.folder / f"{name}.npz", made_of, ids, min_confidence)


@dataclass(frozen=True)
class SettledRecord:
    """What the documents of two languages have settled, if it was made of this.

    ids : the documents of both sides as they are now. min_confidence : with another one, what has been compared holds,
    but not which documents are pairs.
    """

    path: Path
    made_of: str
    ids: Ids
    min_confidence: float

    def write(self, settled: Settled) -> None:
        """Keep it."""
        import numpy as np

        arrays = {
            "made_of": np.array(self.made_of),
            "min_confidence": np.array(self.min_confidence),
            "ids_0": np.array(self.ids[0], "S32"),
            "ids_1": np.array(self.ids[1], "S32"),
            "known_0": settled.known[0],
            "known_1": settled.known[1],
            "centre_0": settled.centres[0],
            "centre_1": settled.centres[1],
            "n_sentences": np.array(settled.n_sentences),
            "usual_ratio": np.array([] if settled.usual_ratio is None else [settled.usual_ratio]),
            "pairs": np.array(sorted(settled.pairs), np.int64).reshape(-1, 2),
            **_as_arrays("candidates", settled.candidates),
            **_as_arrays("alike_0", settled.alike[0]),
            **_as_arrays("alike_1", settled.alike[1]),
        }
        with whole_file(self.path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def read(self) -> Settled | None:
        """Return it, by the documents' positions now; None where it is gone, damaged, or made of something else."""
        import numpy as np

        try:
            with self.path.open("rb") as file, np.load(file) as opened:
                arrays = dict(opened)
            if str(arrays["made_of"]) != self.made_of:
                return None
            settled = _settled(arrays, self.ids)
            return settled if float(arrays["min_confidence"]) == self.min_confidence else settled._replace(pairs=NONE)
        except UNREADABLE:
            return None


def _settled(arrays: dict[str, NDArray[np.generic]], ids: Ids) -> Settled:
    import numpy as np

    from stages.pairing.pairing import Settled

    places = [_places(arrays[f"ids_{side}"], ids[side]) for side in (0, 1)]
    known = []
    for side, of_side in enumerate(places):
        known.append(np.zeros(len(ids[side]), bool))
        known[side][of_side[arrays[f"known_{side}"].astype(bool) & (of_side >= 0)]] = True
    pairs = np.stack([places[side][arrays["pairs"][:, side].astype(np.int64)] for side in (0, 1)], axis=1)
    n_source, n_target = arrays["n_sentences"].tolist()
    return Settled(
        centres=(arrays["centre_0"].astype(np.float64), arrays["centre_1"].astype(np.float64)),
        n_sentences=(n_source, n_target),
        usual_ratio=next(iter(arrays["usual_ratio"].tolist()), None),
        known=(known[0], known[1]),
        candidates=_as_scored("candidates", arrays, (places[0], places[1])),
        alike=(
            _as_scored("alike_0", arrays, (places[0], places[0])),
            _as_scored("alike_1", arrays, (places[1], places[1])),
        ),
        pairs=frozenset((i, j) for i, j in pairs.tolist() if i >= 0 and j >= 0),
    )


def _places(before: NDArray[np.generic], now: Sequence[str]) -> NDArray[np.int64]:
    """Return where documents stand now that stood in an order before; -1 for those that are gone."""
    import numpy as np

    order = {identity: place for place, identity in enumerate(now)}
    return np.array([order.get(identity.decode(), -1) for identity in before.tolist()], np.int64)


def _as_arrays(name: str, compared: Scored) -> dict[str, NDArray[np.generic]]:
    import numpy as np

    rows, columns = compared.rows.astype(np.int32), compared.columns.astype(np.int32)
    return {f"{name}_rows": rows, f"{name}_columns": columns, f"{name}_scores": compared.scores}


def _as_scored(
    name: str, arrays: dict[str, NDArray[np.generic]], places: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> Scored:
    import numpy as np

    from stages.pairing.candidates import Scored

    rows = places[0][arrays[f"{name}_rows"].astype(np.int64)]
    columns = places[1][arrays[f"{name}_columns"].astype(np.int64)]
    is_there = (rows >= 0) & (columns >= 0)
    scores = arrays[f"{name}_scores"].astype(np.float64)
    if places[0] is places[1]:  # of one side: the first one stands first
        rows, columns = np.minimum(rows, columns), np.maximum(rows, columns)
    return Scored(rows[is_there], columns[is_there], scores[is_there])
