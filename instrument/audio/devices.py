"""The one door to sound devices: sounddevice with its PortAudio, and a way to play a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from instrument.errors import UsageError

PLAYED_FRAMES = 4096
"""Samples of a file that go to the sound device at once."""


def load_sounddevice() -> Any:  # noqa: ANN401 (it has no types)
    """The module sounddevice.

    Raises:
        UsageError: It or PortAudio is missing; the message says what to install.
    """
    try:
        import sounddevice  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        raise UsageError("sounddevice isn't installed: pip install 'arco[live]'") from None
    except OSError:
        raise UsageError(
            "the PortAudio library is missing; on Debian: apt-get install libportaudio2"
        ) from None
    return sounddevice


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
            soundfile.SoundFile(path) as file,
            sounddevice.OutputStream(file.samplerate, channels=file.channels) as stream,
        ):
            for block in file.blocks(PLAYED_FRAMES, dtype="float32"):
                stream.write(block)
    except sounddevice.PortAudioError as error:
        raise UsageError(f"the sound device refuses: {error}") from None
