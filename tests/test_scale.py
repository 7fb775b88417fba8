"""What `python tests/scale.py` measures, on a corpus that is small enough for every day."""

from __future__ import annotations

from pathlib import Path

import scale

N_PAIRS = 60
MEGABYTE = 1 << 20


def test_a_run_costs_little_around_its_stages_and_nothing_where_nothing_is_new(tmp_path: Path) -> None:
    scale.write_corpus(tmp_path, N_PAIRS, is_shuffled=True)
    first = scale.run(tmp_path, workers=1)
    files = (path for name in ("out", "store") for path in (tmp_path / name).rglob("*") if path.is_file())
    written = {path: path.stat().st_mtime_ns for path in files}
    again = scale.run(tmp_path, workers=1)
    assert len((tmp_path / "out" / "bitext.tsv").read_text(encoding="utf-8").splitlines()) == N_PAIRS + 1
    assert first.stages.keys() == {"read", "split", "encode", "align", "export"}
    assert 0 < first.orchestrator < 400 * MEGABYTE
    assert 0 < first.worker < 800 * MEGABYTE
    assert again.stages == {}, "nothing is recorded anew"
    assert again.workers == {}, "nobody is called to work"
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert again.processor_seconds < first.processor_seconds
    assert "nothing new" in "\n".join(scale.lines(N_PAIRS, first, again))
