"""Records of a store, and whole stores, in which bits are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from damaged_bytes import damage

from pipeline.cloud.speeds import known_speeds, remember_speed
from pipeline.config.run_config import make_config
from pipeline.corpus.paired import FoundPairs, PairRow
from pipeline.errors import MissingError
from pipeline.runs.past_run import recorded_config
from pipeline.store.pairing_record import PairingRecord
from pipeline.store.run_store import RunStore
from pipeline.store.sealed import seal, unseal
from pipeline.store.store import Store

VALUES = {"name": "für 猫", "numbers": [1, 2.5, None], "files": {"requested": {"a.parquet": 10}}}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_record_is_read_as_it_was_written(indent: int | None) -> None:
    assert unseal(seal(VALUES, indent)) == VALUES


def test_whatever_bit_of_a_record_is_wrong_it_says_the_same_or_nothing() -> None:
    written = seal(VALUES).encode()
    n_refused = 0
    for place in range(8 * len(written)):
        data = bytearray(written)
        data[place // 8] ^= 1 << place % 8
        try:
            assert unseal(data.decode()) == VALUES
        except ValueError:
            n_refused += 1
    assert n_refused > 0.9 * 8 * len(written)


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"a": 1}', '{"a": 1, "digest": null}'])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unseal(text)


def test_a_damaged_config_of_a_run_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(seal({"config": {"name": "a"}}).replace('"a"', '"b"'))
    with pytest.raises(MissingError, match=r"run.json is damaged, or from an earlier release; bitext run makes it"):
        recorded_config(tmp_path / "run.json")


def test_damaged_pairs_and_speeds_are_none(tmp_path: Path) -> None:
    record = PairingRecord(tmp_path)
    record.write_found(FoundPairs([PairRow(*([None] * len(PairRow._fields)))] * 2, 0, ["a"], ["b"]), "this")  # type: ignore[arg-type]
    path = record.folder / "found.jsonl"
    assert record.read_found("this") is not None
    for line in (0, 1):
        lines = path.read_text().splitlines(keepends=True)
        whole = lines[line]
        lines[line] = whole.replace("null", "true", 1) if line else whole.replace('"b"', '"c"')
        assert lines[line] != whole
        path.write_text("".join(lines))
        assert record.read_found("this") is None
        lines[line] = whole
        path.write_text("".join(lines))
    corpus = {"source": "a", "target": "b", "source_language": "en", "target_language": "de"}
    store = RunStore(Store(tmp_path), make_config({"name": "x", "corpus": corpus}, "x", tmp_path))
    remember_speed(store, "L40S labse", 200.0)
    assert known_speeds(store) == {"L40S labse": 200.0}
    (file,) = tmp_path.glob("*speeds*")
    file.write_text(file.read_text().replace("200", "900"))
    assert known_speeds(store) == {}


@pytest.mark.slow
def test_bits_flipped_anywhere_in_a_store_change_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    damage(25)
    assert "25 bits flipped" in capsys.readouterr().out
