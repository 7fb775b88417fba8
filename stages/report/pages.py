"""The report of a run as Markdown and as a page that needs nothing but itself, and the page of one pair.

Pages are put together from templates/ and from the style sheets and scripts in page/, which have no build step: the
scripts of a page are one after the other in one function, so that each sees what those before it define.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from stages.evaluate.reliability import describe_reliability
from stages.report.charts import histogram, reliability_points, type_shares

MAX_SHOWN = 200
"""How many failures, and how many pairs, a page lists."""

PAIR_SCRIPTS = ("common.js", "data.js", "text.js", "plot.js", "search.js", "keys.js", "pair.js")
"""The scripts of a pair's page, in page/."""


def render_page(
    report: Mapping[str, Any],
    kind: Literal["md", "html"],
    pages: Mapping[str, str] | None = None,
    files: Sequence[str] = (),
) -> str:
    """Write a report, as `pipeline.runs.record` gathers it, as Markdown or as HTML.

    pages : the packed data of the pairs that can be opened in the HTML, by pair_id. files : names of files that lie
    beside the HTML, to which it links.
    """
    corpus, failures, gold = report["corpus"], report["failures"], report.get("gold") or []
    return (
        _environment()
        .get_template(f"report.{kind}.j2")
        .render(
            report,
            failures=failures[:MAX_SHOWN],
            n_failures=len(failures),
            n_more_failures=max(0, len(failures) - MAX_SHOWN),
            pairs=corpus["pairs_listed"][: MAX_SHOWN if kind == "md" else None] if corpus else [],
            pages={name: Markup(packed) for name, packed in (pages or {}).items()},
            n_embedded=len(pages or {}),
            files=files,
            gold=[*gold[:MAX_SHOWN], gold[-1]] if len(gold) > MAX_SHOWN + 1 else gold,
            n_more_gold=max(0, len(gold) - MAX_SHOWN - 1),
            scripts=(*PAIR_SCRIPTS, "report.js"),
            **(_charts(report, corpus) if corpus else {}),
        )
    )


def _charts(report: Mapping[str, Any], corpus: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the HTML draws of a corpus, and by what its pairs can be filtered."""
    pairs = corpus["pairs_listed"]
    verdicts = Counter(pair["verdict"] for pair in pairs if "verdict" in pair)
    measured = report.get("reliability")
    reliability = [row for row in (measured or {}).get("bins", ()) if row["beads"]]
    return {
        "bead_types": list(corpus["bead_types"].items()),
        "types": type_shares(corpus["bead_types"]),
        "confidence_chart": histogram(corpus["confidence_histogram"]),
        "similarity_chart": histogram(corpus["similarity_histogram"], low=0),
        "reliability": reliability,
        "reliability_words": describe_reliability(measured) if measured else "",
        "reliability_chart": reliability_points(reliability),
        "filters": {"verdict": dict(verdicts), "language": dict(Counter(pair["languages"] for pair in pairs))},
    }


def render_pair(title: str, packed: str, extra_scripts: Sequence[str] = (), extra_styles: Sequence[str] = ()) -> str:
    """Write the page of one pair, whose data `page_data.pack` has packed.

    Extra scripts and styles are files in page/ that only some pages have. A script finds the page as
    `window.bitext.page` once the event "bitext:page" has come to `document`.
    """
    return (
        _environment()
        .get_template("pair.html.j2")
        .render(title=title, packed=Markup(packed), scripts=[*PAIR_SCRIPTS, *extra_scripts], extra_styles=extra_styles)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("stages.report")
    environment = Environment(
        loader=loader, autoescape=select_autoescape(["html.j2"]), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["judged"] = judged
    environment.filters["number"] = "{:,}".format
    environment.filters["percent"] = percent
    environment.filters["cell"] = lambda text: " ".join(str(text).replace("|", "\\|").split())
    environment.globals["asset"] = asset
    environment.globals["view_command"] = view_command
    return environment


def asset(name: str) -> Markup:
    """Return a file of page/ as it is."""
    return Markup(files("stages.report").joinpath("page", name).read_text(encoding="utf-8"))


def percent(share: float | None) -> str:
    """Write a share as people read it; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %".replace("100.0 %", "100 %")


def view_command(run: str, pair_id: str) -> str:
    """Return what to type to see a pair that is not embedded."""
    return f"bitext view {run} --pair {shlex.quote(pair_id)}"


def judged(pair: Mapping[str, Any]) -> str:
    """Return the verdict on a pair, with the reason where it is not a good one; empty for a method that gives none."""
    verdict = str(pair.get("verdict", ""))
    return verdict if verdict in ("", "ok") else f"{verdict}: {pair.get('reason', '')}"
