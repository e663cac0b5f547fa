"""What OSC messages mean to the instrument."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.live.held import ends_of_all
from instrument.live.osc_messages import Argument, Malformed, OscTranslator
from instrument.midi.controllers import AXIS_CONTROLLERS
from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    Latent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.model.graphs import Instrument


@pytest.fixture(scope="module")
def translator(tiny: Instrument) -> OscTranslator:
    return OscTranslator(tiny.spec)


@pytest.mark.parametrize(
    ("address", "arguments", "events"),
    [
        ("/note", (69, 100), [NoteOn(0, 69, 100)]),
        ("/note", (69.4, 99.6, 3), [NoteOn(2, 69, 100)]),
        ("/note", (69, 0, 16), [NoteOff(15, 69)]),
        ("/bend", (1.0,), [PitchBend(0, 8191)]),
        ("/bend", (-1.0, 2), [PitchBend(1, -8192)]),
        ("/bend", (0,), [PitchBend(0, 0)]),
        ("/pressure", (0.5,), [ChannelPressure(0, 64)]),
        ("/control", (1, 127), [ControlChange(0, 1, 127)]),
        ("/free", (), [Latent(0)]),
        ("/free", (4,), [Latent(3)]),
        (
            "/preset",
            (1,),
            [ControlChange(0, 0, 0), ControlChange(0, 32, 0), ProgramChange(0, 1)],
        ),
    ],
)
def test_an_address_and_its_arguments_are_events(
    translator: OscTranslator,
    address: str,
    arguments: tuple[Argument, ...],
    events: list[Event],
) -> None:
    assert translator.events(address, arguments) == events


def test_knobs_and_presets_have_names(translator: OscTranslator, tiny: Instrument) -> None:
    axis, preset = tiny.spec.axes[1].name, tiny.spec.presets[-1].name
    assert translator.events("/knob", (axis, 1.0)) == [ControlChange(0, AXIS_CONTROLLERS[1], 127)]
    *_, program = translator.events("/preset", (preset,))
    assert program == ProgramChange(0, len(tiny.spec.presets) - 1)


def test_a_point_is_the_latent_of_a_training_note(
    translator: OscTranslator, tiny: Instrument
) -> None:
    assert translator.events("/point", (5, 2)) == [Latent(1, tuple(tiny.spec.map[5].latent))]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_morphing_goes_straight_from_b_to_a(
    translator: OscTranslator, tiny: Instrument, share: float
) -> None:
    (event,) = translator.events("/morph", (3, 7, share))
    assert isinstance(event, Latent)
    a, b = (np.array(tiny.spec.map[point].latent) for point in (3, 7))
    np.testing.assert_allclose(event.values, share * a + (1.0 - share) * b, atol=1e-12)


def test_a_latent_has_all_its_coordinates(translator: OscTranslator) -> None:
    values = tuple(float(number) for number in range(16))
    assert translator.events("/latent", values) == [Latent(0, values)]
    assert translator.events("/latent", (*values, 9)) == [Latent(8, values)]


def test_panic_ends_everything(translator: OscTranslator) -> None:
    events = translator.events("/panic", ())
    assert events[:48] == [*ends_of_all()]
    assert events[48:] == [ControlChange(channel, 120, 0) for channel in range(16)]


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("/nothing", ()),
        ("/note", ()),
        ("/note", (69,)),
        ("/note", (69, 100, 1, 1)),
        ("/note", (128, 100)),
        ("/note", (-1, 100)),
        ("/note", ("C4", 100)),
        ("/note", (math.nan, 100)),
        ("/note", (69, math.inf)),
        ("/note", (69, 100, 0)),
        ("/note", (69, 100, 17)),
        ("/note", (69, 100, 1.5)),
        ("/note", (True, 100)),
        ("/note", (b"69", 100)),
        ("/note", (None, 100)),
        ("/note", ([69], 100)),
        ("/preset", (b"natural",)),
        ("/knob", (b"swell", 0.5)),
        ("/bend", (1.1,)),
        ("/knob", ("nothing", 0.5)),
        ("/knob", (0, 0.5)),
        ("/preset", ("nothing",)),
        ("/preset", (1000,)),
        ("/point", (-1,)),
        ("/point", (1.5,)),
        ("/point", (10_000,)),
        ("/morph", (0, 1, 2.0)),
        ("/latent", (1.0, 2.0)),
        ("/latent", (1e30,) * 16),
    ],
)
def test_what_means_nothing_is_malformed(
    translator: OscTranslator, address: str, arguments: tuple[Argument, ...]
) -> None:
    with pytest.raises(Malformed):
        translator.events(address, arguments)


@given(
    address=st.sampled_from(["/note", "/bend", "/knob", "/preset", "/point", "/morph", "/latent"]),
    arguments=st.lists(
        st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
        max_size=18,
    ),
)
def test_whatever_comes_is_events_or_malformed(
    translator: OscTranslator, address: str, arguments: list[Argument]
) -> None:
    try:
        events = translator.events(address, arguments)
    except Malformed:
        return
    assert all(0 <= event.channel <= 15 for event in events)
