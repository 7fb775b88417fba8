"""Files that exist only when they are whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.store.files import STALE_SECONDS, sweep, unfinished_file, unwritable, whole_file, write_text


def test_a_file_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with whole_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [found.name for found in path.parent.iterdir()] == ["a.txt"]


def test_a_block_that_fails_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_an_interrupted_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), unfinished_file(tmp_path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf_8_with_newlines_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\r\n中\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\r\n中\n".encode()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("file/a.txt", "can't be written: a file is in the way"),
        ("file/folder/a.txt", "can't be written: a file is in the way"),
        ("folder", "can't be written: a folder has the name of the file"),
        ("/proc/nowhere/a.txt", "can't be written: no folder can be made there"),
    ],
)
def test_a_place_that_can_not_be_written_is_named_with_the_reason(place: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=message):
        write_text(tmp_path / place, "new")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_every_reason_comes_with_what_to_do(number: int) -> None:
    text = str(unwritable(Path("store"), OSError(number, os.strerror(number))))
    assert text.startswith("store can't be written: ")
    assert text.endswith("; or name another place with --store, --out or -o")


def test_sweep_takes_what_nobody_has_written_to_for_long(tmp_path: Path) -> None:
    old, young, other = (tmp_path / "deep" / name for name in (".tmp-1", ".tmp-2", "kept.txt"))
    old.parent.mkdir()
    for path in (old, young, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (path.stat().st_mtime - STALE_SECONDS - 60,) * 2)
    assert sweep(tmp_path) == 1
    assert young.exists()
    assert other.exists()
    assert sweep(tmp_path / "nowhere") == 0
