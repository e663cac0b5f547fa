"""The control thread, by hand, for tests of the compiled block, and what a voice sounds like."""

from __future__ import annotations

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.dsp.block import Renderer
from instrument.dsp.frames import Frames, Onsets, hop_start
from instrument.dsp.limiter import LimiterState
from instrument.dsp.noise import half_responses, note_noise
from instrument.dsp.reverb import ReverbState
from instrument.dsp.state import FADE_SECONDS, Synth, SynthState
from instrument.dsp.synth import OUTPUT_GAIN

RATE = 48_000
HOP = 192
RING = 128
VOICES, HARMONICS, BANDS = 4, 20, 17
TAPS = 2 * (BANDS - 1)
FADE = round(FADE_SECONDS * RATE)
LOUDNESS = 1.0 / 40.0
"""Of the first harmonic of all voices: the limiter lets some of them pass bit by bit."""


class Hand:
    """The control thread, by hand: the controls of a voice hold until a test moves them.

    Attributes:
        synth: What plays.
        hop: In which voices begin now; the frame of the next one is written.
        f0_hz, amps, noise, gain: The controls of all slots, as they are written into frames.
    """

    def __init__(self, seed: int = 1, sample_rate: int = RATE) -> None:
        self.synth = Synth(
            sample_rate=sample_rate,
            matrix=half_responses(BANDS, sample_rate, RATE),
            frames=Frames.empty(RING, VOICES, HARMONICS, BANDS),
            onsets=Onsets.empty(RING, HARMONICS),
            state=SynthState.empty(VOICES, HARMONICS, BANDS, sample_rate),
            reverb=ReverbState.empty(sample_rate, 0.0),
            limiter=LimiterState.empty(sample_rate),
        )
        self._seed = seed
        self.f0_hz = np.zeros(VOICES)
        self.amps = np.tile(LOUDNESS / np.arange(1, HARMONICS + 1), (VOICES, 1))
        self.noise = np.zeros((VOICES, BANDS))
        self.gain = np.tile([0.8, 0.6], (VOICES, 1))
        self.hop = -1
        self._voice = np.zeros(VOICES, np.int64)
        self.begin_hop()

    def begin_hop(self) -> None:
        self.hop += 1
        self.synth.frames.voice[(self.hop + 1) % RING] = 0
        for slot in np.flatnonzero(self._voice):
            self._write(self.hop + 1, int(slot))
        self.synth.frames.ready[0] = self.hop + 2

    def begin(self, slot: int, f0_hz: float, noise: float = 0.0, inside: int = 0) -> None:
        """Begin a voice in this hop."""
        onsets = self.synth.onsets
        self._voice[slot] = onsets.ready[0] + 1
        self.f0_hz[slot] = f0_hz
        self.noise[slot] = noise
        self._write(self.hop, slot)
        self._write(self.hop + 1, slot)
        item = onsets.ready[0] % RING
        onsets.hop[item], onsets.inside[item], onsets.slot[item] = self.hop, inside, slot
        onsets.noise_state[item] = note_noise(self._seed, 0, slot)
        onsets.f0_hz[item] = f0_hz
        onsets.amps[item], onsets.gain[item] = self.amps[slot], self.gain[slot]
        onsets.ready[0] += 1

    def add(self, bend: float, ease: float) -> None:
        """Add what could not wait to the voices' frames of this hop, which begins."""
        frames, row = self.synth.frames, self.hop % RING
        frames.bend[row], frames.ease[row] = bend, ease
        frames.begun[0] = self.hop + 1

    def end(self, slot: int) -> None:
        """Let a voice fade away in the hop after the next one; from then on its slot is free."""
        self._voice[slot] = 0

    def _write(self, hop: int, slot: int) -> None:
        frames, row = self.synth.frames, hop % RING
        frames.voice[row, slot] = self._voice[slot]
        frames.f0_hz[row, slot] = self.f0_hz[slot]
        frames.amps[row, slot] = self.amps[slot]
        frames.noise[row, slot] = self.noise[slot]
        frames.gain[row, slot] = self.gain[slot]

    def play(self, samples: int) -> Float32:
        """What is heard without this hand moving, [2, samples]."""
        heard = np.full((2, samples), np.nan, np.float32)
        Renderer(self.synth)(heard[0], heard[1])
        return heard

    def hops(self, count: int) -> Float32:
        """What is heard in the next hops, each begun in time."""
        heard = []
        for _ in range(count):
            length = hop_start(self.hop + 1, self.synth.sample_rate) - self.position
            heard.append(self.play(length))
            self.begin_hop()
        return np.concatenate(heard, axis=1)

    @property
    def position(self) -> int:
        return int(self.synth.state.position[0])

    @property
    def late(self) -> tuple[int, int]:
        """How many frames and how many notes were late."""
        return int(self.synth.state.late_frames[0]), int(self.synth.state.late_notes[0])


def tone(f0_hz: float, samples: int) -> Float64:
    """What a voice sounds like, in float64 and without panning, from its first sample on."""
    place = np.arange(samples)
    number = np.arange(1, HARMONICS + 1)[:, np.newaxis]
    wave = (np.sin(2.0 * np.pi * number * f0_hz * place / RATE) / number * LOUDNESS).sum(axis=0)
    fade = 0.5 - 0.5 * np.cos(np.pi * np.minimum(place / FADE, 1.0))
    heard: Float64 = OUTPUT_GAIN * wave * fade
    return heard
