"""Controls of voices on their way to where they were set: one-pole low-passes, frame by frame."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import numpy as np

from instrument.arrays import Bool, Float64, Int64
from instrument.dsp.jit import compiled_inside
from instrument.dsp.machine_code import RESULTS, SMOOTH, c_function, laid_out

ARRIVED = 1e-6
"""Controls that are so near to where they were set, in their own units, are there."""


class Controls(NamedTuple):
    """The controls of V voices: P of their performance, and behind these the knobs, C together.

    Attributes:
        bend: Column of the bend, which a join may lead.
        level: Column of the level, a gain: what is set for all notes and for one is multiplied.
        share: [C], of what is left of its way each goes in a frame.
        shared: [channels, C], where they were set for all notes of a channel.
        own: [channels, C], what a note's own adds to that; of knobs, which count before the shared
            ones, NaN where none was set.
        kept: [V, C], the same of voices whose notes ended.
        ended: [V], whether they did.
        channel: [V], of their notes.
        sounding: [V], the slots of those that sound come first.
        led: [V, G], the share of its way that a led bend goes in each frame of its glide.
        led_from: [V], the next of these frames.
        led_to: [V], behind the last one.
        targets: [V, C], where they are to go.
        now: [V, C], where they are.
        settled: [1], whether all are there, so that the next frame's are the same.
        planned: [T, V, P], where they are in frames to come.
        bent: [T, V], by how much bends have moved in each, but for those that are led.
        raised: [T, V], how many times as loud as before each level has become.
    """

    bend: int
    level: int
    share: Float64
    shared: Float64
    own: Float64
    kept: Float64
    ended: Bool
    channel: Int64
    sounding: Int64
    led: Float64
    led_from: Int64
    led_to: Int64
    targets: Float64
    now: Float64
    settled: Bool
    planned: Float64
    bent: Float64
    raised: Float64

    @classmethod
    def at_rest(
        cls,
        share: Float64,
        *,
        bend: int,
        level: int,
        performance: int,
        channels: int,
        voices: int,
        frames: int,
        glide: int,
    ) -> Controls:
        """Those of voices of which none sounds."""
        columns = len(share)
        shared = np.zeros((channels, columns))
        shared[:, performance:] = np.nan
        of_voices = np.full((voices, columns), np.nan)
        return cls(
            bend=bend,
            level=level,
            share=share,
            shared=shared,
            own=shared.copy(),
            kept=of_voices,
            ended=np.zeros(voices, np.bool_),
            channel=np.zeros(voices, np.int64),
            sounding=np.zeros(voices, np.int64),
            led=np.zeros((voices, glide)),
            led_from=np.zeros(voices, np.int64),
            led_to=np.zeros(voices, np.int64),
            targets=of_voices.copy(),
            now=of_voices.copy(),
            settled=np.ones(1, np.bool_),
            planned=np.zeros((frames, voices, performance)),
            bent=np.zeros((frames, voices)),
            raised=np.ones((frames, voices)),
        )

    @classmethod
    def smallest(cls) -> Controls:
        """Those of one voice, of the types that all have."""
        one = {"performance": 1, "channels": 1, "voices": 1, "frames": 1, "glide": 1}
        return cls.at_rest(np.ones(1), bend=0, level=0, **one)


@compiled_inside
def smooth(controls: Controls, voices: int, first: int, frames: int) -> None:
    """Let the voices that sound set out for where their controls are, and go so many frames.

    Args:
        controls: Of all voices.
        voices: How many sound.
        first: Place of the first frame among those that are planned.
        frames: How many.
    """
    for i in range(voices):
        _aim(controls, controls.sounding[i])
    for frame in range(first, first + frames):
        settled = True
        for i in range(voices):
            settled &= _move(controls, controls.sounding[i], frame)
        controls.settled[0] = settled


@compiled_inside
def _aim(controls: Controls, slot: int) -> None:
    """Find out where a voice's controls are to go."""
    channel, performance = controls.channel[slot], controls.planned.shape[2]
    for column in range(len(controls.share)):
        target = controls.shared[channel, column]
        own = controls.kept[slot, column] if controls.ended[slot] else controls.own[channel, column]
        if column == controls.level:
            target *= own
        elif column < performance:
            target += own
        elif not np.isnan(own):
            target = own
        controls.targets[slot, column] = target


@compiled_inside
def _move(controls: Controls, slot: int, frame: int) -> bool:
    """Let a voice's controls go on by a frame; whether all are where they are to go."""
    place, there, bent, raised = controls.led_from[slot], True, 0.0, 1.0
    led = place < controls.led_to[slot]
    for column in range(len(controls.share)):
        before = controls.now[slot, column]
        way = controls.targets[slot, column] - before
        gone = way
        if abs(way) < ARRIVED:
            controls.now[slot, column] = controls.targets[slot, column]
        else:
            share = controls.share[column]
            if led and column == controls.bend:
                share = controls.led[slot, place]
            gone = share * way
            controls.now[slot, column] += gone
            there &= np.isnan(way)
        if column == controls.bend:
            bent = gone
        elif column == controls.level and before > 0.0:
            raised = controls.now[slot, column] / before
    for column in range(controls.planned.shape[2]):
        controls.planned[frame, slot, column] = controls.now[slot, column]
    controls.bent[frame, slot] = 0.0 if led else bent
    controls.raised[frame, slot] = raised
    controls.led_from[slot] += led
    return there


class Smoother:
    """Calls `smooth` for the same controls again and again."""

    # It takes less time than another thread would need to begin, and so keeps the GIL.
    TYPE = ctypes.PYFUNCTYPE(ctypes.c_int, *3 * [ctypes.c_void_p], *3 * [ctypes.c_ssize_t])

    def __init__(self, controls: Controls) -> None:
        """Share the memory of what is smoothed."""
        self._controls, self._memory = controls, laid_out(controls)
        self._function = self.TYPE(c_function(SMOOTH))

    def __call__(self, voices: int, first: int = 0, frames: int = 0) -> None:
        """See `smooth`."""
        self._function(*RESULTS, self._memory, voices, first, frames)
