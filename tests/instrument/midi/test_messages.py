"""The MIDI protocol: what a message means, and events in bytes that come as they please."""

from __future__ import annotations

from itertools import pairwise

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
from instrument.midi.messages import MessageParser, data_length, decode, encode, pack, unpack

NOTE_ON, NOTE_OFF = NoteOn(0, 60, 64), NoteOff(0, 60, 0)
ON, OFF = bytes((0x90, 60, 64)), bytes((0x80, 60, 0))

seven_bits = st.integers(0, 127)
channels = st.integers(0, 15)
all_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(NoteOn, channels, seven_bits, st.integers(1, 127)),
    st.builds(NoteOff, channels, seven_bits, seven_bits),
    st.builds(ControlChange, channels, seven_bits, seven_bits),
    st.builds(PitchBend, channels, st.integers(-8192, 8191)),
    st.builds(ProgramChange, channels, seven_bits),
    st.builds(ChannelPressure, channels, seven_bits),
    st.builds(KeyPressure, channels, seven_bits, seven_bits),
)
real_time = st.lists(st.integers(0xF8, 0xFF), max_size=3)

# --- Messages and events -------------------------------------------------------------------------

MESSAGES = [
    (mido.Message("note_on", channel=3, note=60, velocity=100), NoteOn(3, 60, 100)),
    (mido.Message("note_off", channel=3, note=60, velocity=10), NoteOff(3, 60, 10)),
    (mido.Message("control_change", channel=1, control=74, value=9), ControlChange(1, 74, 9)),
    (mido.Message("program_change", channel=2, program=40), ProgramChange(2, 40)),
    (mido.Message("aftertouch", channel=4, value=64), ChannelPressure(4, 64)),
    (mido.Message("polytouch", channel=4, note=60, value=64), KeyPressure(4, 60, 64)),
    (mido.Message("pitchwheel", channel=15, pitch=-8192), PitchBend(15, -8192)),
    (mido.Message("pitchwheel", channel=0, pitch=0), PitchBend(0, 0)),
    (mido.Message("pitchwheel", channel=0, pitch=8191), PitchBend(0, 8191)),
]


@given(all_events)
def test_events_are_packed_into_four_bytes(event: Event) -> None:
    assert pack(encode(event)) < 2**32
    assert unpack(pack(encode(event))) == event


def test_a_note_on_with_velocity_0_is_packed_as_a_note_off() -> None:
    assert pack(bytes((0x93, 60, 0))) == pack(encode(NoteOff(3, 60)))


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_channel_messages_become_events(message: mido.Message, event: Event) -> None:
    assert decode(message.bin()) == event


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_events_become_channel_messages(message: mido.Message, event: Event) -> None:
    assert encode(event) == message.bin()


@given(all_events)
def test_every_event_comes_back_from_its_message(event: Event) -> None:
    message = encode(event)
    assert decode(message) == event
    assert len(message) == 1 + data_length(message[0])


def test_a_note_on_with_velocity_zero_is_a_note_off() -> None:
    assert decode(bytes((0x95, 69, 0))) == NoteOff(5, 69)


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
    assert decode(bytes(message.bytes())) is None


@given(channel=channels, key=seven_bits, velocity=st.integers(1, 127))
def test_every_key_arrives_with_its_channel_and_velocity(
    channel: int, key: int, velocity: int
) -> None:
    assert decode(bytes((0x90 | channel, key, velocity))) == NoteOn(channel, key, velocity)
    assert decode(bytes((0x80 | channel, key, velocity))) == NoteOff(channel, key, velocity)


@given(channel=channels, pitch=st.integers(-8192, 8191))
def test_the_whole_travel_of_the_pitch_wheel_arrives(channel: int, pitch: int) -> None:
    message = mido.Message("pitchwheel", channel=channel, pitch=pitch)
    assert decode(message.bin()) == PitchBend(channel, pitch)


@pytest.mark.parametrize(
    "message",
    [
        mido.Message("quarter_frame"),
        mido.Message("songpos"),
        mido.Message("song_select"),
        mido.Message("tune_request"),
        *(message for message, _ in MESSAGES),
    ],
)
def test_lengths_of_messages(message: mido.Message) -> None:
    status, *data = message.bytes()
    assert data_length(status) == len(data)


# --- Events in a stream of bytes -----------------------------------------------------------------


def parsed(*chunks: bytes) -> list[Event]:
    parser = MessageParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@given(st.lists(all_events), st.data())
def test_running_status_and_real_time_bytes_may_stand_anywhere(
    sent: list[Event], data: st.DataObject
) -> None:
    stream: list[int] = []
    running = 0
    for message in map(encode, sent):
        omitted = message[0] == running and data.draw(st.booleans())
        running = message[0]
        for byte in message[1:] if omitted else message:
            stream += [*data.draw(real_time), byte]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [bytes(stream[a:b]) for a, b in pairwise([0, *cuts, len(stream)])]
    assert parsed(*chunks) == sent


@given(st.binary(), st.data())
def test_any_bytes_give_the_same_events_however_they_are_cut(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert parsed(*chunks) == parsed(stream)


@pytest.mark.parametrize(
    "system", [b"\xf0\x7e\x7f\x09\x01\xf7", b"\xf0\x01\x02", b"\xf1\x20", b"\xf2\x01\x02", b"\xf6"]
)
def test_system_messages_are_passed_over(system: bytes) -> None:
    assert parsed(ON + system + OFF) == [NOTE_ON, NOTE_OFF]


def test_a_system_message_ends_running_status() -> None:
    assert parsed(ON, b"\xf3\x01", ON[1:]) == [NOTE_ON]


def test_a_message_that_is_cut_short_is_passed_over() -> None:
    assert parsed(ON[:2], OFF, b"\x40", ON) == [NOTE_OFF, NOTE_ON]


def test_a_key_that_goes_down_with_velocity_zero_comes_up() -> None:
    assert parsed(ON, bytes((60, 0))) == [NOTE_ON, NoteOff(0, 60)]
