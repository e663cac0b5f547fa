"""What voices play at a moment: read from their curves, as their controls have it."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import READ, RESULTS, addresses, c_function, laid_out
from instrument.dsp.spectra import CONTROLS, Moments
from instrument.units import db_to_gain, gain_to_db, midi_to_hz

LOUDNESS_RANGE_DB = (-100.0, 0.0)
PITCH_RANGE_MIDI = (0.0, 127.0)

FAINTEST_DB = -50.0
"""What expression and dynamics make fainter than this is told to the timbre's graph as that loud,
and taken down: farther below, what the graph has learned is the noise of a recording's silence."""

_hz: Any = compiled_inside(midi_to_hz)
_gain: Any = compiled_inside(db_to_gain)
_db: Any = compiled_inside(gain_to_db)


class Columns(NamedTuple):
    """Where the controls of a voice are that count here.

    Attributes:
        bend: In semitones.
        level: A gain.
        vibrato: How many times its own it has.
        brightness: −1…1.
        left, right: Gains.
    """

    bend: int
    level: int
    vibrato: int
    brightness: int
    left: int
    right: int


class VoiceCurves(NamedTuple):
    """What voices read from.

    Attributes:
        curves: [4, slots, frames]: slow cents, cents of the vibrato, loudness in dB, and cents of
            the vibrato that the slow ones still have.
        key: [slots], MIDI.
        pressure_db: [slots], how much louder the pressure on a key makes its voice.
        lowest, highest: MIDI; what lies beyond is asked of the network as this.
        columns: Of the controls.
    """

    curves: Float32
    key: Float64
    pressure_db: Float64
    lowest: float
    highest: float
    columns: Columns

    @classmethod
    def smallest(cls) -> VoiceCurves:
        """Those of one voice, of the types that all have."""
        one = np.zeros(1)
        return cls(np.zeros((4, 1, 2), np.float32), one, one, 0.0, 127.0, Columns(*range(6)))


class Read(NamedTuple):
    """What V voices play at T moments.

    Attributes:
        moments: [8, V, T], as `Moments` has them; no bow is in a stroke.
        level_db: [V, T], their loudness without their level.
        told_db: [V, T], the loudness that the network is told, with it.
    """

    moments: Float64
    level_db: Float32
    told_db: Float32

    def until(self, frames: int) -> Read:
        """The first so many moments."""
        return Read(
            np.ascontiguousarray(self.moments[..., :frames]),
            self.level_db[:, :frames],
            self.told_db[:, :frames],
        )


@compiled_inside
def _limited(value: float, within: tuple[float, float]) -> float:
    inside: float = min(max(value, within[0]), within[1])
    return inside


@compiled_inside
def _at(curve: Float32, whole: int, part: np.float32) -> np.float32:
    here = curve[whole]
    value: np.float32 = here + part * (curve[whole + 1] - here)
    return value


@compiled_inside
def read(
    voices: VoiceCurves,
    slots: Int64,
    at: Float64,
    made_cents: Float64,
    controls: Float64,
    frame_apart: int,
    slot_apart: int,
    moments: Moments,
    level_db: Float32,
    told_db: Float32,
) -> None:
    """Read what voices play.

    Args:
        voices: Their curves.
        slots: [V].
        at: [V · T], where in their curves they are, in frames.
        made_cents: [V · T], of a vibrato that is made beside; or [0].
        controls: Of all slots in each frame, or once.
        frame_apart: How far the controls of a frame lie behind those of the one before.
        slot_apart: How far those of a slot lie behind those of the one before.
        moments: [V · T] each, written.
        level_db: [V · T], written.
        told_db: [V · T], written.
    """
    columns, last = voices.columns, voices.curves.shape[2] - 2
    frames = len(at) // max(len(slots), 1)
    for i in range(len(at)):
        slot = slots[i // frames]
        own = controls[i % frames * frame_apart + slot * slot_apart :]
        whole = min(int(at[i]), last)
        part = np.float32(at[i] - whole)
        slow, vibrato = voices.curves[0, slot], voices.curves[1, slot]
        times = own[columns.vibrato]
        cents = _at(slow, whole, part) + times * _at(vibrato, whole, part)
        if len(made_cents):
            cents += made_cents[i] - (1.0 - times) * _at(voices.curves[3, slot], whole, part)
        pitch = _limited(voices.key[slot] + own[columns.bend] + cents / 100.0, PITCH_RANGE_MIDI)
        loudness = _at(voices.curves[2, slot], whole, part) + voices.pressure_db[slot]
        level_db[i] = told_db[i] = _limited(loudness, LOUDNESS_RANGE_DB)
        faded = level = own[columns.level]
        if level != 1.0:
            faded = _untold(level, level_db, told_db, i)
        moments.f0_hz[i] = _hz(pitch)
        moments.trained_hz[i] = _hz(_limited(pitch, (voices.lowest, voices.highest)))
        moments.left[i], moments.right[i] = own[columns.left] * faded, own[columns.right] * faded
        moments.brightness[i] = own[columns.brightness]


@compiled_inside
def _untold(level: float, level_db: Float32, told_db: Float32, i: int) -> float:
    """Tell the network of a level as far as it knows it; the gain of what it isn't told."""
    loudness = float(level_db[i])
    wanted_db = loudness + _db(level)
    told = _limited(max(wanted_db, min(loudness, FAINTEST_DB)), LOUDNESS_RANGE_DB)
    told_db[i] = told
    faded: float = _gain(min(wanted_db - told, 0.0)) if level > 0.0 else 0.0
    return faded


class Reader:
    """Calls `read` for the same voices again and again."""

    # It takes less time than another thread would need to begin, and so keeps the GIL.
    TYPE = ctypes.PYFUNCTYPE(ctypes.c_int, *10 * [ctypes.c_void_p], *5 * [ctypes.c_ssize_t])

    def __init__(self, voices: VoiceCurves) -> None:
        """Share the memory of voices."""
        self._voices, self._memory = voices, laid_out(voices)
        self._function = self.TYPE(c_function(READ))

    def __call__(
        self, slots: Int64, at: Float64, controls: Float64, made_cents: Float64 | None = None
    ) -> Read:
        """Read what voices play.

        Args:
            slots: [V].
            at: [V, T], where in their curves they are, in frames.
            controls: [T, slots, columns], or [1, slots, columns] for all frames.
            made_cents: [V, T], of a vibrato that is made beside their own, if any is.
        """
        made = at[:0] if made_cents is None else np.ascontiguousarray(made_cents)
        moments = np.zeros((CONTROLS, *at.shape))
        found = Read(moments, *np.empty((2, *at.shape), np.float32))
        frame_apart, slot_apart, one = controls.strides
        self._function(
            *RESULTS,
            self._memory,
            *addresses(slots, at, made),
            controls.ctypes.data,
            *addresses(*found),
            len(slots),
            at.size,
            made.size,
            0 if len(controls) == 1 else frame_apart // one,
            slot_apart // one,
        )
        return found
