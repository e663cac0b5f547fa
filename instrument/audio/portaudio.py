"""The one door to PortAudio: sounddevice, and all that is used of its private parts.

sounddevice offers callbacks in Python only, and no way to look for devices anew or to leave a
PortAudio behind that hangs. For these three its own parts are used, nowhere else than here.

Where a JACK server runs when PortAudio begins, PortAudio is a client of it until it is ended,
whatever is played on. If the server has died by then, the end aborts the process: PortAudio asserts
that JACK answers. So a client of our own says whether the server lives, and a PortAudio that is the
client of a dead one is never ended. It is left as it is, and another copy of it takes over.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from instrument.audio import jack
from instrument.errors import UsageError, install

JACK = "JACK Audio Connection Kit"
"""The sound system's name in PortAudio."""

NO_SERVER = "arco-none"
"""Name of a JACK server that there isn't."""


def load_sounddevice() -> Any:  # noqa: ANN401 (it has no types)
    """The module sounddevice.

    Raises:
        UsageError: It or PortAudio is missing; the message says what to install.
    """
    try:
        import sounddevice  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError(f"sounddevice isn't installed: {install('live')}") from None
    except OSError:
        raise UsageError(
            "the PortAudio library is missing; on Debian: apt-get install libportaudio2"
        ) from None
    if sounddevice not in _libraries:
        _libraries.append(sounddevice)
        _watch(sounddevice)
        atexit.register(_end, sounddevice)
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


# --- To begin anew ------------------------------------------------------------------------------

_libraries: list[Any] = []
"""sounddevice, and all of PortAudio that was left; their code must stay where it is."""

_watchers: list[jack.Watcher | None] = []
"""The watcher of the server whose client the library in use is; empty if it is none."""


def _watch(sd: Any) -> None:  # noqa: ANN401
    """Keep an eye on the JACK server whose client PortAudio has become, if it has."""
    _leave()
    if any(api["name"] == JACK for api in sd.query_hostapis()):
        library = jack.load()
        _watchers.append(None if library is None else jack.Watcher.open(library, "Arco sound"))


def _leave() -> None:
    """Let no client of ours be left behind: a server that waits for its clients would wait long."""
    for watcher in _watchers:
        if watcher is not None:
            watcher.close()
    _watchers.clear()


def server_died() -> bool:
    """Whether the JACK server is known to have died whose client PortAudio is."""
    return any(watcher is not None and not watcher.alive for watcher in _watchers)


def _may_end() -> bool:
    """Whether PortAudio can be ended: it is no client of JACK, or of a server that lives."""
    if not _watchers:
        return True
    time.sleep(jack.DEATH_NOTICE_SECONDS)
    return all(watcher is not None and watcher.alive for watcher in _watchers)


@contextmanager
def _joining(*, for_jack: bool) -> Iterator[None]:
    """Let PortAudio begin, which joins a JACK server if it can; or let it find none."""
    jack.give_up_the_dead()
    server = os.environ.get("JACK_DEFAULT_SERVER")
    if not for_jack:
        os.environ["JACK_DEFAULT_SERVER"] = NO_SERVER
    try:
        yield
    finally:
        if not for_jack and server is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        elif not for_jack and server is not None:
            os.environ["JACK_DEFAULT_SERVER"] = server


def rescan(*, for_jack: bool) -> None:
    """Let PortAudio look for devices anew; no stream may be open.

    It finds a JACK server only when it begins.

    Args:
        for_jack: Whether JACK is wanted. Otherwise PortAudio becomes no client of it.
    """
    sd = load_sounddevice()
    if not _watchers:
        sd._terminate()
        with _joining(for_jack=for_jack):
            sd._initialize()
        _watch(sd)
    elif not for_jack or not _may_end():
        leave_portaudio(for_jack=for_jack)
    # A server that lives is the one that there was.


def leave_portaudio(*, for_jack: bool) -> None:
    """Load PortAudio once more, beside the one that hangs or is the client of a dead server."""
    sd = load_sounddevice()
    path = _library_path(sd)
    _libraries.append(sd._lib)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # Under its own name the system would hand out the one that is there.
        copy = shutil.copy(path, folder)
        sd._lib = sd._ffi.dlopen(copy)
    sd._initialized = 0
    with _joining(for_jack=for_jack):
        sd._initialize()
    _watch(sd)


def _end(sd: Any) -> None:  # noqa: ANN401
    """Leave JACK, and keep sounddevice from ending, with the program, what can't be ended."""
    if not _may_end():
        sd._initialized = 0
    _leave()


def _library_path(sd: Any) -> Path:  # noqa: ANN401
    """The file that PortAudio was loaded from."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            if "libportaudio" in line and not line.endswith("(deleted)"):
                return Path(line.split(maxsplit=5)[-1])
    return Path(sd._libname)
