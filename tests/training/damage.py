"""Ways to damage files of arrays, for tests of what reads them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from instrument.errors import ArcoError

Array = NDArray[Any]


def _first(value: object) -> Callable[[Array], Array]:
    """Puts a value in the place of the first one."""

    def put(array: Array) -> Array:
        changed = array.copy()
        if changed.dtype.kind != "U" and changed.size:
            with np.errstate(all="ignore"):
                changed.reshape(-1)[0] = np.asarray(value).astype(changed.dtype)
        return changed

    return put


ARRAYS: Mapping[str, Callable[[Array], Any]] = {
    "gone": lambda _: None,
    "none": lambda _: np.array([None, {}], dtype=object),
    "a list of lists": lambda _: np.array([[1, 2], [3]], dtype=object),
    "a text": lambda _: np.array("text"),
    "texts": lambda a: np.full(a.shape, "text"),
    "bytes": lambda a: np.full(a.shape, b"text"),
    "complex": lambda a: np.zeros(a.shape, np.complex64),
    "times": lambda a: np.zeros(a.shape, "M8[s]"),
    "records": lambda a: np.zeros(a.shape, [("a", "f4"), ("b", "U3")]),
    "half": lambda a: np.zeros(a.shape, np.float16),
    "double": lambda a: np.zeros(a.shape, np.float64),
    "big endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "unsigned": lambda a: np.zeros(a.shape, np.uint64),
    "empty": lambda a: a[:0] if a.ndim else np.zeros(0, a.dtype),
    "one": lambda a: a.reshape(-1)[:1].reshape(()) if a.size else a,
    "longer": lambda a: np.concatenate([a, a]) if a.ndim else a[None],
    "shorter": lambda a: a[:-1] if a.ndim else a,
    "another rank": lambda a: a[..., None],
    "no rank": lambda a: a.sum() if a.dtype.kind in "biuf" else a,
    "reversed": lambda a: a[::-1] if a.ndim else a,
    "transposed": np.asfortranarray,
    "zeros": np.zeros_like,
    "ones": lambda a: np.ones_like(a) if a.dtype.kind != "U" else a,
    "negative": lambda a: -a if a.dtype.kind in "if" else a,
    "nan": _first(np.nan),
    "infinity": _first(np.inf),
    "huge": _first(3e38),
    "large": _first(2**62),
    "minus one": _first(-1),
    "one more": lambda a: a + 1 if a.dtype.kind in "if" else a,
}
"""What may become of an array; None leaves it out."""


def write_archive(path: Path, arrays: Mapping[str, Any], *, packed: bool = False) -> None:
    """Write arrays, pickles too, as NumPy does."""
    save: Any = np.savez_compressed if packed else np.savez
    with path.open("wb") as stream:
        save(stream, **{name: value for name, value in arrays.items() if value is not None})


def read_archive(path: Path) -> dict[str, Array]:
    """Arrays of an undamaged archive."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def rewrite(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A zip with the content of its members changed: by name and content."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for member in before.infolist():
            after.writestr(member.filename, change(member.filename, before.read(member)))
    return out.getvalue()


def claim(name: str, shape: str) -> Callable[[bytes], bytes]:
    """Lets an array of an archive say that it is of another shape."""

    def lie(member: str, content: bytes) -> bytes:
        if member != f"{name}.npy":
            return content
        length = int.from_bytes(content[8:10], "little")
        said = re.sub(
            rb"'shape': \([^)]*\)", f"'shape': {shape}".encode(), content[10 : 10 + length]
        )
        return content[:8] + len(said).to_bytes(2, "little") + said + content[10 + length :]

    return lambda content: rewrite(content, lie)


SHAPES = ("(1000000000000,)", "(-1,)", "(0,)", "(True,)", "()", "(2, 3)", "None", "(" * 200 + ")")


def is_read_or_refused_in_a_line(path: Path, read: Callable[[], object]) -> bool:
    """Whether reading a file succeeds, or fails with one line that names it."""
    try:
        read()
    except ArcoError as error:
        said = str(error)
    else:
        return True
    return str(path) in said and len(said.splitlines()) == 1


@st.composite
def bytes_damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Cut a file, change or move some of its bytes, or give a part of it twice."""
    kind = draw(st.sampled_from(["cut", "change", "twice", "drop", "zero"]))
    at, length = draw(st.floats(0.0, 1.0)), draw(st.integers(1, 64))
    end = draw(st.booleans())  # where a zip has its directory
    noise = draw(st.binary(min_size=length, max_size=length))

    def damage(content: bytes) -> bytes:
        span = min(len(content), 2000) if end else len(content)
        place = len(content) - span + round(at * span)
        before, inside, after = content[:place], content[place : place + length], content[place:]
        return {
            "cut": before,
            "change": before + noise + content[place + length :],
            "twice": before + inside + after,
            "drop": before + content[place + length :],
            "zero": before + bytes(length) + content[place + length :],
        }[kind]

    return damage
