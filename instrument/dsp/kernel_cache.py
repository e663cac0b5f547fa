"""Where the machine code of kernels is kept, so that it is never stale.

numba keeps machine code and renews it when the file of a kernel changes. It doesn't see a change
in another file that was compiled in, a constant or a called kernel, and of a C callback, whose
signature is pointers only, not even that what they point to is laid out anew: the old code would
play, or crash. So the machine code lies in a folder whose name is a digest of all sources and of
what compiles them, and a change of any of them compiles anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path

import numpy as np

PREFIX = "kernels-"
GROUND_FLOOR = ("arrays.py", "units.py")
"""Files of the package from which kernels take constants."""

COMPILERS = "numba", "llvmlite"

PLACE = "NUMBA_CACHE_DIR"
"""The environment's variable that names the folder; the others say how numba compiles."""

PROCESSORS = Path("/proc/cpuinfo")
KIND_OF_PROCESSOR = "vendor", "cpu family", "model", "stepping", "flags", "CPU ", "Features"
"""What Linux says of one, for 64-bit x86 and ARM; elsewhere LLVM says it, which takes longer."""

LONGEST_UNUSED_SECONDS = 7 * 24 * 3600
"""Machine code of another Python or processor, on the same sources, goes when unused so long."""

_log = logging.getLogger(__name__)


def _digest(parts: Iterable[bytes], size: int) -> str:
    digest = hashlib.blake2b(digest_size=size)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _processor() -> str:
    """What processor this is, and what it can do."""
    with suppress(OSError):
        first, _, _ = PROCESSORS.read_text().partition("\n\n")
        told = [line for line in first.splitlines() if line.startswith(KIND_OF_PROCESSOR)]
        if told:
            return "\n".join(told)
    from llvmlite import binding  # noqa: PLC0415

    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"


def _folder_name(sources: Path) -> str:
    """Digests of the sources that are compiled, and of what compiles them on what processor."""
    own = Path(__file__).parent
    ground_floor = (own.parent / name for name in GROUND_FLOOR)
    files = sorted({*own.glob("*.py"), *ground_floor, *sources.glob("*.py")})
    contents = (part for file in files for part in (file.name.encode(), file.read_bytes()))
    told = sorted(each for each in os.environ.items() if each[0].startswith("NUMBA_"))
    compiler = (
        *(version(name) for name in COMPILERS),
        np.__version__,
        sys.version,
        _processor(),
        *(f"{name}={value}" for name, value in told if name != PLACE),
    )
    return f"{PREFIX}{_digest(contents, 6)}-{_digest(map(str.encode, compiler), 4)}"


def _user_cache() -> Path:
    """The folder for Arco's caches in the user's home, or where the system keeps such things."""
    if sys.platform == "win32":
        home, usual = os.environ.get("LOCALAPPDATA", ""), Path("~/AppData/Local")
    elif sys.platform == "darwin":
        home, usual = "", Path("~/Library/Caches")
    else:
        home, usual = os.environ.get("XDG_CACHE_HOME", ""), Path("~/.cache")
    return (Path(home) if Path(home).is_absolute() else usual.expanduser()) / "arco"


def _places(sources: Path) -> Iterator[Path]:
    """Folders where machine code may be kept, the best one first."""
    # Elsewhere several copies of the sources share a folder.
    own = f"{sources.name}-{_digest([bytes(sources)], 4)}"
    if os.environ.get(PLACE):
        yield Path(os.environ[PLACE]).absolute() / own
        return
    yield Path(cache_from_source(str(sources / "kernels.py"))).parent
    with suppress(RuntimeError):  # no home
        yield _user_cache() / own


def _writable(folder: Path) -> bool:
    """Whether files can be written in a folder, which is made if it isn't there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"kernel")
    except OSError:
        return False
    return True


def _remove_older(folder: Path) -> None:
    """Remove what no process with these sources will use any more.

    A process with older sources that still runs has its code in memory; if it compiles more, numba
    makes its folder anew.
    """
    same_sources = folder.name.rpartition("-")[0]
    unused = time.time() - LONGEST_UNUSED_SECONDS
    for sibling in folder.parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            other_sources = sibling.name.rpartition("-")[0] != same_sources
            if other_sources or sibling.stat().st_mtime < unused:
                shutil.rmtree(sibling, ignore_errors=True)


@cache
def kernel_folder(sources: Path) -> Path | None:
    """Where the machine code of a folder's kernels is kept.

    Beside the sources, else in the user's cache; ``NUMBA_CACHE_DIR`` names another place. The
    digest covers the Python files of the folder, of this one, and the constants below them.

    Args:
        sources: The folder.

    Returns:
        A folder that is there and can be written; None if there is none, which is said once.
    """
    places = list(_places(sources))
    name = _folder_name(sources)
    for place in places:
        folder = place / name
        new = not os.path.exists(folder)  # noqa: PTH110 (it may be in a folder that isn't ours)
        if _writable(folder):
            if new:
                _remove_older(folder)
            with suppress(OSError):
                os.utime(folder)
            return folder
    _log.warning(
        "Arco compiles its kernels anew at every start: they can be kept neither in %s. "
        "NUMBA_CACHE_DIR names another folder.",
        " nor in ".join(map(str, places)),
    )
    return None
