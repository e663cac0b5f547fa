"""JACK's own library: who is there, what is connected, and who died.

It is the system's, which fits the system's server, and is called through ctypes: that releases the
GIL, so that a slow server holds nobody up. What JACK calls back is free of Python.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import (
    CDLL,
    POINTER,
    byref,
    c_char_p,
    c_int,
    c_int64,
    c_uint32,
    c_uint64,
    c_ulong,
    c_void_p,
)
from threading import Thread
from typing import Any, Self, TypeAlias

Strings: TypeAlias = Any  # a pointer to strings, or None

LIBRARIES = {
    "linux": ("libjack.so.0",),
    "darwin": (
        "libjack.0.dylib",
        "/opt/homebrew/lib/libjack.0.dylib",
        "/usr/local/lib/libjack.0.dylib",
    ),
}
"""Where the dynamic loader finds JACK; PipeWire's stand-in has the same name."""

MIDI, AUDIO = b"8 bit raw midi", b"32 bit float mono audio"
IS_INPUT, IS_OUTPUT, IS_PHYSICAL = 1, 2, 4
NO_START_SERVER = 1

SIGNATURES = {
    "jack_set_error_function": (None, c_void_p),
    "jack_set_info_function": (None, c_void_p),
    "jack_client_open": (c_void_p, c_char_p, c_int, c_void_p),
    "jack_client_close": (c_int, c_void_p),
    "jack_on_shutdown": (None, c_void_p, c_void_p, c_void_p),
    "jack_get_ports": (POINTER(c_char_p), c_void_p, c_char_p, c_char_p, c_ulong),
    "jack_port_by_name": (c_void_p, c_void_p, c_char_p),
    "jack_port_get_all_connections": (POINTER(c_char_p), c_void_p, c_void_p),
    "jack_free": (None, c_void_p),
    "jack_get_sample_rate": (c_uint32, c_void_p),
    "jack_set_process_callback": (c_int, c_void_p, c_void_p, c_void_p),
    "jack_port_register": (c_void_p, c_void_p, c_char_p, c_char_p, c_ulong, c_ulong),
    "jack_port_name": (c_char_p, c_void_p),
    "jack_activate": (c_int, c_void_p),
    "jack_connect": (c_int, c_void_p, c_char_p, c_char_p),
    "jack_port_disconnect": (c_int, c_void_p, c_void_p),
    "jack_port_get_latency_range": (None, c_void_p, c_int, POINTER(c_uint32)),
    "jack_get_time": (c_uint64,),
    "jack_set_xrun_callback": (c_int, c_void_p, c_void_p, c_void_p),
}
"""The functions that are called from Python: what they return, and their arguments."""

CALLED_BACK = (
    "jack_port_get_buffer",
    "jack_midi_get_event_count",
    "jack_midi_event_get",
    "jack_last_frame_time",
    "jack_get_time",
)
"""Those that the process callback calls, as `JackFunctions` has them."""

DEATH_NOTICE_SECONDS = 0.05
"""How long after its death, at most, it is known that a server died."""

kept: list[object] = []
"""Where JACK's threads may still write, also for a client that was forgotten."""


def silent() -> c_void_p:
    """A handler of messages that does nothing: C's ``strlen``, which looks at its first argument.

    The libraries call it from threads of their own, even when the interpreter is gone, where a
    function of Python's would crash.
    """
    return ctypes.cast(CDLL(None).strlen, c_void_p)


def load() -> CDLL | None:
    """JACK's library; None if it isn't installed.

    From then on JACK prints nothing on the terminal. It prints much when there is no server, and
    all of that can be learned from what its functions return.
    """
    found = (_loaded(path) for path in LIBRARIES.get(sys.platform, ()))
    library = next((library for library in found if library is not None), None)
    if library is None:
        return None
    library.jack_set_error_function(silent())
    library.jack_set_info_function(silent())
    return library


def _loaded(path: str) -> CDLL | None:
    try:
        library = CDLL(path)
        for name, (result, *arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        for name in CALLED_BACK:
            getattr(library, name)
    except (OSError, AttributeError):
        return None
    return library


def names(library: CDLL, found: Strings) -> list[str]:
    """Strings of an array that ends in NULL, or of none."""
    all_names: list[str] = []
    if found:
        while (name := found[len(all_names)]) is not None:
            all_names.append(name.decode(errors="replace"))
        library.jack_free(found)
    return all_names


_watchers: list[Watcher] = []
"""Those that are clients, as far as is known."""


def open_client(library: CDLL, name: str) -> int | None:
    """Join the server that ``JACK_DEFAULT_SERVER`` names; None if it isn't running."""
    give_up_the_dead()
    client: int | None = library.jack_client_open(name.encode(), NO_START_SERVER, None)
    return client


def give_up_the_dead() -> None:
    """Tell all watchers that their server has died, if one of them knows.

    That is so when the next client is opened: the library frees all others, who may not know yet.
    """
    if all(watcher.alive for watcher in _watchers):
        return
    for watcher in _watchers:
        watcher.give_up()
    _watchers.clear()


class Watcher:
    """A client without ports: it sees all others, and costs the audio nothing.

    When the server has died, the next client that is opened frees the old ones inside the library,
    whoever holds them. So a client of a dead server must not be used again, neither this one nor
    one with ports: they are forgotten, and the library cleans up.
    """

    def __init__(self, library: CDLL, client: int) -> None:
        self._library = library
        self._client: int | None = client
        self._died_at = c_int64(0)
        kept.append(self._died_at)
        # C's ``time`` writes the time to where its argument points: a callback without Python.
        note_the_time = ctypes.cast(CDLL(None).time, c_void_p)
        library.jack_on_shutdown(client, note_the_time, byref(self._died_at))
        _watchers.append(self)

    @classmethod
    def open(cls, library: CDLL, name: str) -> Self | None:
        """Join the server that ``JACK_DEFAULT_SERVER`` names; None if it isn't running."""
        client = open_client(library, name)
        return None if client is None else cls(library, client)

    @property
    def alive(self) -> bool:
        """Whether it is a client, and its server hasn't died; one that comes later is another."""
        return self._client is not None and self._died_at.value == 0

    def give_up(self) -> None:
        """Never touch the client again."""
        self._client = None

    def ports(self, flags: int, kind: bytes = MIDI) -> list[str]:
        """Full names, ``client:port``, of all ports of a kind that have some flags."""
        if not self.alive:
            return []
        found = self._library.jack_get_ports(self._client, None, kind, flags)
        return names(self._library, found)

    def connections(self, port: str) -> list[str]:
        """Full names of the ports that one is connected to; none if it isn't there."""
        if not self.alive:
            return []
        found = self._library.jack_port_by_name(self._client, port.encode())
        if found is None:
            return []
        return names(
            self._library, self._library.jack_port_get_all_connections(self._client, found)
        )

    def close(self, patience: float = 2.0) -> bool:
        """Leave the server.

        Args:
            patience: Seconds to wait for its answer.

        Returns:
            Whether it answered. One that is dead, or stopped, doesn't; then the leaving of others
            would wait for it, too.
        """
        if not self.alive:
            return False
        client, self._client = self._client, None
        if self in _watchers:
            _watchers.remove(self)
        leaving = Thread(target=self._library.jack_client_close, args=(client,), daemon=True)
        leaving.start()
        leaving.join(patience)
        return not leaving.is_alive()
