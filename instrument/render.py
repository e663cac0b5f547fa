"""The offline driver: a score in, blocks of samples out, as fast as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from instrument.arrays import Float32
from instrument.engine.engine import ROOM_GAIN, Engine
from instrument.midi.file import Score
from instrument.model.graphs import Instrument
from instrument.model.latent import knob_settings
from instrument.units import gain_to_db

BLOCK = 4096
LONGEST_TAIL_SECONDS = 10.0
SILENCE = 1e-4  # −80 dBFS


@dataclass(frozen=True)
class RenderSettings:
    """How a score is rendered.

    Attributes:
        sample_rate: In Hz.
        seed: Of everything that is left to chance.
        preset: Name of the preset to begin with; the first one if None.
        knobs: Positions 0…1 by name of the latent axis.
        tail_seconds: What follows the last note; until it is silent, at most 10 s, if None.
        samples: Length of the whole, which a take has; from the score and its tail if None.
        voices: How many notes may sound at once.
        room_gain: Linear gain of the room.
        humanize: How much is left to chance, 0…2.
        frames_at_once: See `Engine`; a take has the one at a time that it was played with.
    """

    sample_rate: int = 48_000
    seed: int = 0
    preset: str | None = None
    knobs: Mapping[str, float] = field(default_factory=dict)
    tail_seconds: float | None = None
    samples: int | None = None
    voices: int = 64
    room_gain: float = ROOM_GAIN
    humanize: float = 1.0
    frames_at_once: int = 32

    @classmethod
    def of(cls, score: Score) -> RenderSettings:
        """The settings with which a take sounds as it was played; the usual ones for any other."""
        take = score.take
        if take is None:
            return cls()
        return cls(
            sample_rate=take.sample_rate,
            seed=take.seed,
            voices=take.voices,
            samples=take.samples,
            room_gain=take.room_gain,
            humanize=take.humanize,
            frames_at_once=1,
        )


@dataclass(frozen=True)
class RenderReport:
    """What was rendered.

    Attributes:
        seconds: Of audio.
        render_seconds: That it took.
        realtime_factor: How many times faster than it plays.
        notes: How many were played.
        voices_max: The most that sounded at once.
        peak_dbfs: Of the audio.
        sample_rate: In Hz.
        model: Name and digest of the instrument.
    """

    seconds: float
    render_seconds: float
    realtime_factor: float
    notes: int
    voices_max: int
    peak_dbfs: float
    sample_rate: int
    model: dict[str, str]


def render_score(
    instrument: Instrument,
    score: Score,
    settings: RenderSettings,
    write: Callable[[Float32], None],
    progress: Callable[[float], None] = lambda _seconds: None,
    channel: int | None = None,
) -> RenderReport:
    """Render a score.

    Args:
        instrument: What plays.
        score: What it plays.
        settings: How.
        write: Takes the blocks, [2, samples] each.
        progress: Called with the seconds rendered so far.
        channel: Only this channel's events, counted from 0.

    Raises:
        UnknownName: A preset or knob that the instrument doesn't have.
        UsageError: A knob outside 0…1, or a sample rate that can't be played at.
    """
    began = time.perf_counter()
    spec, rate = instrument.spec, settings.sample_rate
    preset = spec.presets.index(spec.preset(settings.preset)) if settings.preset else 0
    engine = Engine(
        instrument,
        rate,
        settings.voices,
        settings.seed,
        preset,
        knob_settings(spec, settings.knobs),
        settings.room_gain,
        settings.humanize,
        ahead=BLOCK,
        frames_at_once=settings.frames_at_once,
    )
    events = [e for e in score.events if channel is None or e.event.channel == channel]
    for timed in events:
        engine.push(timed.event, round(timed.seconds * rate))
    last = round(events[-1].seconds * rate) if events else 0
    peak = 0.0

    def render(until: int) -> float:
        """Render up to a sample; returns the peak of the last block."""
        nonlocal peak
        block_peak = 0.0
        while engine.position < until:
            block = np.zeros((2, min(BLOCK, until - engine.position)), dtype=np.float32)
            engine.render(block)
            block_peak = float(np.abs(block).max())
            peak = max(peak, block_peak)
            write(block)
            progress(engine.position / rate)
        return block_peak

    def render_tail() -> None:
        """Render what follows the score, until it is silent or as long as it was asked for."""
        if settings.tail_seconds is not None:
            render(engine.position + round(settings.tail_seconds * rate))
            return
        longest = engine.position + round(LONGEST_TAIL_SECONDS * rate)
        while engine.position < longest:
            if render(min(engine.position + BLOCK, longest)) < SILENCE and engine.silent:
                break

    if settings.samples is not None:
        render(settings.samples)
    else:
        render(last + 1)
        if engine.held:  # the file ends before its last notes do
            render(round(score.duration_seconds * rate))
            engine.release_all()
        render_tail()
    taken = time.perf_counter() - began
    seconds = engine.position / rate
    return RenderReport(
        seconds=seconds,
        render_seconds=taken,
        realtime_factor=seconds / taken,
        notes=engine.notes,
        voices_max=engine.most_voices,
        peak_dbfs=float(gain_to_db(peak)),
        sample_rate=rate,
        model={"name": spec.name, "digest": spec.digest},
    )
