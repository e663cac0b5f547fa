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

from instrument.arrays import Float32
from instrument.errors import RecordingError, UsageError, install
from instrument.files import encoded

FFMPEG_TIMEOUT_SECONDS = 300.0
FFMPEG_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,caf,eac3,flac,matroska,mov,mp3,mpeg,mpegts,ogg,tta,wav,wv"
)
"""Of sounds; a playlist would lead to other files."""

MOST_SAMPLES = 2**29  # of all channels together: 90 minutes of stereo at 48 kHz
SAMPLE_RATES = 1_000, 1_000_000  # in Hz; another is a broken header, and resampling it has no end
FULL_SCALE = 1.0
MOST_OVERSHOOT = 16.0  # of samples, against full scale


def read_audio(path: Path, sample_rate: int, most_seconds: float | None = None) -> Float32:
    """Read a recording as mono samples.

    Args:
        path: an audio file in a format that libsndfile or ffmpeg reads.
        sample_rate: the rate to convert to, in Hz (> 0).
        most_seconds: what lies behind so many seconds isn't read, if it isn't None.

    Returns:
        [samples], the mean of all channels, full scale ±1, at `sample_rate`. Never empty, all
        finite. Lossy formats and the resampling filter may overshoot ±1.

    Raises:
        RecordingError: the file is missing, isn't audio, is broken, holds no samples or more than
            2²⁹, or some that are NaN, infinity or far beyond full scale. The message is one line,
            `FILE: what is wrong`.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
    if path.stat().st_size == 0:
        raise RecordingError(f"{path}: the file is empty")
    frames, rate = _decode(path, most_seconds)
    if len(frames) == 0:
        raise RecordingError(f"{path}: holds no samples")
    mono = frames.mean(axis=1, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise RecordingError(f"{path}: holds samples that are not finite numbers")
    peak = float(np.abs(mono).max())
    if peak > MOST_OVERSHOOT * FULL_SCALE:
        raise RecordingError(f"{path}: its samples go to {peak:.3g}, and full scale is 1")
    if rate != sample_rate:
        mono = resampled(mono, rate, sample_rate)
    if len(mono) == 0:
        raise RecordingError(f"{path}: too short to resample to {sample_rate} Hz")
    return np.ascontiguousarray(mono)


def resampled(audio: Float32, rate: int, sample_rate: int) -> Float32:
    """Mono samples at another rate, in Hz.

    Raises:
        UsageError: SoX's resampler isn't installed.
    """
    if rate == sample_rate:
        return audio
    return np.asarray(resample(audio, rate, sample_rate, "VHQ"), dtype=np.float32)


def resample(audio: Float32, rate: int, sample_rate: int, quality: str) -> Float32:
    """Samples at another rate, in Hz, by SoX's resampler at a quality of its own names.

    Raises:
        UsageError: It isn't installed.
    """
    try:
        import soxr  # noqa: PLC0415 (an extra)
    except ImportError:
        raise UsageError(
            f"recordings can't be resampled here: soxr is missing; {install('encode')}"
        ) from None
    resampled_audio: Float32 = soxr.resample(audio, rate, sample_rate, quality=quality)
    return resampled_audio


def _decode(path: Path, most_seconds: float | None) -> tuple[Float32, int]:
    """Samples [frames, channels] and the sample rate in Hz, by libsndfile or else by ffmpeg."""
    try:
        return _read_with_libsndfile(path, most_seconds)
    except (soundfile.LibsndfileError, TypeError, OSError) as error:
        reason = _one_line(getattr(error, "error_string", error))
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise RecordingError(
            f"{path}: cannot be read as audio ({reason}); if it plays elsewhere, install ffmpeg "
            "or convert it to WAV or FLAC"
        )
    return _read_with_ffmpeg(ffmpeg, path, most_seconds)


def _read_with_libsndfile(path: Path, most_seconds: float | None) -> tuple[Float32, int]:
    with soundfile.SoundFile(encoded(path)) as sound:
        rate = int(sound.samplerate)
        frames = (
            sound.frames if most_seconds is None else min(sound.frames, int(most_seconds * rate))
        )
        if frames * sound.channels > MOST_SAMPLES:
            raise RecordingError(
                f"{path}: says that it holds {sound.frames} samples, more than a recording has"
            )
        if not SAMPLE_RATES[0] <= rate <= SAMPLE_RATES[1]:
            raise RecordingError(f"{path}: has a sample rate of {rate} Hz")
        return sound.read(frames, dtype="float32", always_2d=True), rate


def _read_with_ffmpeg(ffmpeg: str, path: Path, most_seconds: float | None) -> tuple[Float32, int]:
    # The file: prefix keeps ffmpeg from reading a name as an option or as a network address.
    source = f"file:{path.absolute()}"
    with tempfile.TemporaryDirectory(prefix="arco-") as folder:
        decoded = Path(folder) / "decoded.wav"
        command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file"]
        command += ["-format_whitelist", FFMPEG_FORMATS, "-i", source]
        command += ["-map", "0:a:0", "-c:a", "pcm_f32le"]
        command += [] if most_seconds is None else ["-t", f"{most_seconds:g}"]
        command += ["-fs", str(4 * MOST_SAMPLES), f"file:{decoded}"]
        try:
            subprocess.run(  # noqa: S603
                command,
                check=True,
                capture_output=True,
                timeout=FFMPEG_TIMEOUT_SECONDS,
            )
            return _read_with_libsndfile(decoded, most_seconds)
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
