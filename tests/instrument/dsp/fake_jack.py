"""Stands in for JACK's library: calls the process callback with messages and a time."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

import numpy as np

from instrument.arrays import Float32
from instrument.dsp.jack_callback import JackFunctions, Process

NOTE = bytes((0x90, 60, 64))
CLIENT, PORT, OTHER_PORT, BUFFER = 0x1234_5678_9ABC, 77, 78, 99
LEFT, RIGHT = 5, 6
NO_SUCH_EVENT = -61
RATE, PERIOD = 48_000, 128
CALL_MICROSECONDS = 100
"""By which JACK's time goes on whenever it is asked for."""


class JackEvent(ctypes.Structure):
    """jack_midi_event_t."""

    _fields_ = (("time", c_uint32), ("size", c_size_t), ("buffer", c_void_p))


class FakeJack:
    """Stands in for JACK's library: calls the process callback with messages and a time."""

    def __init__(self, size: int) -> None:
        self.messages: dict[int, list[bytes]] = {}
        self.frame = self.microseconds = 0
        self.missing: set[int] = set()
        self.broken: set[int] = set()
        self.frames = PERIOD
        self.sound = {LEFT: np.zeros(8192, np.float32), RIGHT: np.zeros(8192, np.float32)}
        self._kept: list[Any] = []
        functions = (
            CFUNCTYPE(c_void_p, c_void_p, c_uint32)(self._port_get_buffer),
            CFUNCTYPE(c_uint32, c_void_p)(self._event_count),
            CFUNCTYPE(c_int, POINTER(JackEvent), c_void_p, c_uint32)(self._event_get),
            CFUNCTYPE(c_uint32, c_void_p)(self._last_frame_time),
            CFUNCTYPE(c_uint64)(self._get_time),
        )
        self._functions = functions
        addresses = (ctypes.cast(function, c_void_p).value or 0 for function in functions)
        self.process = Process(JackFunctions(*addresses), CLIENT, RATE)
        self.ring = self.process.add_input(PORT, size)
        self._call = CFUNCTYPE(c_int, c_uint32, c_void_p)(self.process.address)
        self._gap = CFUNCTYPE(c_int, c_void_p)(self.process.gap_address)

    def period(
        self, *messages: bytes, frame: int = 0, frames: int = PERIOD, others: tuple[bytes, ...] = ()
    ) -> Float32:
        """One period, that began at a frame and brings messages; what it plays, [2, frames]."""
        self.messages = {PORT + BUFFER: [*messages], OTHER_PORT + BUFFER: [*others]}
        self.frame, self.frames, self._kept = frame, frames, []
        assert self._call(frames, self.process.user_data) == 0
        return np.array([self.sound[port][:frames] for port in (LEFT, RIGHT)])

    def gap(self) -> None:
        """Tell of one."""
        assert self._gap(self.process.user_data) == 0

    def taken(self) -> list[tuple[bytes, int, int | None]]:
        """All that is in the ring."""
        return list(iter(self.ring.take, None))

    def _port_get_buffer(self, port: int, frames: int) -> int | None:
        assert frames == self.frames
        if port in self.missing:
            return None
        return self.sound[port].ctypes.data if port in self.sound else port + BUFFER

    def _event_count(self, buffer: int) -> int:
        return len(self.messages[buffer])

    def _event_get(self, event: Any, buffer: int, index: int) -> int:
        if index in self.broken:
            return NO_SUCH_EVENT
        data = self.messages[buffer][index]
        self._kept.append(ctypes.create_string_buffer(data, len(data)))
        event[0].time = index
        event[0].size = len(data)
        event[0].buffer = ctypes.addressof(self._kept[-1])
        return 0

    def _last_frame_time(self, client: int) -> int:
        assert client == CLIENT
        return self.frame

    def _get_time(self) -> int:
        self.microseconds += CALL_MICROSECONDS
        return self.microseconds
