"""A few hostile files of `hostile.py`: run that for all of them."""

from __future__ import annotations

import pytest
from hostile import CASES, SHORT, results


@pytest.mark.slow
def test_hostile_files_cost_nothing_but_themselves() -> None:
    cases = [case for case in CASES if case.name in SHORT]
    assert len(cases) == len(SHORT)
    wrong = {case.name if case else "good": problems for case, _, problems in results(cases) if problems}
    assert not wrong
