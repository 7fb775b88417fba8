"""Render scores as a plain table that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.evaluate.reliability import describe_reliability, measure_reliability
from stages.evaluate.scores import Evaluation, sum_evaluations

HEADER = (
    "------- strict -------  --------- lax --------",
    "    P       R      F1       P       R      F1   beads    gold  document",
)


def render_table(documents: Mapping[str, Evaluation], total_name: str = "all") -> str:
    """Return a line for each document and one over all; the names stand last, so that any script lines up.

    Where confidences are known, a sentence below says how far they can be trusted.
    """
    total = sum_evaluations(documents.values())
    rows = [_render_row(name, evaluation) for name, evaluation in documents.items()]
    if len(documents) != 1:
        rows.append(_render_row(f"{total_name} ({len(documents)})", total))
    if reliability := measure_reliability(total.judged):
        rows.append(describe_reliability(reliability))
    return "\n".join([*HEADER, *rows]) + "\n"


def tabulate(documents: Mapping[str, Evaluation]) -> list[dict[str, Any]]:
    """Return the same numbers as rows for a report: precision, recall and F1, strict and lax; the last is over all."""
    rows = dict(documents)
    if len(documents) != 1:
        rows[f"all ({len(documents)})"] = sum_evaluations(documents.values())
    return [
        {
            "name": name,
            "strict": [round(score, 4) for score in one.strict],
            "lax": [round(score, 4) for score in one.lax],
            "found": one.predicted,
            "gold": one.gold,
        }
        for name, one in rows.items()
    ]


def _render_row(name: str, evaluation: Evaluation) -> str:
    scores = " ".join(f"{score:7.3f}" for score in (*evaluation.strict, *evaluation.lax))
    return f"{scores} {evaluation.predicted:7d} {evaluation.gold:7d}  {name}"
