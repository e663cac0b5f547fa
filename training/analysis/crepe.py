"""Fundamental frequency by CREPE (Kim et al. 2018)."""

from __future__ import annotations

import sys
import types as python_types
from bisect import bisect_left
from functools import cache
from typing import Any, Literal

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from instrument.arrays import Float32
from instrument.errors import UsageError

CrepeSize = Literal["tiny", "full"]

CREPE_SAMPLE_RATE = 16_000
REACH, RIGHT = 12, 0.1
"""Of CREPE's Viterbi search: bins that the pitch doesn't reach in a frame, and a share."""

SLOWER_ABOVE_MIDI = 27.5, 51.5, 92.0, 104.0
"""At each of these CREPE hears a note half as fast, from four times its speed on: its highest bin
is 2006 Hz, MIDI 95.3, and its window of 64 ms has too few periods of a low note."""


@cache
def _torchcrepe() -> Any:  # noqa: ANN401 (torchcrepe has no types)
    """Import torchcrepe without torchaudio.

    It imports torchaudio only for opening files, and torchaudio's builds for accelerators fail to
    import beside a CPU build of torch.
    """
    stand_in = "torchaudio" not in sys.modules
    if stand_in:
        sys.modules["torchaudio"] = python_types.ModuleType("torchaudio")
    try:
        import torchcrepe  # noqa: PLC0415 (only after the stand-in)
    finally:
        if stand_in:
            del sys.modules["torchaudio"]
    return torchcrepe


def _decode(probabilities: torch.Tensor, *, continuous: bool) -> tuple[Float32, Float32]:
    """Frequency in Hz and periodicity 0…1 from CREPE's [frames, 360] activations.

    The weighted mean of the nine bins around the strongest one (Kim et al. 2018, eq. 2), or around
    the likeliest path's.
    """
    bins = torch.arange(probabilities.shape[1])
    peak = probabilities.argmax(dim=1, keepdim=True)
    if continuous:
        peak = torch.from_numpy(likeliest_path(peak[:, 0].numpy(), len(bins)))[:, None]
    weights = probabilities * ((bins - peak).abs() <= 4)
    mean_bin = (weights * bins).sum(dim=1) / weights.sum(dim=1).clamp_min(1e-9)
    cents_above_10_hz = 20.0 * mean_bin + 1997.3794084376191
    f0_hz = 10.0 * 2.0 ** (cents_above_10_hz / 1200.0)
    return f0_hz.numpy(), probabilities.amax(dim=1).numpy()


def likeliest_path(peaks: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """CREPE's own Viterbi search: the path of bins that explains the strongest ones best.

    From frame to frame it moves by 11 bins of 20 cents at most, the farther the less likely; a
    tenth of the strongest bins are right and the others anything.

    Args:
        peaks: [frames], the strongest bins.
        bins: How many there are.

    Returns:
        [frames].
    """
    places = np.arange(bins)
    steps = np.maximum(REACH - np.abs(places[:, None] - places), 0.0)
    with np.errstate(divide="ignore"):
        moving = np.log(steps / steps.sum(axis=1, keepdims=True))  # [from, to]
    # [move, to]: where each move comes from, and how likely it is; −∞ from beyond the ends.
    origins = places - np.arange(-REACH + 1, REACH)[:, None]
    inside = (origins >= 0) & (origins < bins)
    origins = np.clip(origins, 0, bins - 1)
    likely = np.where(inside, moving[origins, places], -np.inf)
    right, wrong = np.log(RIGHT + (1.0 - RIGHT) / bins), np.log((1.0 - RIGHT) / bins)
    came = np.zeros((len(peaks), bins), np.int64)
    score = np.zeros(bins)
    for frame, peak in enumerate(peaks):
        if frame:
            each = score[origins] + likely
            best = each.argmax(axis=0)
            came[frame] = origins[best, places]
            score = each[best, places]
        score = score + np.where(places == peak, right, wrong)
    path = np.empty(len(peaks), np.int64)
    place = int(score.argmax())
    for frame in range(len(peaks) - 1, -1, -1):
        path[frame] = place
        place = int(came[frame, place])
    return path


def check_device(device: str) -> None:
    """See that CREPE can compute on a device.

    Raises:
        UsageError: It can't.
    """
    try:
        torch.zeros(1, device=device)
    except Exception as error:  # of whoever made the device's part of PyTorch
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"--device {device}: cannot compute there: {reason}") from error


def _slowdown(midi: float | None) -> float:
    """How many times slower a note is heard: ¼, ½, 1, 2 or 4."""
    return 1.0 if midi is None else 0.25 * 2.0 ** bisect_left(SLOWER_ABOVE_MIDI, midi)


def estimate_f0(
    audio: Float32,
    sample_rate: int,
    frame_rate: int,
    expected_midi: float | None = None,
    size: CrepeSize = "tiny",
    device: str = "cpu",
    *,
    continuous: bool = False,
) -> tuple[Float32, Float32]:
    """Track the fundamental with CREPE.

    Args:
        audio: [samples], mono.
        sample_rate: Of the audio, in Hz.
        frame_rate: Frames a second; frame i is centred on second i / frame_rate.
        expected_midi: The labelled pitch: it decides at what speed the sound is heard.
        size: CREPE's capacity; both sets of weights come with torchcrepe.
        device: Where torch computes.
        continuous: Whether the pitch is kept from jumping, see ``likeliest_path``.

    Returns:
        f0_hz and periodicity (0…1), each [1 + samples·frame_rate // sample_rate].
    """
    slowdown = _slowdown(expected_midi)
    rate = round(CREPE_SAMPLE_RATE * slowdown)
    resampled = torch.from_numpy(soxr.resample(audio, sample_rate, rate, quality="HQ"))
    crepe = _torchcrepe()
    with torch.inference_mode():
        # torchcrepe is told 16 kHz whatever the real rate: that is what slows the sound down.
        tracks = [
            crepe.infer(frames, size, device).cpu()
            for frames in crepe.preprocess(
                resampled[None], CREPE_SAMPLE_RATE, rate // frame_rate, 1024, device
            )
        ]
        f0_hz, periodicity = _decode(torch.cat(tracks), continuous=continuous)
    f0_hz = f0_hz * np.float32(slowdown)
    frames_expected = 1 + len(audio) * frame_rate // sample_rate
    return f0_hz[:frames_expected].astype(np.float32), periodicity[:frames_expected]
