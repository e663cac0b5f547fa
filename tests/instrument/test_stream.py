"""An instrument that a program plays block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import instrument as arco
from instrument.model.graphs import Instrument

RATE = 48_000


@pytest.fixture(scope="module")
def player(tiny: Instrument) -> arco.Player:
    return arco.Player(tiny)


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=12))
def test_a_stream_sounds_the_same_in_blocks_of_any_size(tiny: Instrument, sizes: list[int]) -> None:
    whole, cut = (arco.Player(tiny).stream(voices=3) for _ in range(2))
    for stream in (whole, cut):
        stream.push(arco.NoteOn(0, 69, 100), sample=50)
    blocks = [cut.render(size) for size in sizes]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole.render(sum(sizes)))


def test_an_event_without_a_sample_happens_now(player: arco.Player) -> None:
    stream = player.stream()
    stream.render(1000)
    stream.push(arco.NoteOn(0, 69, 100))
    block = stream.render(2000)
    assert stream.position == 3000
    assert stream.voices == 1
    assert not block[:, 0].any()
    assert block[:, :10].any()


def test_a_stream_falls_silent_after_its_notes(player: arco.Player) -> None:
    stream = player.stream()
    stream.push(arco.NoteOn(0, 69, 100))
    stream.render(RATE // 2)
    assert not stream.silent
    stream.release_all()
    stream.render(3 * RATE)
    assert stream.silent


@pytest.mark.parametrize(
    "event",
    [
        arco.NoteOn(16, 60, 80),
        arco.NoteOn(0, 128, 80),
        arco.NoteOn(0, 60, 0),
        arco.NoteOn(0, 60.5, 80),  # type: ignore[arg-type]
        arco.NoteOff(-1, 60),
        arco.ControlChange(0, 7, 300),
        arco.PitchBend(0, 8192),
        arco.ProgramChange(0, -1),
        arco.ChannelPressure(0, 128),
        arco.KeyPressure(0, 60, float("nan")),  # type: ignore[arg-type]
        arco.Latent(16),
        arco.Latent(0, ("a",)),  # type: ignore[arg-type]
        arco.Note(0.0, 1.0, 60),
        None,
    ],
)
def test_a_stream_refuses_what_is_no_event_of_midi_and_plays_on(
    player: arco.Player, event: Any
) -> None:
    stream = player.stream()
    with pytest.raises(arco.UsageError, match="should be"):
        stream.push(event)
    stream.push(arco.NoteOn(0, 69, 100))
    assert stream.render(2000).any()


@pytest.mark.parametrize("sample", [float("nan"), float("inf"), "1"])
def test_a_stream_refuses_what_is_no_sample(player: arco.Player, sample: Any) -> None:
    with pytest.raises(arco.UsageError, match="sample"):
        player.stream().push(arco.NoteOn(0, 69, 100), sample)


@pytest.mark.parametrize("samples", [-1, 1.5, 10**12])
def test_a_block_has_a_whole_number_of_samples(player: arco.Player, samples: Any) -> None:
    with pytest.raises(arco.UsageError, match="samples"):
        player.stream().render(samples)
