"""The folder of machine code: its name says all that went into it."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument.dsp import kernel_cache
from instrument.dsp.kernel_cache import kernel_folder

LONG_AGO = time.time() - 2 * kernel_cache.LONGEST_UNUSED_SECONDS


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of sources, away from the user's own cache."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(kernel_cache, "_user_cache", lambda: tmp_path / "user")
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "one.py").write_text("GAIN = 1.0\n")
    (folder / "two.py").write_text("from one import GAIN\n")
    return folder


def made(sources: Path) -> Path:
    """The folder as a new process would find it."""
    kernel_folder.cache_clear()
    folder = kernel_folder(sources)
    assert folder is not None
    assert folder.is_dir()
    return folder


def test_it_lies_where_make_clean_looks(sources: Path) -> None:
    assert made(sources).parent == sources / "__pycache__"
    assert made(sources) == made(sources)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder, _: (folder / "one.py").write_text("GAIN = 2.0\n"),
        lambda folder, _: (folder / "three.py").write_text(""),
        lambda folder, _: (folder / "two.py").rename(folder / "four.py"),
        lambda _, patch: patch.setattr(kernel_cache, "version", lambda _name: "0.0.1"),
        lambda _, patch: patch.setattr(kernel_cache, "_processor", lambda: "abacus"),
        lambda _, patch: patch.setenv("NUMBA_OPT", "1"),
    ],
    ids=["a constant", "another file", "a name", "numba", "the processor", "an option"],
)
def test_it_is_another_one_when_anything_changes(
    sources: Path,
    change: Callable[[Path, pytest.MonkeyPatch], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = made(sources)
    change(sources, monkeypatch)
    assert made(sources) != before


def test_older_ones_go_when_a_new_one_is_made(sources: Path) -> None:
    old = made(sources)
    (old / "kernel.nbc").write_bytes(b"old")
    bytecode = old.parent / "one.cpython.pyc"
    bytecode.touch()
    (sources / "one.py").write_text("GAIN = 2.0\n")
    new = made(sources)
    assert sorted(old.parent.iterdir()) == sorted([bytecode, new])


def test_another_python_keeps_its_own_until_it_is_long_unused(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(sources)
    monkeypatch.setattr(sys, "version", "another")
    second = made(sources)
    assert first.is_dir()
    os.utime(first, (LONG_AGO, LONG_AGO))
    monkeypatch.setattr(sys, "version", "a third")
    third = made(sources)
    assert sorted(first.parent.iterdir()) == sorted([second, third])


def test_its_use_is_noted(sources: Path) -> None:
    folder = made(sources)
    os.utime(folder, (LONG_AGO, LONG_AGO))
    assert made(sources).stat().st_mtime > LONG_AGO + 1.0


def test_beside_the_sources_or_else_in_the_users_cache(sources: Path, tmp_path: Path) -> None:
    (sources / "__pycache__").touch()
    folder = made(sources)
    assert folder.is_relative_to(tmp_path / "user")
    other = tmp_path / "other" / "kernels"
    shutil.copytree(sources, other)
    assert made(other) != folder, "two copies share a folder"


@pytest.mark.parametrize("named", ["cache", "not/there/yet"])
def test_where_numba_was_told_to(
    sources: Path, tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / named))
    assert made(sources).is_relative_to(tmp_path / named)
    assert not (sources / "__pycache__").exists()


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG's folders")
@pytest.mark.parametrize(
    ("told", "where"), [("/cache", "/cache/arco"), ("", "~/.cache/arco"), ("x", "~/.cache/arco")]
)
def test_the_users_cache_is_where_the_system_says(
    told: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", told)
    assert kernel_cache._user_cache() == Path(where).expanduser()


def test_where_nothing_can_be_written_it_is_said_once(
    sources: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (sources / "__pycache__").touch()
    (tmp_path / "user").touch()
    kernel_folder.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert kernel_folder(sources) is kernel_folder(sources) is None
    (said,) = caplog.messages
    assert str(sources / "__pycache__") in said
    assert str(tmp_path / "user") in said


def test_a_place_that_may_not_even_be_looked_at_is_passed_over(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sources / "__pycache__").touch()
    monkeypatch.setattr(kernel_cache, "_user_cache", lambda: tmp_path / ("x" * 300))
    kernel_folder.cache_clear()
    assert kernel_folder(sources) is None


def test_without_a_home_there_is_one_place_less(
    sources: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(kernel_cache, "_user_cache", nowhere)
    made(sources)
    shutil.rmtree(sources / "__pycache__")
    (sources / "__pycache__").touch()
    kernel_folder.cache_clear()
    assert kernel_folder(sources) is None
    assert len(caplog.messages) == 1
