"""FluidSynth's library through ctypes, as far as it is measured: soundfont, notes, player."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_double, c_int, c_size_t, c_void_p
from ctypes.util import find_library
from pathlib import Path

from instrument.arrays import Float32
from instrument.bench.soundfont import VIOLIN
from instrument.errors import UsageError

INSTALL = "apt install libfluidsynth3 fluid-soundfont-gm, or brew install fluid-synth"
FUNCTIONS = {
    "fluid_version_str": (c_char_p, []),
    "new_fluid_settings": (c_void_p, []),
    "delete_fluid_settings": (None, [c_void_p]),
    "fluid_settings_setnum": (c_int, [c_void_p, c_char_p, c_double]),
    "fluid_settings_setint": (c_int, [c_void_p, c_char_p, c_int]),
    "fluid_settings_setstr": (c_int, [c_void_p, c_char_p, c_char_p]),
    "new_fluid_synth": (c_void_p, [c_void_p]),
    "delete_fluid_synth": (None, [c_void_p]),
    "fluid_synth_sfload": (c_int, [c_void_p, c_char_p, c_int]),
    "fluid_synth_program_change": (c_int, [c_void_p, c_int, c_int]),
    "fluid_synth_noteon": (c_int, [c_void_p, c_int, c_int, c_int]),
    "fluid_synth_all_sounds_off": (c_int, [c_void_p, c_int]),
    "fluid_synth_write_float": (
        c_int,
        [c_void_p, c_int, c_void_p, c_int, c_int, c_void_p, c_int, c_int],
    ),
    "new_fluid_player": (c_void_p, [c_void_p]),
    "delete_fluid_player": (None, [c_void_p]),
    "fluid_player_add_mem": (c_int, [c_void_p, c_char_p, c_size_t]),
    "fluid_player_play": (c_int, [c_void_p]),
}
"""What is called of version 2 of the library: its result and its arguments."""

FAILED = -1
CHANNELS = 16
PERCUSSION = 9


def load_library() -> ctypes.CDLL:
    """The library, with the types of its functions.

    Raises:
        UsageError: It isn't installed, or is of another version.
    """
    name = find_library("fluidsynth")
    if name is None:
        raise UsageError(f"FluidSynth's library isn't installed: {INSTALL}")
    try:
        library = ctypes.CDLL(name)
        for function, (result, arguments) in FUNCTIONS.items():
            getattr(library, function).restype = result
            getattr(library, function).argtypes = arguments
    except (OSError, AttributeError) as error:
        raise UsageError(
            f"{name}: cannot be used ({error}); version 2 is needed: {INSTALL}"
        ) from error
    return library


class Synth:
    """FluidSynth with its default settings and one soundfont; all melodic channels are violins.

    Attributes:
        sample_rate: In Hz.
        load_seconds: That it took to load the soundfont.
    """

    def __init__(
        self, library: ctypes.CDLL, handle: int, soundfont: Path, sample_rate: int
    ) -> None:
        self._library = library
        self._handle = handle
        self.sample_rate = sample_rate
        began = time.perf_counter()
        loaded = library.fluid_synth_sfload(handle, os.fsencode(soundfont), 1)
        self.load_seconds = time.perf_counter() - began
        if loaded == FAILED:
            raise UsageError(f"{soundfont}: FluidSynth cannot load it; name another soundfont")
        for channel in range(CHANNELS):
            if channel != PERCUSSION:
                library.fluid_synth_program_change(handle, channel, VIOLIN)

    def note_on(self, key: int, velocity: int) -> None:
        """A key goes down on the first channel."""
        self._library.fluid_synth_noteon(self._handle, 0, key, velocity)

    def stop(self) -> None:
        """End all notes at once, without their releases; the reverb goes on."""
        self._library.fluid_synth_all_sounds_off(self._handle, -1)

    def write(self, block: Float32) -> None:
        """Compute the next samples into a block [2, n]."""
        left, right = block.ctypes.data, block[1].ctypes.data
        self._library.fluid_synth_write_float(self._handle, block.shape[1], left, 0, 1, right, 0, 1)

    @contextmanager
    def playing(self, midi: bytes) -> Iterator[None]:
        """Play a Standard MIDI File while blocks are written."""
        player = self._library.new_fluid_player(self._handle)
        try:
            self._library.fluid_player_add_mem(player, midi, len(midi))
            self._library.fluid_player_play(player)
            yield
        finally:
            self._library.delete_fluid_player(player)


@contextmanager
def synth(library: ctypes.CDLL, soundfont: Path, sample_rate: int) -> Iterator[Synth]:
    """Give a synthesiser, gone with all that it loaded when the block ends.

    Raises:
        UsageError: The soundfont cannot be loaded.
    """
    settings = library.new_fluid_settings()
    library.fluid_settings_setnum(settings, b"synth.sample-rate", sample_rate)
    # The player follows the samples that are written instead of the clock, and leaves the
    # programs as they were set.
    library.fluid_settings_setstr(settings, b"player.timing-source", b"sample")
    library.fluid_settings_setint(settings, b"player.reset-synth", 0)
    handle = library.new_fluid_synth(settings)
    try:
        yield Synth(library, handle, soundfont, sample_rate)
    finally:
        library.delete_fluid_synth(handle)
        library.delete_fluid_settings(settings)
