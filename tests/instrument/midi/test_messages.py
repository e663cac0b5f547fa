"""What a MIDI message means to the instrument."""

from __future__ import annotations

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.events import (
    ChannelPressure,
    ControlChange,
    Event,
    KeyPressure,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
)
from instrument.midi.messages import event_from_bytes, to_event

seven_bits = st.integers(0, 127)
channels = st.integers(0, 15)


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (mido.Message("note_on", channel=3, note=60, velocity=100), NoteOn(3, 60, 100)),
        (mido.Message("note_off", channel=3, note=60, velocity=10), NoteOff(3, 60, 10)),
        (mido.Message("control_change", channel=1, control=74, value=9), ControlChange(1, 74, 9)),
        (mido.Message("program_change", channel=2, program=40), ProgramChange(2, 40)),
        (mido.Message("aftertouch", channel=4, value=64), ChannelPressure(4, 64)),
        (mido.Message("polytouch", channel=4, note=60, value=64), KeyPressure(4, 60, 64)),
        (mido.Message("pitchwheel", channel=15, pitch=-8192), PitchBend(15, -8192)),
        (mido.Message("pitchwheel", channel=0, pitch=0), PitchBend(0, 0)),
        (mido.Message("pitchwheel", channel=0, pitch=8191), PitchBend(0, 8191)),
    ],
)
def test_channel_messages_become_events(message: mido.Message, event: Event) -> None:
    assert to_event(message) == event


def test_a_note_on_with_velocity_zero_is_a_note_off() -> None:
    assert to_event(mido.Message("note_on", channel=5, note=69, velocity=0)) == NoteOff(5, 69)


@pytest.mark.parametrize(
    "message",
    [
        mido.Message("sysex", data=(0x7E, 0x7F, 0x09, 0x01)),
        mido.Message("songpos", pos=8000),
        mido.Message("tune_request"),
        mido.Message("clock"),
        mido.Message("active_sensing"),
        mido.Message("reset"),
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.MetaMessage("end_of_track"),
    ],
)
def test_other_messages_mean_nothing_to_the_instrument(message: mido.Message) -> None:
    assert to_event(message) is None


@given(channel=channels, key=seven_bits, velocity=st.integers(1, 127))
def test_every_key_arrives_with_its_channel_and_velocity(
    channel: int, key: int, velocity: int
) -> None:
    assert event_from_bytes(0x90 | channel, key, velocity) == NoteOn(channel, key, velocity)
    assert event_from_bytes(0x80 | channel, key, velocity) == NoteOff(channel, key, velocity)


@given(channel=channels, pitch=st.integers(-8192, 8191))
def test_the_whole_travel_of_the_pitch_wheel_arrives(channel: int, pitch: int) -> None:
    message = mido.Message("pitchwheel", channel=channel, pitch=pitch)
    assert to_event(message) == PitchBend(channel, pitch)
