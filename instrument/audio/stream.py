"""A stream that PortAudio plays through the compiled callback, and a sound file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from instrument.audio.devices import Device
from instrument.audio.portaudio import compiled_stream, leave_portaudio, load_sounddevice
from instrument.dsp.callback import OUTPUT_UNDERFLOW, Callback, Playback
from instrument.errors import UsageError
from instrument.files import encoded

CLOSE_SECONDS = 2.0
"""A device that doesn't close in this time has gone, and so has the library that waits for it."""

PLAYED_FRAMES = 4096
"""Samples of a file that go to the sound device at once."""


class Stream:
    """An open stream of PortAudio's.

    Attributes:
        device: That it plays on.
    """

    def __init__(
        self,
        device: Device,
        sample_rate: int,
        block: int,
        playback: Playback,
        *,
        compiled: bool = True,
    ) -> None:
        """Open a device and begin to play.

        Args:
            device: That is played on.
            sample_rate: In Hz.
            block: Samples a call.
            playback: What plays.
            compiled: Whether PortAudio calls machine code, or Python that calls it.

        Raises:
            UsageError: The device refuses; the message says what it would take.
        """
        self._sd = load_sounddevice()
        self.device = device
        wanted = {
            "samplerate": sample_rate,
            "blocksize": block,
            "device": device.index,
            "channels": 2,
            "dtype": "float32",
            "latency": "low",
        }
        try:
            stream = self._compiled(playback, wanted) if compiled else None
            if stream is None:
                stream = self._sd.OutputStream(callback=_python_callback(playback), **wanted)
            self._stream: Any = stream
            self._start()
        except self._sd.PortAudioError as error:
            raise UsageError(self._refusal(error, sample_rate, block)) from None
        except ValueError as error:
            raise UsageError(f"{device.name}: {error}") from None

    def _start(self) -> None:
        try:
            self._stream.start()
        except self._sd.PortAudioError:
            self._stream.close()
            raise

    def _compiled(self, playback: Playback, wanted: dict[str, Any]) -> Any:  # noqa: ANN401
        """A stream with a compiled callback; None if sounddevice has no door for one."""
        self._callback = Callback(playback)
        address, user_data = self._callback.address, self._callback.user_data
        return compiled_stream(self._sd, address, user_data, wanted)

    def _refusal(self, error: Exception, sample_rate: int, block: int) -> str:
        device, reason = self.device, str(error.args[0]) if error.args else "no reason given"
        return (
            f"{device.name} ({device.api}) refuses {sample_rate} Hz in blocks of {block}: "
            f"{reason}; it prefers {device.sample_rate} Hz; try another --sample-rate, --block or "
            "--audio-out"
        )

    @property
    def alive(self) -> bool:
        """Whether the device still plays."""
        with suppress(self._sd.PortAudioError):
            return bool(self._stream.active)
        return False

    @property
    def seconds(self) -> float:
        """The stream's time now, the one that the callback is told."""
        return float(self._stream.time)

    @property
    def latency_seconds(self) -> float:
        """How long samples take to the device's output, as the device says."""
        return float(self._stream.latency)

    @property
    def load(self) -> float:
        """The share of its time that the callback needs, 0…1."""
        return float(self._stream.cpu_load)

    def close(self) -> None:
        """Stop playing."""
        self._stream.close()

    def abandon(self) -> None:
        """Give up a device that has gone; ``rescan`` finds others."""
        if not _finishes(self._stream.close, CLOSE_SECONDS):
            leave_portaudio()


def _finishes(function: Callable[[], None], seconds: float) -> bool:
    """Whether a call returns in time; if it doesn't, it is left behind in its thread."""

    def call() -> None:
        with suppress(Exception):
            function()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def _python_callback(playback: Playback) -> Callable[..., None]:
    """The same callback in Python, for a sounddevice that takes no other."""
    compiled = Callback(playback)

    def callback(out: Any, _frames: int, time: Any, status: Any) -> None:  # noqa: ANN401
        compiled(out, time.currentTime, OUTPUT_UNDERFLOW if status.output_underflow else 0)

    return callback


def play_file(path: Path) -> None:
    """Play a sound file on the default device until its end.

    Raises:
        UsageError: There is no device, or it refuses, or a library is missing.
    """
    import soundfile  # noqa: PLC0415 (only playing needs it)

    sounddevice = load_sounddevice()
    try:
        sounddevice.query_devices(kind="output")
    except (sounddevice.PortAudioError, ValueError):
        raise UsageError("there is no sound device") from None
    try:
        with (
            soundfile.SoundFile(encoded(path)) as file,
            sounddevice.OutputStream(file.samplerate, channels=file.channels) as stream,
        ):
            for block in file.blocks(PLAYED_FRAMES, dtype="float32"):
                stream.write(block)
    except sounddevice.PortAudioError as error:
        raise UsageError(f"the sound device refuses: {error}") from None
