"""What was rendered: for a person, as JSON, and for a program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderReport:
    """What was rendered.

    Attributes:
        seconds: Of audio.
        render_seconds: That it took.
        compile_seconds: That compiling took before; 0 but for the first time.
        realtime_factor: How many times faster than it plays.
        notes: How many were played, those of trills and strokes of tremolos, too.
        mended: How many of the song's had no end or no length, and were given one.
        outside: How many of the song's lie outside the instrument's range.
        skipped: How many of these were left out.
        without_voice: How many weren't heard, since too many were to sound at once.
        voices_max: The most that sounded at once.
        peak_dbfs: Of the audio.
        sample_rate: In Hz.
        model: Name and digest of the instrument.
    """

    seconds: float
    render_seconds: float
    compile_seconds: float
    realtime_factor: float
    notes: int
    mended: int
    outside: int
    skipped: int
    without_voice: int
    voices_max: int
    peak_dbfs: float
    sample_rate: int
    model: dict[str, str]
