"""Writing files: whole, or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from threading import Thread

import pytest

from instrument.errors import OutputError
from instrument.files import check_apart, check_writable, is_stream, replacing, standard_output

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, FIFOs and modes of Unix")


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
    for letters in (252, 300):
        with pytest.raises(OutputError, match="cannot be written: File name too long"):
            check_writable(tmp_path / f"{'a' * letters}.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the system has no /proc")
def test_a_folder_that_takes_no_files_is_found_out_early() -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable(Path("/proc/take.wav"))


@pytest.mark.parametrize("name", ["a" * 251 + ".wav", "é" * 125 + ".wav", "弓" * 83 + ".json"])
def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_files_whose_long_names_begin_alike_are_written_at_once(tmp_path: Path) -> None:
    names = [tmp_path / f"{'a' * 200}-{number}.wav" for number in range(3)]
    with replacing(names[0]) as a, replacing(names[1]) as b, replacing(names[2]) as c:
        for beside in (a, b, c):
            beside.write_text(str(beside))
    assert len({path.read_text() for path in names}) == 3


def test_what_a_killed_process_left_is_in_nobody_s_way(tmp_path: Path) -> None:
    with replacing(tmp_path / "take.wav") as beside:
        left = beside
    left.write_text("left")
    write(tmp_path / "take.wav", "new")
    assert left.read_text() == "left"


def test_whoever_has_a_name_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch, replace, others = Path.touch, Path.replace, list[Path]()

    def take(name: Path) -> None:
        name.write_text("another's")
        others.append(name)

    def touch_second(path: Path, *, exist_ok: bool) -> None:
        if not others:
            take(path)
        touch(path, exist_ok=exist_ok)

    def replace_first(path: Path, target: Path) -> None:
        replace(path, target)
        take(path)

    monkeypatch.setattr(Path, "touch", touch_second)
    monkeypatch.setattr(Path, "replace", replace_first)
    write(tmp_path / "take.wav", "new")
    assert (tmp_path / "take.wav").read_text() == "new"
    assert [path.read_text() for path in others] == ["another's"] * 2


# --- Links, permissions, FIFOs and devices -------------------------------------------------------


@posix
@pytest.mark.parametrize("old", ["old", None])
def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path, old: str | None) -> None:
    (tmp_path / "music").mkdir()
    target, link, first = tmp_path / "music" / "a.wav", tmp_path / "b.wav", tmp_path / "c.wav"
    if old is not None:
        target.write_text(old)
    link.symlink_to("music/a.wav")
    first.symlink_to(link)
    check_writable(first)
    write(first, "new")
    assert (first.readlink(), link.readlink()) == (link, Path("music/a.wav"))
    assert target.read_text() == "new"
    assert list((tmp_path / "music").iterdir()) == [target]


@posix
def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to("nowhere/a.wav")
    (tmp_path / "b.wav").symlink_to("b.wav")
    (tmp_path / "c.wav").symlink_to(tmp_path)
    for name, said in (("a", "there is no folder"), ("b", "cannot be written"), ("c", "a folder")):
        for write_or_check in (check_writable, lambda path: write(path, "new")):
            with pytest.raises(OutputError, match=said):
                write_or_check(tmp_path / f"{name}.wav")


@posix
def test_a_new_file_has_the_permissions_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    before = os.umask(0o027)
    try:
        write(path, "new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write(path, "newer")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@posix
def test_a_write_protected_file_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "take.wav", "old")
    monkeypatch.setattr("os.access", lambda *_: False)  # as it is unless root asks
    with pytest.raises(OutputError, match=r"take\.wav: is write-protected"):
        write(tmp_path / "take.wav", "new")
    assert (tmp_path / "take.wav").read_text() == "old"


@posix
def test_a_fifo_is_given_the_bytes(tmp_path: Path) -> None:
    fifo = tmp_path / "take.wav"
    os.mkfifo(fifo)
    check_writable(fifo)
    heard: list[str] = []
    reader = Thread(target=lambda: heard.append(fifo.read_text()))
    reader.start()
    write(fifo, "new")
    reader.join()
    assert heard == ["new"]
    assert list(tmp_path.iterdir()) == [fifo]
    assert is_stream(fifo)


@posix
def test_a_device_is_given_the_bytes() -> None:
    check_writable(Path(os.devnull))
    write(Path(os.devnull), "new")
    assert is_stream(Path(os.devnull))
    if Path("/dev/full").exists():
        with pytest.raises(OutputError, match="/dev/full: cannot be written: No space"):
            write(Path("/dev/full"), "new")


def test_without_a_folder_for_temporary_files_nothing_is_streamed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with (
        pytest.raises(OutputError, match="standard output: cannot be written"),
        standard_output(Path("x.wav")),
    ):
        pytest.fail("was opened")


@posix
def test_a_socket_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.wav"
    os.mknod(path, stat.S_IFSOCK | 0o600)
    for write_or_check in (check_writable, lambda path: write(path, "new")):
        with pytest.raises(OutputError, match=r"s\.wav: is no ordinary file"):
            write_or_check(path)


@posix
def test_a_file_that_is_read_is_not_an_output_under_any_name(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    check_apart(song, song)  # it isn't there
    song.write_text("a song")
    (tmp_path / "link.wav").symlink_to(song)
    (tmp_path / "hard.wav").hardlink_to(song)
    (tmp_path / "folder").mkdir()
    for name in ("song.wav", "link.wav", "hard.wav", "folder/../song.wav"):
        with pytest.raises(OutputError, match="is the file that is read"):
            check_apart(tmp_path / name, song)
    check_apart(tmp_path / "other.wav", song)
