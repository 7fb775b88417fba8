"""Presentations and notebooks that pandoc writes, as they are read by the program itself."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from formats import headings, paragraphs, problem, read

from pipeline.corpus.formats.document import DocumentText

SLIDES = """\
% The lighthouse
% A. Keeper

## The *keeper*

She was seventy-one. She had never seen a ship.

- It did not bother her.

::: notes
Say this slowly.
:::

## The numbers

| Year | Ships |
|------|-------|
| 1901 | Forty |
"""
SHOWN = [
    *("The lighthouse", "A. Keeper", "The keeper"),
    *("She was seventy-one. She had never seen a ship.", "It did not bother her."),
    *("The numbers", "Year", "Ships", "1901", "Forty"),
]

CELLS = """\
# The lighthouse

Ada was seventy-one. She had never *seen* a ship.

::: {.cell .code execution_count=1}
``` python
ships = 40
print(ships)
```

::: {.output .stream .stdout}
    40
:::
:::

::: {.cell .markdown}
## The keeper

- It did not bother her.
:::
"""


def write(text: str, path: Path) -> None:
    pypandoc = pytest.importorskip("pypandoc")
    command = [pypandoc.get_pandoc_path(), "--from=markdown", f"--output={path}"]
    subprocess.run(command, input=text.encode(), check=True)


def notes(path: Path) -> tuple[str, ...]:
    found = read(path)
    assert isinstance(found, DocumentText), found
    return found.notes


def test_slides_are_read_in_order_and_their_notes_counted(tmp_path: Path) -> None:
    write(SLIDES, tmp_path / "a.pptx")
    assert paragraphs(tmp_path / "a.pptx") == SHOWN
    assert headings(tmp_path / "a.pptx") == [(1, "The lighthouse"), (1, "The keeper"), (1, "The numbers")]
    assert notes(tmp_path / "a.pptx") == ("left out: 3 words of speaker notes",)
    (tmp_path / "a.pptx").rename(tmp_path / "b")
    assert paragraphs(tmp_path / "b") == SHOWN


def rewrite(path: Path, change: Callable[[str, str], str | None]) -> None:
    """Change the slides of a presentation, or leave some of them out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            made: str | bytes | None = part
            if name.startswith("ppt/slides/slide"):
                made = change(name, part.decode())
            if made is not None:
                archive.writestr(name, made)


def test_groups_are_read_and_edges_and_hidden_slides_are_counted(tmp_path: Path) -> None:
    def change(name: str, slide: str) -> str:
        if name.endswith("slide3.xml"):
            return slide.replace("<p:sld ", '<p:sld show="0" ')
        foot = slide[slide.index("<p:sp>") : slide.index("</p:sp>") + len("</p:sp>")]
        if name.endswith("slide1.xml"):
            assert 'type="ctrTitle"' in foot
            return slide.replace("</p:spTree>", foot.replace('type="ctrTitle"', 'type="ftr"') + "</p:spTree>")
        return slide.replace("<p:sp>", "<p:grpSp><p:sp>", 1).replace("</p:sp>", "</p:sp></p:grpSp>", 1)

    write(SLIDES, tmp_path / "a.pptx")
    rewrite(tmp_path / "a.pptx", change)
    assert paragraphs(tmp_path / "a.pptx") == SHOWN[:5]
    told = "6 words of hidden slides, 2 words of running heads and feet, 3 words of speaker notes"
    assert notes(tmp_path / "a.pptx") == (f"left out: {told}",)


def test_a_presentation_that_lacks_a_slide_fails_by_itself(tmp_path: Path) -> None:
    write(SLIDES, tmp_path / "a.pptx")
    rewrite(tmp_path / "a.pptx", lambda name, slide: None if name.endswith("2.xml") else slide)
    assert problem(tmp_path / "a.pptx").startswith("a.pptx lacks ppt/slides/slide2.xml")


def test_of_a_notebook_the_text_is_read_and_code_is_counted(tmp_path: Path) -> None:
    write(CELLS, tmp_path / "a.ipynb")
    assert paragraphs(tmp_path / "a.ipynb") == [
        *("The lighthouse", "Ada was seventy-one. She had never seen a ship.", "The keeper", "It did not bother her."),
    ]
    assert headings(tmp_path / "a.ipynb") == [(1, "The lighthouse"), (2, "The keeper")]
    assert notes(tmp_path / "a.ipynb") == ("left out: 1 cell of code, with output",)


def test_a_notebook_of_the_third_version_and_a_line_at_the_head_of_a_cell(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "heading", "level": 2, "source": ["One"]},
        {"cell_type": "markdown", "source": ["---\n", "\n", "The lamp.\n", "\n", "---\n"]},
        {"cell_type": "code", "input": "x", "language": "python"},
        {"cell_type": "raw", "source": ""},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}))
    assert paragraphs(tmp_path / "a.ipynb") == ["One", "The lamp."]
    assert notes(tmp_path / "a.ipynb") == ("left out: 1 cell of code, with output",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"cells": [1]}', "[" * 100_000])
def test_what_is_no_notebook_fails_by_itself(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    assert problem(tmp_path / "a.ipynb").startswith("a.ipynb is no Jupyter notebook")
