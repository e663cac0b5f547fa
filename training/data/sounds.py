"""What a timbre is learned from: recordings with their pitch, loudness and audio, end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.errors import FeatureError


class EndToEnd:
    """Recordings whose frames and samples lie end to end."""

    frame_start: NDArray[np.int64]
    audio_start: NDArray[np.int64]

    def frames(self, recording: int) -> slice:
        """Where the frames of a recording lie in ``f0_hz`` and ``loudness_db``."""
        return slice(int(self.frame_start[recording]), int(self.frame_start[recording + 1]))

    def samples(self, recording: int) -> slice:
        """Where the samples of a recording lie in ``audio``."""
        return slice(int(self.audio_start[recording]), int(self.audio_start[recording + 1]))

    def check_audio(self) -> None:
        """See that there is something to hear of each recording.

        Raises:
            FeatureError: There isn't.
        """
        if np.any(np.diff(self.audio_start) == 0):
            raise FeatureError("the features hold no audio; make them with 'arco train prepare'")


@dataclass(frozen=True)
class Sounds(EndToEnd):
    """N recordings, notes or stretches of performances.

    Attributes:
        sample_rate: Of the audio, in Hz.
        name, source: [N].
        performed: [N], whether it is a stretch of a performance.
        fitted, validation: [N], whether networks are fitted to it, or chosen by it.
        frame_start: [N + 1], where its frames begin in ``f0_hz`` and ``loudness_db``.
        f0_hz, loudness_db: [all frames].
        audio_start: [N + 1], where its samples begin in ``audio``.
        audio: [all samples], mono.
    """

    sample_rate: int
    name: NDArray[np.str_]
    source: NDArray[np.str_]
    performed: NDArray[np.bool]
    fitted: NDArray[np.bool]
    validation: NDArray[np.bool]
    frame_start: NDArray[np.int64]
    f0_hz: Float64
    loudness_db: Float32
    audio_start: NDArray[np.int64]
    audio: Float32

    def only(self, chosen: NDArray[np.bool]) -> Self:
        """Those of them that are chosen: [N]."""
        frames, samples = np.diff(self.frame_start), np.diff(self.audio_start)
        in_chosen = np.repeat(chosen, frames)
        return type(self)(
            self.sample_rate,
            self.name[chosen],
            self.source[chosen],
            self.performed[chosen],
            self.fitted[chosen],
            self.validation[chosen],
            starts(frames[chosen]),
            self.f0_hz[in_chosen],
            self.loudness_db[in_chosen],
            starts(samples[chosen]),
            self.audio[np.repeat(chosen, samples)],
        )

    def followed_by(self, others: Self) -> Self:
        """These and others, at the same sample rate."""
        return type(self)(
            self.sample_rate,
            np.concatenate([self.name, others.name]),
            np.concatenate([self.source, others.source]),
            np.concatenate([self.performed, others.performed]),
            np.concatenate([self.fitted, others.fitted]),
            np.concatenate([self.validation, others.validation]),
            np.concatenate([self.frame_start, self.frame_start[-1] + others.frame_start[1:]]),
            np.concatenate([self.f0_hz, others.f0_hz]),
            np.concatenate([self.loudness_db, others.loudness_db]),
            np.concatenate([self.audio_start, self.audio_start[-1] + others.audio_start[1:]]),
            np.concatenate([self.audio, others.audio]),
        )


def starts(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some lengths begins, end to end, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
