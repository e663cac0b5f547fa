"""From a note-on to its first sample, inside the engine."""

from __future__ import annotations

from time import perf_counter_ns

import numpy as np

from instrument.arrays import Float64
from instrument.bench.effort import Effort
from instrument.bench.metrics import Metric, Row, Section
from instrument.bench.timing import Quantiles, quantile_metrics
from instrument.engine.engine import Engine
from instrument.errors import ArcoError
from instrument.midi.controllers import ALL_SOUND_OFF
from instrument.midi.events import ControlChange, NoteOn
from instrument.model.graphs import Instrument
from instrument.settings import EngineSettings

SAMPLE_RATE = 48_000
SILENT_SAMPLES = 4096
"""After all sound off, until nothing is left of a note."""

HEARD_WITHIN = 3 * SAMPLE_RATE


def measure_notes(instrument: Instrument, effort: Effort) -> Section:
    """Notes at random samples: when they sound, and what it costs to begin them."""
    rows = []
    for block in effort.block_sizes:
        delays, costs = zip(
            *(note_times(instrument, block, effort.notes, seed) for seed in range(effort.rounds)),
            strict=True,
        )
        metrics = {
            "delay": Metric("samples", tuple(float(np.median(delay)) for delay in delays)),
            "jitter": Metric("samples", tuple(float(np.ptp(delay)) for delay in delays)),
            **quantile_metrics([Quantiles.of(cost) for cost in costs]),
        }
        rows.append(Row({"block": block}, metrics))
    return Section(
        "Note-on to first sample, inside the engine",
        tuple(rows),
        (
            f"{effort.notes} notes at random samples in each round. The delay is from the event's "
            "own sample to the first that isn't 0 (a fade begins with one that is); the times are "
            "what the note costs the control thread.",
        ),
    )


def note_times(
    instrument: Instrument, block: int, notes: int, seed: int, audible: float = 0.0
) -> tuple[Float64, Float64]:
    """Play single notes at random samples.

    Args:
        instrument: What plays.
        block: Samples in a block.
        notes: How many, n.
        seed: Of their samples, keys and velocities.
        audible: What a sample has to exceed, to be heard.

    Returns:
        [n], samples from each event to the first that is heard; and [n], µs that the note
        took to prepare.

    Raises:
        ArcoError: A note isn't heard within three seconds.
    """
    rng = np.random.default_rng(seed)
    engine = Engine(
        instrument, EngineSettings(sample_rate=SAMPLE_RATE, voices=2, seed=seed, room_gain=0.0)
    )
    out = np.zeros((2, block), np.float32)
    delays, costs = np.empty(notes), np.empty(notes)
    for note in range(notes):
        event = int(engine.position + rng.integers(block))
        key, velocity = int(rng.integers(55, 96)), int(rng.integers(20, 128))
        engine.advance(event)
        engine.push(NoteOn(0, key, velocity), event)
        began = perf_counter_ns()
        engine.advance(event + 1)
        costs[note] = (perf_counter_ns() - began) / 1000.0
        sounding = np.zeros(0, np.int64)
        while len(sounding) == 0:
            first = engine.position
            if first > event + HEARD_WITHIN:
                name = instrument.spec.name
                raise ArcoError(f"{name}: key {key} with velocity {velocity} makes no sound")
            engine.render(out)
            sounding = np.flatnonzero(np.abs(out[0]) > audible)
        delays[note] = first + sounding[0] - event
        engine.push(ControlChange(0, ALL_SOUND_OFF, 0), engine.position)
        engine.render(np.zeros((2, SILENT_SAMPLES), np.float32))
    return delays, costs
