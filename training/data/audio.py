"""Recordings from files: any usual audio format → mono samples at one sample rate.

libsndfile reads WAV, AIFF, FLAC, MP3, Ogg and Opus; what it doesn't know (AAC in M4A, WMA …) is
decoded by the `ffmpeg` program, if there is one on the PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from instrument.arrays import Float32
from instrument.errors import RecordingError
from instrument.files import encoded

FFMPEG_TIMEOUT_SECONDS = 300.0


def read_audio(path: Path, sample_rate: int) -> Float32:
    """Read a recording as mono samples.

    Args:
        path: an audio file in a format that libsndfile or ffmpeg reads.
        sample_rate: the rate to convert to, in Hz (> 0).

    Returns:
        [samples], the mean of all channels, full scale ±1, at `sample_rate`. Never empty, all
        finite. Lossy formats and the resampling filter may overshoot ±1.

    Raises:
        RecordingError: the file is missing, isn't audio, is broken, holds no samples, or holds
            NaN or infinity. The message is one line, `FILE: what is wrong`.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
    if path.stat().st_size == 0:
        raise RecordingError(f"{path}: the file is empty")
    frames, rate = _decode(path)
    if len(frames) == 0:
        raise RecordingError(f"{path}: holds no samples")
    mono = frames.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise RecordingError(f"{path}: holds samples that are not finite numbers")
    if rate != sample_rate:
        mono = np.asarray(soxr.resample(mono, rate, sample_rate, quality="VHQ"), dtype=np.float32)
    if len(mono) == 0:
        raise RecordingError(f"{path}: too short to resample to {sample_rate} Hz")
    return np.ascontiguousarray(mono)


def _decode(path: Path) -> tuple[Float32, int]:
    """Samples [frames, channels] and the sample rate in Hz, by libsndfile or else by ffmpeg."""
    try:
        return _read_with_libsndfile(path)
    except (soundfile.LibsndfileError, TypeError, OSError) as error:
        reason = _one_line(getattr(error, "error_string", error))
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise RecordingError(
            f"{path}: cannot be read as audio ({reason}); if it plays elsewhere, install ffmpeg "
            "or convert it to WAV or FLAC"
        )
    return _read_with_ffmpeg(ffmpeg, path)


def _read_with_libsndfile(path: Path) -> tuple[Float32, int]:
    frames, rate = soundfile.read(encoded(path), dtype="float32", always_2d=True)
    return frames, int(rate)


def _read_with_ffmpeg(ffmpeg: str, path: Path) -> tuple[Float32, int]:
    # The file: prefix keeps ffmpeg from reading a name as an option or as a network address.
    source = f"file:{path.absolute()}"
    with tempfile.TemporaryDirectory(prefix="arco-") as folder:
        decoded = Path(folder) / "decoded.wav"
        command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", source]
        command += ["-map", "0:a:0", "-c:a", "pcm_f32le", f"file:{decoded}"]
        try:
            subprocess.run(  # noqa: S603
                command,
                check=True,
                capture_output=True,
                timeout=FFMPEG_TIMEOUT_SECONDS,
            )
            return _read_with_libsndfile(decoded)
        except subprocess.CalledProcessError as error:
            reason = _one_line(error.stderr.decode(errors="replace")).removeprefix(f"{source}: ")
            raise RecordingError(f"{path}: cannot be read as audio (ffmpeg: {reason})") from error
        except (subprocess.TimeoutExpired, soundfile.LibsndfileError, OSError) as error:
            reason = _one_line(error)
            raise RecordingError(f"{path}: cannot be read as audio (ffmpeg: {reason})") from error


def _one_line(message: object) -> str:
    """The last line of a program's complaint, which is the one that says how it ended."""
    lines = str(message).strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "no reason given"
