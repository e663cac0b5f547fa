"""Writing files: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import OutputError
from instrument.files import check_writable, replacing


def write(path: Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text)


def fail(path: Path, error: Exception) -> None:
    """Write half a file."""
    with replacing(path) as beside:
        beside.write_text("half")
        raise error


def test_the_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    with replacing(path) as beside:
        beside.write_text("half")
        assert not path.exists()
        assert beside.parent == tmp_path
        assert beside.suffix == ".wav"
        beside.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_an_old_file_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    write(path, "old")
    write(path, "new")
    assert path.read_text() == "new"


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    write(path, "old")
    with pytest.raises(ValueError, match="cracked"):
        fail(path, ValueError("cracked"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_of_the_disk_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        fail(tmp_path / "take.wav", OSError(28, "No space left on device"))
    assert "No space left on device" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write(tmp_path / "nowhere" / "take.wav", "")
    with pytest.raises(OutputError, match="is a folder"):
        write(tmp_path, "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_be_written_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    check_writable(path)
    assert list(tmp_path.iterdir()) == []
    write(path, "old")
    check_writable(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_cannot_be_written_is_found_out_early(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(tmp_path / "nowhere" / "take.wav")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    for letters in (251, 300):  # the name beside it is longer
        with pytest.raises(OutputError, match="cannot be written: File name too long"):
            check_writable(tmp_path / f"{'a' * letters}.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the system has no /proc")
def test_a_folder_that_takes_no_files_is_found_out_early() -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(Path("/proc/take.wav"))
