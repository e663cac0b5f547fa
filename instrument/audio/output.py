"""A stream that is open, on JACK or on what PortAudio offers."""

from __future__ import annotations

from typing import Protocol

from instrument.audio.devices import Device
from instrument.audio.jack_client import Seat
from instrument.audio.jack_output import JackOutput
from instrument.audio.stream import Stream
from instrument.dsp.callback import Playback


class Output(Protocol):
    """An open stream."""

    @property
    def device(self) -> Device:
        """That it plays on."""

    @property
    def alive(self) -> bool:
        """Whether the device still plays."""

    @property
    def seconds(self) -> float:
        """The stream's time now, the one that the callback is told."""

    @property
    def latency_seconds(self) -> float:
        """How long samples take to the device's output, as the device says."""

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""

    def close(self) -> None:
        """Stop playing."""

    def abandon(self) -> None:
        """Give up a device that has gone."""


def open_output(
    device: Device,
    sample_rate: int,
    block: int,
    playback: Playback,
    seat: Seat,
    *,
    rate_given: bool = True,
) -> Output:
    """Open a device and begin to play.

    Args:
        device: That is played on.
        sample_rate: In Hz.
        block: Samples a call; JACK's own, whatever is asked for.
        playback: What plays.
        seat: At the JACK server.
        rate_given: Whether a person asked for this sample rate.

    Raises:
        UsageError: The device refuses; the message says what it would take.
    """
    if device.is_jack:
        return JackOutput(device, sample_rate, playback, seat, rate_given=rate_given)
    return Stream(device, sample_rate, block, playback)
