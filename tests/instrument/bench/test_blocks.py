"""What a block of the engine costs, and the polyphony that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from instrument.bench.blocks import (
    Kind,
    _polyphony,
    audio_times_us,
    control_times_us,
    measure_blocks,
    sounding_engine,
)
from instrument.bench.effort import Effort
from instrument.bench.metrics import Section
from instrument.bench.timing import Quantiles
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE

RATE, BLOCK = 48_000, 64
FRAME_US = 1e6 / FRAME_RATE


@pytest.mark.parametrize("voices", [1, 2, 41])
def test_a_sounding_engine_holds_as_many_voices_as_were_asked_for(
    voices: int, tiny: Instrument
) -> None:
    engine = sounding_engine(tiny, RATE, voices)
    assert (engine.voices, engine.held, engine.dropped) == (voices, voices, 0)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_every_block_is_played_and_none_of_its_frames_comes_late(
    rate: int, tiny: Instrument
) -> None:
    engine = sounding_engine(tiny, rate, 2)
    before = engine.position
    times = audio_times_us(engine, 100, 7)
    assert times.shape == (7,)
    assert (times > 0.0).all()
    assert engine.position == before + 700
    assert engine.synth.state.late_frames[0] == 0
    assert engine.voices == 2


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_the_control_thread_is_timed_frame_by_frame(rate: int, tiny: Instrument) -> None:
    engine = sounding_engine(tiny, rate, 2)
    before, frames = engine.position, 25
    times = control_times_us(engine, rate, frames)
    assert times.shape == (frames,)
    assert (times > 0.0).all()
    played = (engine.position - before) * FRAME_RATE / rate
    assert frames - 1 <= played <= frames
    assert engine.synth.state.late_frames[0] == 0


def test_a_block_has_the_time_in_which_it_is_played() -> None:
    assert Kind(48_000, 48, 1).budget_us == pytest.approx(1000.0)


def test_callback_and_control_are_measured_in_every_kind(
    tiny: Instrument, effort: Effort, assert_measured: Callable[[Section, int], None]
) -> None:
    audio, control, polyphony = measure_blocks(tiny, effort)
    kinds = product(effort.sample_rates, effort.block_sizes, effort.voices)
    assert [tuple(row.labels.values()) for row in audio.rows] == list(kinds)
    kinds_of_frames = product(effort.sample_rates, effort.voices)
    assert [tuple(row.labels.values()) for row in control.rows] == list(kinds_of_frames)
    for section in (audio, control):
        assert_measured(section, effort.rounds)
    for row in audio.rows:
        budget_us = 1e6 * int(row.labels["block"]) / int(row.labels["Hz"])
        assert row.metrics["p99 of budget"].unit == "%"
        assert row.metrics["p99 of budget"].rounds == pytest.approx(
            [100.0 * p99 / budget_us for p99 in row.metrics["p99"].rounds]
        )
    for row in control.rows:
        assert row.metrics["p99 of budget"].value == pytest.approx(
            100.0 * row.metrics["p99"].value / FRAME_US
        )
    assert [tuple(row.labels.values()) for row in polyphony.rows] == [(RATE, 64), (RATE, 128)]
    for row in polyphony.rows:
        assert set(row.metrics["voices"].rounds) <= {0.0, *map(float, effort.voices)}


# --- Polyphony -----------------------------------------------------------------------------------

BUDGET_US = 1e6 * BLOCK / RATE
EASY, FULL = 0.1, 0.6
"""Shares of its time that either takes, 999 times of 1000."""


def spent(share: float, budget_us: float) -> Quantiles:
    """A median and a p99 that are easily in time, and a longest time that never is."""
    return Quantiles(0.0, 0.0, share * budget_us, 10.0 * budget_us)


def polyphony(audio: list[tuple[float, ...]], control: list[tuple[float, ...]]) -> Section:
    """From shares of the time, of 1, 2 and 4 voices, in each round."""
    effort = Effort(rounds=len(audio), sample_rates=(RATE,), block_sizes=(BLOCK,), voices=(1, 2, 4))
    return _polyphony(
        {
            Kind(RATE, BLOCK, voices): [spent(shares[i], BUDGET_US) for shares in audio]
            for i, voices in enumerate(effort.voices)
        },
        {
            (RATE, voices): [spent(shares[i], FRAME_US) for shares in control]
            for i, voices in enumerate(effort.voices)
        },
        effort,
    )


@pytest.mark.parametrize(
    ("audio", "control", "voices"),
    [
        ((EASY, EASY, EASY), (EASY, EASY, EASY), 4),
        ((EASY, EASY, FULL), (EASY, EASY, EASY), 2),
        ((EASY, EASY, EASY), (EASY, FULL, FULL), 1),
        ((FULL, FULL, FULL), (EASY, EASY, EASY), 0),
        ((EASY, EASY, EASY), (FULL, FULL, FULL), 0),
        ((EASY, EASY, 0.5), (EASY, EASY, EASY), 2),  # half of its time is too much
        ((EASY, EASY, EASY), (EASY, EASY, 0.5), 2),
        ((EASY, FULL, EASY), (EASY, EASY, EASY), 1),  # four can't be played where two can't
    ],
)
def test_as_many_voices_are_possible_as_callback_and_control_have_time_for(
    audio: tuple[float, ...], control: tuple[float, ...], voices: float
) -> None:
    (row,) = polyphony([audio], [control]).rows
    assert row.labels == {"Hz": RATE, "block": BLOCK}
    assert row.metrics["voices"].rounds == (voices,)
    assert row.metrics["voices"].better == "higher"


def test_every_round_has_its_own_polyphony() -> None:
    section = polyphony([(EASY, EASY, FULL), (EASY, EASY, EASY)], [(EASY, EASY, EASY)] * 2)
    assert section.rows[0].metrics["voices"].rounds == (2.0, 4.0)
    assert section.notes == ("Tried with 1, 2, 4 voices.",)


def test_more_time_for_a_longer_block_is_more_polyphony(effort: Effort) -> None:
    took_us = 0.6 * BUDGET_US
    two_sizes = replace(effort, rounds=1, block_sizes=(BLOCK, 2 * BLOCK), voices=(1,))
    took = [Quantiles(took_us, took_us, took_us, took_us)]
    short, long = _polyphony(
        {Kind(RATE, block, 1): took for block in two_sizes.block_sizes},
        {(RATE, 1): [spent(EASY, FRAME_US)]},
        two_sizes,
    ).rows
    assert (short.metrics["voices"].value, long.metrics["voices"].value) == (0.0, 1.0)
