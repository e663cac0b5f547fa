"""Contours of parts are read as they were measured, and sounds are measured like them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import ArcoError, RecordingError, UsageError
from training.analysis.lines import Contour
from training.data.parts import log_spectrum_db, read_parts, without_doubles

HEAD = "f0_hz,confidence,level_nepers\n"


def test_tables_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "440.0,0.9,-5.0\n880.0,0.5,-6.0\n")
    with gzip.open(tmp_path / "b.csv.gz", "wt") as stream:
        stream.write(HEAD + "220.0,1.0,-4.0\n")
    found = read_parts(tmp_path)
    assert list(found) == ["a", "b"]
    assert found["a"].midi == pytest.approx([69.0, 81.0])
    assert found["a"].confidence == pytest.approx([0.9, 0.5])
    assert np.diff(found["a"].level_db) == pytest.approx([-8.686], abs=0.001)
    assert found["b"].frame_rate == 100


def test_what_a_mac_leaves_beside_a_table_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + "440.0,0.9,-5.0\n")
    (tmp_path / "._a.csv").write_bytes(b"\xff")
    assert list(read_parts(tmp_path)) == ["a"]


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("a.csv", b"time,f0\n1,2\n", RecordingError, "columns"),
        ("a.csv", HEAD.encode() + b"1.0,high,2.0\n", RecordingError, "a contour"),
        ("a.csv", HEAD.encode() + b"1.0,nan,2.0\n", RecordingError, "finite"),
        ("a.csv", HEAD.encode() + b"1.0,2.0\n1.0\n", RecordingError, "a contour"),
        ("a.csv", HEAD.encode(), RecordingError, "a contour"),
        ("a.csv.gz", b"not packed", RecordingError, "a contour"),
        ("a.csv.gz", gzip.compress(HEAD.encode(), mtime=0)[:-9], RecordingError, "a contour"),
        (
            "a.csv.gz",
            gzip.compress(b"", mtime=0)[:10] + bytes(20 * [255]),
            RecordingError,
            "a contour",
        ),
        ("a.csv", b"\xff\xfe", RecordingError, "a contour"),
        ("a.txt", b"", UsageError, "no contours"),
    ],
)
def test_what_is_no_contour_is_named(
    tmp_path: Path, name: str, content: bytes, kind: type[ArcoError], said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=said):
        read_parts(tmp_path)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_ten_times_as_loud_is_20_db_more(rate: int) -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(rate).astype(np.float32)
    soft, loud = (log_spectrum_db(gain * noise, rate, 100) for gain in (1.0, 10.0))
    assert len(soft) == 101
    assert np.median(loud - soft) == pytest.approx(20.0, abs=0.1)


def test_frames_are_where_they_should_be() -> None:
    audio = np.zeros(48_000, np.float32)
    audio[24_000:] = 0.1 * np.random.default_rng(0).standard_normal(24_000)
    level = log_spectrum_db(audio, 48_000, 100)
    middle = (level.max() + level[:30].mean()) / 2.0
    assert np.argmax(level > middle) == pytest.approx(50, abs=7)


def part(seed: int) -> Contour:
    """Thirty notes of many lengths, each a scale's step from the last."""
    rng = np.random.default_rng(seed)
    keys = 70.0 + np.cumsum(rng.choice([-2.0, -1.0, 1.0, 2.0], 30)) + rng.normal(0.0, 0.1, 30)
    midi = np.repeat(keys, rng.integers(10, 80, 30))
    return Contour(midi, np.ones(len(midi)), np.zeros(len(midi)), 100)


def test_a_recording_that_is_there_twice_counts_once() -> None:
    one, other = part(0), part(1)
    later = np.concatenate([np.full(30, 60.0), one.midi + 0.001])
    again = Contour(later, np.ones(len(later)), np.zeros(len(later)), 100)
    assert list(without_doubles({"a": one, "b": other, "c": again})) == ["a", "b"]
    assert list(without_doubles({"a": one})) == ["a"]
