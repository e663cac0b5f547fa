"""What a block costs in the audio callback, and a frame in the control thread."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from time import perf_counter_ns
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float64
from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section
from instrument.bench.timing import Quantiles, quantile_metrics
from instrument.dsp.block import Renderer
from instrument.dsp.frames import hop_start
from instrument.engine.engine import Engine
from instrument.midi.events import NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE

SHARE = 0.5
"""Of its time, that a block may take at most 999 times of 1000, for its polyphony to count."""

LOWEST, KEYS = 55, 40
NOTE_SECONDS = 0.02
SETTLED_SECONDS = 0.3


class Kind(NamedTuple):
    """How an engine plays."""

    sample_rate: int
    block: int
    voices: int

    @property
    def budget_us(self) -> float:
        """The time in which a block is played, and the next one has to be ready."""
        return 1e6 * self.block / self.sample_rate


def sounding_engine(instrument: Instrument, sample_rate: int, voices: int) -> Engine:
    """An engine in which so many voices are held, past their attacks."""
    engine = Engine(instrument, EngineSettings(sample_rate=sample_rate, voices=voices))
    for voice in range(voices):
        channel, key = divmod(voice, KEYS)
        engine.push(
            NoteOn(channel, LOWEST + key, 64 + voice % 60),
            round(voice * NOTE_SECONDS * sample_rate),
        )
    seconds = voices * NOTE_SECONDS + SETTLED_SECONDS
    engine.render(np.zeros((2, round(seconds * sample_rate)), np.float32))
    return engine


def audio_times_us(engine: Engine, block: int, blocks: int) -> Float64:
    """How long the audio callback takes for each of some blocks, [blocks] in µs.

    Live it is all that the sound device waits for; the control frames were computed before it.
    """
    left, right = np.zeros((2, block), np.float32)
    render = Renderer(engine.synth)
    spent = np.empty(blocks)
    for i in range(blocks):
        engine.advance(engine.position + block)
        began = perf_counter_ns()
        render(left, right)
        spent[i] = perf_counter_ns() - began
    return spent / 1000.0


def control_times_us(engine: Engine, sample_rate: int, hops: int) -> Float64:
    """How long the control thread takes for each of some frames of all voices, [hops] in µs."""
    spent = np.empty(hops)
    first = engine.position * FRAME_RATE // sample_rate + 1
    for i in range(hops):
        until = hop_start(first + i, sample_rate)
        began = perf_counter_ns()
        engine.advance(until)
        spent[i] = perf_counter_ns() - began
        engine.render(np.zeros((2, until - engine.position), np.float32))
    return spent / 1000.0


def measure_blocks(instrument: Instrument, effort: Effort) -> Iterator[Section]:
    """The audio callback, the control thread, and the polyphony that they allow."""
    engines = {
        (rate, voices): sounding_engine(instrument, rate, voices)
        for rate, voices in product(effort.sample_rates, effort.voices)
    }
    kinds = [
        Kind(rate, block, voices)
        for rate, block, voices in product(effort.sample_rates, effort.block_sizes, effort.voices)
    ]
    audio: dict[Kind, list[Quantiles]] = {kind: [] for kind in kinds}
    control: dict[tuple[int, int], list[Quantiles]] = {key: [] for key in engines}
    for _ in range(effort.rounds):
        for kind in kinds:
            engine = engines[kind.sample_rate, kind.voices]
            audio[kind].append(Quantiles.of(audio_times_us(engine, kind.block, effort.blocks)))
        for key, engine in engines.items():
            control[key].append(Quantiles.of(control_times_us(engine, key[0], effort.blocks)))
    yield Section(
        "Audio callback: a block, of which the device waits for the end",
        tuple(
            Row(
                {"Hz": kind.sample_rate, "block": kind.block, "voices": kind.voices},
                {**quantile_metrics(rounds), "p99 of budget": _share(rounds, kind.budget_us)},
            )
            for kind, rounds in audio.items()
        ),
    )
    budget_us = 1e6 / FRAME_RATE
    yield Section(
        "Control thread: a frame of 4 ms, computed a frame ahead",
        tuple(
            Row(
                {"Hz": rate, "voices": voices},
                {**quantile_metrics(rounds), "p99 of budget": _share(rounds, budget_us)},
            )
            for (rate, voices), rounds in control.items()
        ),
    )
    yield _polyphony(audio, control, effort)


def _share(rounds: list[Quantiles], budget_us: float) -> Metric:
    return Metric("%", tuple(100.0 * quantiles.p99 / budget_us for quantiles in rounds))


def _polyphony(
    audio: dict[Kind, list[Quantiles]],
    control: dict[tuple[int, int], list[Quantiles]],
    effort: Effort,
) -> Section:
    """The most voices with which neither takes more than its share, 999 times of 1000."""

    def most(rate: int, block: int, number: int) -> float:
        possible = 0
        for voices in effort.voices:
            kind = Kind(rate, block, voices)
            in_time = audio[kind][number].p999 < SHARE * kind.budget_us
            if not in_time or control[rate, voices][number].p999 >= SHARE * 1e6 / FRAME_RATE:
                break
            possible = voices
        return float(possible)

    return Section(
        "Polyphony: the most voices with p99.9 of callback and control under half of their time",
        tuple(
            Row(
                {"Hz": rate, "block": block},
                {
                    "voices": Metric(
                        "", tuple(most(rate, block, n) for n in range(effort.rounds)), "higher"
                    )
                },
            )
            for rate, block in product(effort.sample_rates, effort.block_sizes)
        ),
        (f"Tried with {', '.join(map(str, effort.voices))} voices.",),
    )
