"""What JACK plays on, and a stream that plays there."""

from __future__ import annotations

from instrument.audio.devices import Device
from instrument.audio.jack_client import Client, Seat
from instrument.dsp.callback import Callback, Playback
from instrument.errors import UsageError


class JackOutput:
    """An open stream on JACK, through the client that also hears MIDI.

    Attributes:
        device: That it plays on.
        latency_seconds: How long samples take to the device's output, as the device says.
    """

    def __init__(
        self,
        device: Device,
        sample_rate: int,
        playback: Playback,
        seat: Seat,
        *,
        rate_given: bool = True,
    ) -> None:
        """Connect to a device and begin to play.

        Args:
            device: That is played on.
            sample_rate: In Hz.
            playback: What plays.
            seat: At the server.
            rate_given: Whether a person asked for this sample rate.

        Raises:
            UsageError: The server has another sample rate, or has gone.
        """
        self.device = device
        self._seat = seat
        self._client = self._joined(sample_rate, given=rate_given)
        sources, sinks = self._client.outputs(), self._client.devices().get(device.name, [])
        if len(sinks) < len(sources):
            raise UsageError(f"the sound device {device.name} has gone")
        self._client.play(Callback(playback))
        for source, sink in zip(sources, sinks, strict=False):
            if not self._client.connect(source, sink):
                self._client.fall_silent()
                raise UsageError(f"{device.name} ({device.api}) refuses to be connected")
        self.latency_seconds = self._client.latency_frames(sinks[0]) / sample_rate

    def _joined(self, sample_rate: int, *, given: bool) -> Client:
        client, device = self._seat.join(), self.device
        if client is None:
            raise UsageError("the JACK server doesn't answer")
        if client.sample_rate != sample_rate:
            raise UsageError(
                f"{device.name} ({device.api}) runs at {client.sample_rate} Hz and not at "
                f"{sample_rate} Hz{': leave out --sample-rate' if given else ''}"
            )
        return client

    @property
    def alive(self) -> bool:
        """Whether the server hasn't died."""
        return self._client.alive

    @property
    def seconds(self) -> float:
        """The server's time now, the one that the callback is told."""
        return self._client.seconds

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""
        return self._client.load

    def close(self) -> None:
        """Stop playing; MIDI is heard as before."""
        self._client.fall_silent()

    def abandon(self) -> None:
        """Give up a server that has died, or one that doesn't call back any more."""
        if self._client.alive:
            self._seat.leave()
