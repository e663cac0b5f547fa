"""A recorded note as training takes it: its pitch is CREPE's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from instrument.arrays import Float32
from instrument.errors import RecordingError, UsageError
from instrument.listening.audio import Recording, read_note
from instrument.listening.note import Analysis
from instrument.listening.note import analyse as analyse_with
from instrument.units import FRAME_RATE
from training.analysis import crepe
from training.analysis.crepe import CrepeSize


@dataclass(frozen=True)
class PrepareSettings:
    """What decides the features of a folder."""

    instrument: str = "violin"
    sample_rate: int = 48_000
    crepe: CrepeSize = "tiny"
    held_out: float = 0.15
    device: str = "cpu"

    def __post_init__(self) -> None:
        rate = self.sample_rate
        if self.crepe not in get_args(CrepeSize):
            raise UsageError(f"--crepe {self.crepe}: should be tiny or full")
        if rate % FRAME_RATE or not 16_000 <= rate <= 96_000:
            raise UsageError(
                f"--sample-rate {rate}: should be a multiple of {FRAME_RATE}, 16000…96000"
            )


def read_recording(path: Path, settings: PrepareSettings) -> Recording:
    """Read a recording at the sample rate of the features.

    Raises:
        RecordingError: See ``read_note``; the message is the reason, and doesn't name the file.
    """
    try:
        return read_note(path, settings.sample_rate)
    except RecordingError as error:
        raise RecordingError(str(error).removeprefix(f"{path}: ")) from error


def analyse(audio: Float32, midi: int, settings: PrepareSettings) -> Analysis:
    """Find pitch, loudness and segments of one note.

    Args:
        audio: [samples], mono at ``settings.sample_rate``.
        midi: The labelled pitch.
        settings: Of the run.

    Raises:
        RecordingError: It is no such note; the message is the reason.
    """

    def track(audio: Float32, sample_rate: int, midi: int) -> tuple[Float32, Float32]:
        return crepe.estimate_f0(
            audio, sample_rate, FRAME_RATE, midi, settings.crepe, settings.device
        )

    return analyse_with(audio, midi, settings.sample_rate, track)
