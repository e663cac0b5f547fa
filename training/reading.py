"""Reading files that may be damaged or say what isn't so: JSON, and archives of arrays.

What a file claims is compared with its size before any memory is taken, nothing of it is run, and
what comes back has the types, shapes and ranges that were asked for.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from instrument.text import one_line

MOST_JSON_BYTES = 64 * 2**20
HEAD_BYTES = 10  # of an array's file: a magic string, its version, and the length of the header
HEADER = re.compile(
    rb"\{'descr': '([<|])([biufU])(\d{1,9})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18},? ?)*)\), \} *\n"
)
"""Of an array as NumPy writes it (NEP 1), without the types that pickles are needed for."""


class DamageError(ValueError):
    """A file isn't what it should be; the message says why in one line, and not which file."""

    def __init__(self, reason: str) -> None:
        super().__init__(one_line(reason))


def open_size(path: Path) -> int:
    """Size of a file in bytes.

    Raises:
        DamageError: It isn't there, or is a folder or a device.
    """
    try:
        if not path.is_file():
            raise DamageError(
                "is a folder"
                if path.is_dir()
                else "is not a file"
                if path.exists()
                else "no such file"
            )
        return path.stat().st_size
    except OSError as error:
        raise DamageError(f"cannot be read: {error.strerror or error}") from error


def digest_of(path: Path) -> str:
    """Digest of a file's content, 128 hexadecimal digits.

    Raises:
        OSError, ValueError: It cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()


def read_json(path: Path) -> Any:  # noqa: ANN401 (JSON is what it is)
    """Content of a JSON file.

    Raises:
        DamageError: It cannot be read, is too large, or isn't JSON.
    """
    if open_size(path) > MOST_JSON_BYTES:
        raise DamageError(f"larger than {MOST_JSON_BYTES // 2**20} MiB")
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DamageError(f"cannot be read: {error}") from error


def parse_json(text: str) -> Any:  # noqa: ANN401 (JSON is what it is)
    """Content of a JSON text.

    Raises:
        DamageError: It isn't JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamageError(f"not JSON: {error}") from error


def parse_object(text: str) -> dict[str, Any]:
    """Content of a JSON text that is an object.

    Raises:
        DamageError: It isn't one.
    """
    found = parse_json(text)
    if not isinstance(found, dict):
        raise DamageError("not an object of JSON")
    return found


def is_number(value: object, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether a JSON value is a number in a range, which NaN is not, and a float can hold it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    fits = isinstance(value, float) or abs(value) <= sys.float_info.max
    return fits and least <= value <= most


def is_count(value: object, least: int = 0, most: int = 2**53) -> bool:
    """Whether a JSON value is a whole number in a range."""
    return isinstance(value, int) and is_number(value, least, most)


@dataclass(frozen=True)
class ArrayField:
    """What an array of an archive should be.

    Attributes:
        dtype: As NumPy writes it, such as ``<f4``; ``<U`` is text of any length.
        shape: Sizes, or names of sizes; one name is one size in all arrays, and ``R+1`` is one more
            than ``R``.
        least, most: Range of the values; what isn't finite is in none.
    """

    dtype: str
    shape: tuple[int | str, ...] = ()
    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True)
class _Header:
    """What an array says of itself, and where its values begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    begin: int


def check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """See that an archive holds no more than its file: nothing packed, nothing twice.

    Raises:
        DamageError: It says that it does.
    """
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise DamageError("packed otherwise than it was written")
    if sum(max(member.file_size, member.compress_size) for member in members) > size:
        raise DamageError("says that it holds more than it does")


def read_arrays(path: Path, fields: Mapping[str, ArrayField]) -> dict[str, NDArray[Any]]:
    """Arrays of an ``.npz`` that NumPy wrote without compression.

    Args:
        path: The file.
        fields: Name → what the array should be; others are passed over.

    Raises:
        DamageError: The file isn't such an archive, or an array is missing or another.
    """
    size = open_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, size)
            headers = {name: _header(archive, name) for name in fields}
            sizes: dict[str, int] = {}
            for name, field in fields.items():
                _check_header(name, field, headers[name], sizes)
            return {
                name: _values(archive, name, field, headers[name]) for name, field in fields.items()
            }
    except DamageError:
        raise
    except MemoryError as error:
        raise DamageError("more than there is memory for") from error
    except Exception as error:  # zipfile has no base of what a broken archive makes it raise
        raise DamageError(f"broken: {error}") from error


def _header(archive: zipfile.ZipFile, name: str) -> _Header:
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise DamageError(f"lacks {name}") from None
    with archive.open(member) as stream:
        head = stream.read(HEAD_BYTES)
        length = int.from_bytes(head[8:], "little")
        found = HEADER.fullmatch(stream.read(length))
    if head[:8] != b"\x93NUMPY\x01\x00" or found is None:
        raise DamageError(f"{name} isn't an array of numbers or texts")
    order, kind, item, fortran, sizes = (part.decode() for part in found.groups())
    shape = tuple(int(size) for size in re.findall(r"\d+", sizes))
    dtype = np.dtype(f"{order}{kind}{item}")
    begin = HEAD_BYTES + length
    if dtype.itemsize == 0 or math.prod(shape) * dtype.itemsize != member.file_size - begin:
        raise DamageError(f"{name} says that it holds {shape}, and doesn't")
    return _Header(dtype, shape, "F" if fortran == "True" else "C", begin)


def _check_header(name: str, field: ArrayField, found: _Header, sizes: dict[str, int]) -> None:
    """Compare type and shape with those that should be; named sizes are noted."""
    text = field.dtype == "<U"
    if (found.dtype.kind != "U") if text else (found.dtype.str != field.dtype):
        raise DamageError(f"{name} is of type {found.dtype}, not {field.dtype}")
    wanted = []
    for dimension, size in zip(field.shape, found.shape, strict=False):
        if isinstance(dimension, int):
            wanted.append(dimension)
        else:
            letter, _, more = dimension.partition("+")
            wanted.append(sizes.setdefault(letter, size - int(more or 0)) + int(more or 0))
    if len(field.shape) != len(found.shape) or wanted != list(found.shape):
        expected = ", ".join(map(str, wanted if wanted else field.shape))
        raise DamageError(f"{name} is of shape {found.shape}, not ({expected})")


def _values(
    archive: zipfile.ZipFile, name: str, field: ArrayField, header: _Header
) -> NDArray[Any]:
    content = bytearray(archive.read(f"{name}.npy"))
    values = np.frombuffer(content, header.dtype, offset=header.begin)
    array: NDArray[Any] = values.reshape(header.shape, order=header.order)
    if header.dtype.kind == "U":
        array.tolist()  # raises where a number is no character
    elif header.dtype.kind == "b" and values.view(np.uint8).max(initial=0) > 1:
        raise DamageError(f"{name} holds what is neither true nor false")
    elif header.dtype.kind == "f" and not np.isfinite(values).all():
        raise DamageError(f"{name} holds what is not a finite number")
    if header.dtype.kind in "iuf" and len(values):
        least, most = values.min(), values.max()
        if least < field.least or most > field.most:
            raise DamageError(
                f"{name} goes from {least:g} to {most:g}, beyond {field.least:g} to {field.most:g}"
            )
    return array
