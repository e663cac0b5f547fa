"""Recordings from files: any usual audio format → mono samples at one sample rate.

libsndfile reads WAV, AIFF, FLAC, MP3, Ogg and Opus; what it doesn't know (AAC in M4A, WMA …) is
decoded by the `ffmpeg` program, if there is one on the PATH.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from instrument.arrays import Float32
from instrument.errors import RecordingError, UsageError, install
from instrument.files import encoded, temporary_folder
from instrument.listening.clipping import check_clipping
from instrument.listening.complete import missing_in_chunks, mp3_breaks_off, ogg_breaks_off

FFMPEG_TIMEOUT_SECONDS = 300.0
FFMPEG_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,caf,eac3,flac,matroska,mov,mp3,mpeg,mpegts,ogg,tta,wav,wv"
)
"""Of sounds; a playlist would lead to other files."""

MOST_SAMPLES = 2**29  # of all channels together: 90 minutes of stereo at 48 kHz
SAMPLE_RATES = 1_000, 1_000_000  # in Hz; another is a broken header, and resampling it has no end
FULL_SCALE = 1.0
MOST_OVERSHOOT = 16.0  # of samples, against full scale
DEAD_POWER_RATIO = 1e-3  # 30 dB below the loudest channel
CANCELLED_POWER_RATIO = 0.25  # of the mean of channels: they correlate by less than −½


@dataclass(frozen=True)
class Recording:
    """What was read of a file.

    Attributes:
        audio: [samples], see ``read_audio``.
        remarks: What a person should know of it.
    """

    audio: Float32
    remarks: tuple[str, ...] = ()


def read_audio(path: Path, sample_rate: int, most_seconds: float | None = None) -> Float32:
    """Read a recording as mono samples.

    Args:
        path: an audio file in a format that libsndfile or ffmpeg reads.
        sample_rate: the rate to convert to, in Hz (> 0).
        most_seconds: what lies behind so many seconds isn't read, if it isn't None.

    Returns:
        [samples], the mean of the channels that sound, or one of them where they cancel each other,
        full scale ±1, at `sample_rate`. Never empty, all finite. Lossy formats and the resampling
        filter may overshoot ±1.

    Raises:
        RecordingError: the file is missing, isn't audio, is broken or breaks off, holds no samples
            or more than 2²⁹, or some that are NaN, infinity or far beyond full scale. The message
            is one line, `FILE: what is wrong`.
    """
    channels, rate = _read_channels(path, most_seconds)
    return _converted(path, _mono(channels).audio, rate, sample_rate)


def read_note(path: Path, sample_rate: int, most_seconds: float | None = None) -> Recording:
    """Read a recording to learn from: as ``read_audio`` does, and not one that is clipped.

    Raises:
        RecordingError: See ``read_audio``; and a channel is clipped at the file's own sample rate.
    """
    channels, rate = _read_channels(path, most_seconds)
    try:
        for channel in channels.T:
            check_clipping(channel)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from error
    mixed = _mono(channels)
    return Recording(_converted(path, mixed.audio, rate, sample_rate), mixed.remarks)


def _read_channels(path: Path, most_seconds: float | None) -> tuple[Float32, int]:
    """Samples [frames, channels], none missing or beyond bounds, and their rate in Hz."""
    _check_file(path)
    channels, rate = _decode(path, most_seconds)
    if len(channels) == 0:
        raise RecordingError(f"{path}: holds no samples")
    if not np.isfinite(channels).all():
        raise RecordingError(f"{path}: holds samples that are not finite numbers")
    peak = float(np.abs(channels).max())
    if peak > MOST_OVERSHOOT * FULL_SCALE:
        raise RecordingError(f"{path}: its samples go to {peak:.3g}, and full scale is 1")
    return channels, rate


def _check_file(path: Path) -> None:
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RecordingError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # not ours to read, or no path
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(f"{path}: cannot be read: {reason}") from error
    if not stat.S_ISREG(about.st_mode):
        raise RecordingError(f"{path}: is not a file")
    if about.st_size == 0:
        raise RecordingError(f"{path}: the file is empty")


def _mono(channels: Float32) -> Recording:
    """The channels that sound as one, at their own rate."""
    count = channels.shape[1]
    if count == 1:
        return Recording(np.ascontiguousarray(channels[:, 0]))
    power = np.einsum("sc,sc->c", channels, channels, dtype=np.float64) / len(channels)
    live = np.flatnonzero(power >= DEAD_POWER_RATIO * power.max())
    remarks = []
    if len(live) < count:
        remarks.append(f"{count - len(live)} of its {count} channels silent: not used")
    mono = channels[:, live].mean(axis=1, dtype=np.float32)
    if np.mean(mono.astype(np.float64) ** 2) < CANCELLED_POWER_RATIO * power[live].mean():
        mono = np.ascontiguousarray(channels[:, int(np.argmax(power))])
        remarks.append("its channels cancel each other: one of them is used")
    return Recording(mono, tuple(remarks))


def _converted(path: Path, mono: Float32, rate: int, sample_rate: int) -> Float32:
    converted = resampled(mono, rate, sample_rate)
    if len(converted) == 0:
        raise RecordingError(f"{path}: too short to resample to {sample_rate} Hz")
    return np.ascontiguousarray(converted)


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
        damage = f"{path}: breaks off or is damaged; copy or convert it anew"
        try:
            samples: Float32 = sound.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise RecordingError(damage) from error
        if _breaks_off(path, sound, frames - len(samples)):
            raise RecordingError(damage)
        return samples, rate


def _breaks_off(path: Path, sound: soundfile.SoundFile, missing: int) -> bool:
    """Whether parts of a file aren't there, or can't be decoded."""
    if sound.format == "MP3":  # how many samples it has is a guess of libsndfile's
        return mp3_breaks_off(path)
    if sound.format == "OGG" and ogg_breaks_off(path):
        return True
    return missing > 0 or missing_in_chunks(sound.extra_info)


def _read_with_ffmpeg(ffmpeg: str, path: Path, most_seconds: float | None) -> tuple[Float32, int]:
    # The file: prefix keeps ffmpeg from reading a name as an option or as a network address.
    source = f"file:{path.absolute()}"
    with temporary_folder() as folder:
        decoded = folder / "decoded.wav"
        command = [ffmpeg, "-nostdin", "-v", "error", "-protocol_whitelist", "file"]
        command += ["-format_whitelist", FFMPEG_FORMATS, "-i", source]
        command += ["-map", "0:a:0", "-c:a", "pcm_f32le"]
        command += [] if most_seconds is None else ["-t", f"{most_seconds:g}"]
        command += ["-fs", str(4 * MOST_SAMPLES), f"file:{decoded}"]
        try:
            done = subprocess.run(  # noqa: S603
                command,
                check=True,
                capture_output=True,
                timeout=FFMPEG_TIMEOUT_SECONDS,
            )
            if done.stderr.strip():  # it goes on behind what it can't decode
                reason = _one_line(done.stderr.decode(errors="replace"))
                raise RecordingError(f"{path}: breaks off or is damaged (ffmpeg: {reason})")
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
