"""The rules of the house that can be counted: types, docstrings, rooms that one takes in at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest
from shape import Shape, measure

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shape() -> Shape:
    return measure(ROOT)


def test_every_function_is_typed(shape: Shape) -> None:
    assert shape.untyped == []


def test_every_public_part_has_a_docstring(shape: Shape) -> None:
    assert shape.undocumented == []


def test_what_lacks_is_found(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "one.py").write_text(
        '"""Which."""\nimport stages.two\n\n'
        'def f(a, b: int) -> int:\n    """Return."""\n\n'
        "class _C:\n    def g(self): ...\n"
    )
    (tmp_path / "stages" / "two.py").write_text("def h(self) -> None:\n    import stages.one\n")
    found = measure(tmp_path)
    assert found.untyped == ["stages.one.f", "stages.one.g"]
    assert found.undocumented == ["stages.two", "stages.two.h"]
    assert found.circles == [["stages.one", "stages.two"]]
    assert (found.rooms, found.n_public, found.questions) == ({"stages": 2}, 4, [])
