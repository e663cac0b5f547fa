"""Control frames: what the control thread hands to the audio callback, through rings.

Time is cut into hops of 4 ms. For each hop a frame holds the controls that every voice has reached
at its end; the synthesiser goes there from wherever it is. What can't wait for the next frame, a
bend, a change of level and the end of a note, is added when the hop begins. A voice that begins
inside a hop comes with the controls of its first sample. One thread writes and one reads: a counter
says how much of a ring may be read, and is written last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64, Int64, UInt64, sparse_zeros
from instrument.units import FRAME_RATE


def hop_start(hop: int, sample_rate: int) -> int:
    """The first sample of a hop: ⌈hop · `sample_rate` / FRAME_RATE⌉."""
    return -(-hop * sample_rate // FRAME_RATE)


def hop_of(sample: int, sample_rate: int) -> int:
    """The hop that a sample lies in."""
    return sample * FRAME_RATE // sample_rate


def longest_hop(sample_rate: int) -> int:
    """The number of samples in the longest hop at a sample rate."""
    return hop_start(1, sample_rate)


class Frames(NamedTuple):
    """A ring of R control frames for V voice slots, K harmonics and N bands of noise.

    The frame of a hop lies in row hop % R.

    Attributes:
        ready: [1], the frames of all hops below this number may be read.
        begun: [1], so may what was added to them.
        voice: [R, V], number of the voice that sounds in each slot until the end of the hop and
            beyond, counted from 1 in the order of ``Onsets``; 0 for none.
        f0_hz: [R, V], fundamental frequencies.
        amps: [R, V, K], linear amplitudes of the harmonics, none at or above Nyquist.
        noise: [R, V, N], linear magnitudes of the noise filters.
        gain: [R, V, 2], left and right.
        room: [R], how many times as loud as usual the room is.
        bend: [R, V], added: times ``f0_hz``, reached in the middle of the hop.
        ease: [R, V], added: times ``amps`` and ``noise``.
    """

    ready: Int64
    begun: Int64
    voice: Int64
    f0_hz: Float64
    amps: Float32
    noise: Float32
    gain: Float32
    room: Float32
    bend: Float64
    ease: Float32

    @classmethod
    def empty(cls, hops: int, voices: int, harmonics: int, bands: int) -> Frames:
        """A ring of so many hops, in which only the first one, a silent one, is ready."""
        return cls(
            ready=np.ones(1, np.int64),
            begun=np.zeros(1, np.int64),
            voice=np.zeros((hops, voices), np.int64),
            f0_hz=np.zeros((hops, voices), np.float64),
            amps=sparse_zeros((hops, voices, harmonics), np.float32),
            noise=sparse_zeros((hops, voices, bands), np.float32),
            gain=np.zeros((hops, voices, 2), np.float32),
            room=np.ones(hops, np.float32),
            bend=np.ones((hops, voices), np.float64),
            ease=np.ones((hops, voices), np.float32),
        )


class Onsets(NamedTuple):
    """A ring of S voices that begin, in the order of their samples.

    Attributes:
        ready: [1], how many were ever written.
        hop: [S], in which the voice begins; its frame holds the controls at the hop's end.
        inside: [S], the sample within the hop.
        slot: [S], of the voice.
        noise_state: [S], in which its noise begins.
        f0_hz: [S], at the first sample; so are the rest.
        amps: [S, K], linear.
        gain: [S, 2], left and right.
    """

    ready: Int64
    hop: Int64
    inside: Int64
    slot: Int64
    noise_state: UInt64
    f0_hz: Float64
    amps: Float32
    gain: Float32

    @classmethod
    def empty(cls, size: int, harmonics: int) -> Onsets:
        """A ring for ``size`` voices."""
        return cls(
            ready=np.zeros(1, np.int64),
            hop=np.zeros(size, np.int64),
            inside=np.zeros(size, np.int64),
            slot=np.zeros(size, np.int64),
            noise_state=np.zeros(size, np.uint64),
            f0_hz=np.zeros(size, np.float64),
            amps=sparse_zeros((size, harmonics), np.float32),
            gain=np.zeros((size, 2), np.float32),
        )
