"""The report of a run as Markdown and as a page that needs nothing but itself, and the page of one pair.

Pages are put together from templates/ and from the style sheets and scripts in page/, which have no build step: the
scripts of a page are one after the other in one function, so that each sees what those before it define.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

MAX_SHOWN = 200
"""How many failures, and how many pairs, a page lists."""

PAIR_SCRIPTS = ("common.js", "data.js", "text.js", "plot.js", "search.js", "keys.js", "pair.js")
"""The scripts of a pair's page, in page/."""


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


def render_pair(
    title: str, packed: str, extra_scripts: Sequence[str] = (), extra_styles: Sequence[str] = ()
) -> str:
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
    environment.filters["cell"] = lambda text: " ".join(str(text).replace("|", "\\|").split())
    environment.globals["asset"] = _asset
    return environment


def _asset(name: str) -> Markup:
    """Return a file of page/ as it is."""
    return Markup(files("stages.report").joinpath("page", name).read_text(encoding="utf-8"))


def judged(pair: Mapping[str, Any]) -> str:
    """Return the verdict on a pair, with the reason where it is not a good one; empty for a method that gives none."""
    verdict = str(pair.get("verdict", ""))
    return verdict if verdict in ("", "ok") else f"{verdict}: {pair.get('reason', '')}"
