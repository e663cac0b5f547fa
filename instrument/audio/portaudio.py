"""The one door to PortAudio: sounddevice, and all that is used of its private parts.

sounddevice offers callbacks in Python only, and no way to look for devices anew or to leave a
PortAudio behind that hangs. For these three its own parts are used, nowhere else than here.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from instrument.errors import UsageError


def load_sounddevice() -> Any:  # noqa: ANN401 (it has no types)
    """The module sounddevice.

    Raises:
        UsageError: It or PortAudio is missing; the message says what to install.
    """
    try:
        import sounddevice  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError("sounddevice isn't installed: pip install 'arco[live]'") from None
    except OSError:
        raise UsageError(
            "the PortAudio library is missing; on Debian: apt-get install libportaudio2"
        ) from None
    return sounddevice


def compiled_stream(sd: Any, callback: int, user_data: int, wanted: dict[str, Any]) -> Any:  # noqa: ANN401
    """A stream that calls machine code, which needs no GIL.

    Args:
        sd: The module sounddevice.
        callback: Address of a C function, PortAudio's ``PaStreamCallback``.
        user_data: Address of what it gets.
        wanted: The stream's settings, as sounddevice names them.

    Returns:
        The stream, which isn't started yet; None if this sounddevice has no door for one.
    """
    ffi, stream_base = getattr(sd, "_ffi", None), getattr(sd, "_StreamBase", None)
    if ffi is None or stream_base is None:
        return None
    return stream_base(
        "output",
        callback=ffi.cast("PaStreamCallback *", callback),
        userdata=ffi.cast("void *", user_data),
        wrap_callback=None,
        **wanted,
    )


def rescan() -> None:
    """Let PortAudio look for devices anew; no stream may be open.

    It finds a JACK server only when it begins.
    """
    sd = load_sounddevice()
    sd._terminate()
    sd._initialize()


_abandoned: list[Any] = []
"""Libraries with a dead stream inside; their code must stay where it is."""


def leave_portaudio() -> None:
    """Load PortAudio once more, beside the one that hangs."""
    sd = load_sounddevice()
    path = _library_path(sd)
    _abandoned.append(sd._lib)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # Under its own name the system would hand out the one that is there.
        copy = shutil.copy(path, folder)
        sd._lib = sd._ffi.dlopen(copy)
    sd._initialized = 0
    sd._initialize()


def _library_path(sd: Any) -> Path:  # noqa: ANN401
    """The file that PortAudio was loaded from."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            if "libportaudio" in line and not line.endswith("(deleted)"):
                return Path(line.split(maxsplit=5)[-1])
    return Path(sd._libname)
