"""A picture of a sound file: waveform, spectrogram, pitch and loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from instrument.errors import UsageError
from instrument.files import check_apart
from instrument.listening.audio import read_audio
from instrument.units import FRAME_RATE
from training.analysis.crepe import estimate_f0
from training.pictures import sound_plots
from training.pictures.plots import check_picture

SAMPLE_RATE = 48_000
VOICED = 0.5  # CREPE's periodicity above which a picture shows a pitch


def picture_sound(sound: Path, out: Path, start: float, seconds: float) -> float:
    """Draw a part of a sound file.

    Args:
        sound: In any usual audio format.
        out: The .png or .svg to write.
        start: Where the part begins, in seconds.
        seconds: Its length at most.

    Returns:
        Its length in seconds.

    Raises:
        RecordingError: The sound cannot be read.
        UsageError: It ends before ``start``.
        OutputError: The picture cannot be written.
    """
    check_picture(out)
    check_apart(out, sound)
    first, last = round(start * SAMPLE_RATE), round((start + seconds) * SAMPLE_RATE)
    audio = read_audio(sound, SAMPLE_RATE)[first:last]
    if not len(audio):
        raise UsageError(f"{sound}: ends before --start {start:g}")
    f0_hz, periodicity = estimate_f0(audio, SAMPLE_RATE, FRAME_RATE, continuous=True)
    heard = np.where(periodicity > VOICED, f0_hz, np.nan)
    sound_plots.sound(audio, SAMPLE_RATE, heard, out, title=sound.stem)
    return len(audio) / SAMPLE_RATE
