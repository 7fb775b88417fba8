"""The report of a run as Markdown and as a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

MAX_SHOWN = 200
"""How many failures, and how many pairs, a page lists."""


def render_page(report: Mapping[str, Any], kind: Literal["md", "html"]) -> str:
    """Write a report, as `pipeline.record` gathers it, as Markdown or as HTML."""
    corpus = report["corpus"]
    return (
        _environment()
        .get_template(f"report.{kind}.j2")
        .render(
            report,
            failures=report["failures"][:MAX_SHOWN],
            n_more_failures=max(0, len(report["failures"]) - MAX_SHOWN),
            bead_types=list(corpus["bead_types"].items()) if corpus else [],
            pairs=corpus["pairs_listed"][:MAX_SHOWN] if corpus else [],
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("stages.report")
    environment = Environment(
        loader=loader, autoescape=select_autoescape(["html.j2"]), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["judged"] = judged
    environment.filters["number"] = "{:,}".format
    environment.filters["cell"] = lambda text: " ".join(str(text).replace("|", "\\|").split())
    return environment


def judged(pair: Mapping[str, Any]) -> str:
    """Return the verdict on a pair, with the reason where it is not a good one; empty for a method that gives none."""
    verdict = str(pair.get("verdict", ""))
    return verdict if verdict in ("", "ok") else f"{verdict}: {pair.get('reason', '')}"
