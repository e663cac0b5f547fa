"""The one door to PortAudio: sounddevice, and all that is used of its private parts.

sounddevice offers callbacks in Python only, and no way to look for devices anew or to leave a
PortAudio behind that hangs. For these three its own parts are used, nowhere else than here.

PortAudio can play on JACK, too, and joins a server that runs whatever is played on. If the server
has died by its end, that aborts the process: PortAudio asserts that JACK answers. So it never finds
one; `jack_client` is what joins.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from instrument.errors import UsageError, install

NO_JACK = {"JACK_DEFAULT_SERVER": "arco-none", "PIPEWIRE_NOJACK": "1"}
"""An environment in which JACK finds no server, and PipeWire's stand-in doesn't look for one."""


def load_sounddevice() -> Any:  # noqa: ANN401 (it has no types)
    """The module sounddevice.

    Raises:
        UsageError: It or PortAudio is missing, and the message says what to install; or PortAudio
            can't begin.
    """
    try:
        with _without_jack():
            import sounddevice  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError(f"sounddevice isn't installed: {install('live')}") from None
    except OSError:
        raise UsageError(
            "the PortAudio library is missing; on Debian: apt-get install libportaudio2"
        ) from None
    except Exception as error:  # a PortAudioError, whose class has gone with the module
        raise _cannot_begin(error) from None
    return sounddevice


def _cannot_begin(error: Exception) -> UsageError:
    reason = " ".join(str(error).split())
    return UsageError(f"PortAudio cannot begin: {reason}; check the system's sound, or start JACK")


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


# --- To begin anew ------------------------------------------------------------------------------

_left: list[Any] = []
"""All of PortAudio that hangs and was left; its code must stay where it is."""


@contextmanager
def _without_jack() -> Iterator[None]:
    """Let PortAudio begin, and find no JACK server."""
    before = {name: os.environ.get(name) for name in NO_JACK}
    os.environ.update(NO_JACK)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def rescan() -> None:
    """Let PortAudio look for devices anew; no stream may be open.

    Raises:
        UsageError: It can't begin. It may the next time.
    """
    sd = load_sounddevice()
    if any(sd._lib is left for left in _left):
        sd._lib = _another(sd)
    try:
        if sd._initialized:  # not where it couldn't begin the last time, or was left
            sd._terminate()
        with _without_jack():
            sd._initialize()
    except sd.PortAudioError as error:
        raise _cannot_begin(error) from None


def leave_portaudio() -> None:
    """Ask nothing any more of the PortAudio that hangs; the next ``rescan`` begins another."""
    sd = load_sounddevice()
    _left.append(sd._lib)
    sd._initialized = 0


def _another(sd: Any) -> Any:  # noqa: ANN401
    """PortAudio, loaded once more beside the one that hangs.

    Raises:
        UsageError: There is no place for it. There may be the next time.
    """
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            # Under its own name the system would hand out the one that is there.
            return sd._ffi.dlopen(shutil.copy(_library_path(sd), folder))
    except OSError as error:
        raise UsageError(
            f"PortAudio hangs, and cannot be loaded again: {error.strerror or error}; make room "
            "for temporary files, or start Arco anew"
        ) from None


def _library_path(sd: Any) -> Path:  # noqa: ANN401
    """The file that PortAudio was loaded from."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            if "libportaudio" in line and not line.endswith("(deleted)"):
                return Path(line.split(maxsplit=5)[-1])
    return Path(sd._libname)
