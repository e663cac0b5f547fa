"""JACK's messages go through the compiled process callback into a ring, whole and in order."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_int, c_size_t, c_uint32, c_void_p
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.dsp.jack_callback import (
    FRAMES_WRAP,
    JackFunctions,
    MidiRing,
    process_address,
)

NOTE = bytes((0x90, 60, 64))
CLIENT, PORT, BUFFER = 0x1234_5678_9ABC, 77, 99
NO_SUCH_EVENT = -61


class JackEvent(ctypes.Structure):
    """jack_midi_event_t."""

    _fields_ = (("time", c_uint32), ("size", c_size_t), ("buffer", c_void_p))


class FakeJack:
    """Stands in for JACK's library: calls the process callback with messages and a time."""

    def __init__(self, size: int) -> None:
        self.messages: list[bytes] = []
        self.frame = 0
        self.has_buffer = True
        self.broken: set[int] = set()
        self._kept: list[Any] = []
        functions = (
            CFUNCTYPE(c_void_p, c_void_p, c_uint32)(self._port_get_buffer),
            CFUNCTYPE(c_uint32, c_void_p)(self._event_count),
            CFUNCTYPE(c_int, POINTER(JackEvent), c_void_p, c_uint32)(self._event_get),
            CFUNCTYPE(c_uint32, c_void_p)(self._last_frame_time),
        )
        self._functions = functions
        addresses = (ctypes.cast(function, c_void_p).value or 0 for function in functions)
        self.ring = MidiRing(JackFunctions(*addresses), size)
        self.ring.listen(CLIENT, PORT)
        self._process = CFUNCTYPE(c_int, c_uint32, c_void_p)(process_address())

    def period(self, *messages: bytes, frame: int = 0) -> None:
        """One period, that began at a frame and brings messages."""
        self.messages, self.frame = list(messages), frame
        self._kept = [ctypes.create_string_buffer(data, len(data)) for data in messages]
        assert self._process(128, self.ring.user_data) == 0

    def taken(self) -> list[tuple[bytes, int, int]]:
        """All that is in the ring."""
        return list(iter(self.ring.take, None))

    def _port_get_buffer(self, port: int, frames: int) -> int | None:
        assert (port, frames) == (PORT, 128)
        return BUFFER if self.has_buffer else None

    def _event_count(self, buffer: int) -> int:
        assert buffer == BUFFER
        return len(self.messages)

    def _event_get(self, event: Any, buffer: int, index: int) -> int:
        assert buffer == BUFFER
        if index in self.broken:
            return NO_SUCH_EVENT
        event[0].time = index
        event[0].size = len(self.messages[index])
        event[0].buffer = ctypes.addressof(self._kept[index])
        return 0

    def _last_frame_time(self, client: int) -> int:
        assert client == CLIENT
        return self.frame


def test_messages_come_with_the_frames_between_their_periods_and_their_places_in_them() -> None:
    jack = FakeJack(16)
    assert jack.ring.take() is None
    jack.period(NOTE, b"\xf8", frame=FRAMES_WRAP - 128)
    jack.period(frame=0)
    jack.period(b"\xb0\x01\x7f", frame=128)
    assert jack.taken() == [(NOTE, 0, 0), (b"\xf8", 0, 1), (b"\xb0\x01\x7f", 256, 0)]
    assert jack.taken() == []


@given(st.lists(st.lists(st.binary(max_size=40), max_size=4), max_size=30))
def test_whatever_comes_is_taken_as_it_came(periods: list[list[bytes]]) -> None:
    jack = FakeJack(32)
    for number, messages in enumerate(periods):
        jack.period(*messages, frame=number)
        assert [message for message, *_ in jack.taken()] == messages


def test_a_full_ring_keeps_what_it_has() -> None:
    jack = FakeJack(8)
    sent = [bytes((0xB0, 1, value)) for value in range(20)]
    jack.period(*sent)
    assert [message for message, *_ in jack.taken()] == sent[:7]
    jack.period(*sent[10:12])
    assert [message for message, *_ in jack.taken()] == sent[10:12]


def test_a_message_that_is_too_long_is_left_out() -> None:
    jack = FakeJack(8)
    jack.period(NOTE, bytes(1_000), NOTE)
    assert [message for message, *_ in jack.taken()] == [NOTE, NOTE]


@pytest.mark.parametrize("has_buffer", [True, False])
def test_what_jack_refuses_is_left_out(has_buffer: bool) -> None:
    jack = FakeJack(8)
    jack.has_buffer = has_buffer
    jack.broken = {0}
    jack.period(NOTE, b"\x80\x3c\x00")
    assert [message for message, *_ in jack.taken()] == ([b"\x80\x3c\x00"] if has_buffer else [])


def test_the_ring_goes_round_as_often_as_it_must() -> None:
    jack = FakeJack(8)
    for number in range(100):
        message = bytes(np.arange(number % 11, dtype=np.uint8))
        jack.period(message, frame=10 * number)
        assert jack.taken() == [(message, 10 if number else 0, 0)]
