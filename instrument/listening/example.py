"""A recorded note as an example of how to play: its place in the latent space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrument.arrays import Bool, Envelope, Float32
from instrument.errors import InstrumentError, RecordingError
from instrument.listening.audio import resampled
from instrument.listening.clipping import check_clipping
from instrument.listening.descriptors import describe
from instrument.listening.note import analyse, note_level_db, note_windows
from instrument.listening.tracker import find_key, track
from instrument.model.graphs import Instrument
from instrument.model.note_context import NoteContext
from instrument.units import FRAME_RATE

LONGEST_SECONDS = 30.0
"""What of a recording is listened to."""

SAMPLE_RATES_HZ = 8_000, 192_000


@dataclass(frozen=True, eq=False)
class Example:
    """What was heard in a recording of one note.

    Attributes:
        latent: [latent], where it lies: ``Latent(channel, tuple(latent))`` plays as it was bowed.
        key: The MIDI note that it is nearest to.
        tuning_cents: How far it is from that.
        level_db: Its own level in the recording, dB(A) of full scale.
        loudness: 0…1, the quantile of the training notes' loudness that it was placed at.
        recorded: Its curves, 250 frames a second: cents from its own tuning, and loudness in dB, as
            loud as the decoded ones. What it is too short for goes on as it was.
        measured: [frames], which frames of these were measured.
        decoded: The curves of that place, at the same key and loudness.
        described: What can be said of the recorded curves: ``vibrato_cents``, ``vibrato_hz``,
            ``attack_ms`` and the other ``LABELS``.
        cents_error, loudness_error_db: Between recorded and decoded curves where measured, r.m.s.
    """

    latent: Float32
    key: int
    tuning_cents: float
    level_db: float
    loudness: float
    recorded: Envelope
    measured: Bool
    decoded: Envelope
    described: dict[str, float]
    cents_error: float
    loudness_error_db: float


def listen(
    instrument: Instrument, audio: Float32, sample_rate: int, loudness: float | None = None
) -> Example:
    """Hear a recording of one note, and place it in an instrument's latent space.

    Args:
        instrument: That has an encoder.
        audio: [samples], mono, full scale ±1; what lies behind 30 s isn't heard.
        sample_rate: In Hz.
        loudness: The quantile of the training notes' loudness to place it at, 0…1; by its level if
            None, as if it had been recorded at the distance that they were.

    Raises:
        RecordingError: It isn't one note; the message is the reason.
        InstrumentError: The instrument has no encoder.
    """
    spec = instrument.spec
    if instrument.encoder is None:
        raise InstrumentError(f"{spec.name} has no encoder; export it anew")
    audio = audio[: round(LONGEST_SECONDS * sample_rate)]
    check_clipping(audio)
    heard = resampled(audio, sample_rate, spec.sample_rate)
    _check(heard)
    key = find_key(heard, spec.sample_rate)
    note = analyse(heard, key, spec.sample_rate, track)
    window = note_windows(note, key)[0]
    level_db = note_level_db(note)
    if loudness is None:
        quantiles = np.linspace(0.0, 1.0, len(spec.loudness_db))
        loudness = float(np.interp(level_db, spec.loudness_db, quantiles))
    seconds = (note.segments.release - note.segments.onset) / FRAME_RATE
    of_note = np.array([key], np.float32), np.array([loudness], np.float32)
    condition = *of_note, NoteContext.single(np.array([seconds], np.float32))
    latent = instrument.encoder.encode(window.cents[None], window.loudness_db[None], *condition)
    cents, decoded_db = instrument.envelope.decode(latent, *condition)
    decoded = Envelope(cents[0], decoded_db[0])
    louder_db = (decoded.loudness_db - window.loudness_db)[window.mask].mean()
    recorded = Envelope(window.cents, window.loudness_db + louder_db)
    body = window.mask.copy()
    body[spec.envelope_size.release_frame :] = False
    return Example(
        latent=latent[0],
        key=key,
        tuning_cents=note.tuning_cents,
        level_db=level_db,
        loudness=loudness,
        recorded=recorded,
        measured=window.mask,
        decoded=decoded,
        described=describe(
            window.cents.astype(np.float64), window.loudness_db.astype(np.float64), int(body.sum())
        ),
        cents_error=_apart(recorded.cents, decoded.cents, window.mask),
        loudness_error_db=_apart(recorded.loudness_db, decoded.loudness_db, window.mask),
    )


def _check(audio: Float32) -> None:
    """Refuse what can't be listened to.

    Raises:
        RecordingError: With the reason.
    """
    if len(audio) == 0:
        raise RecordingError("it holds no samples")
    if not np.isfinite(audio).all():
        raise RecordingError("it holds samples that are not finite numbers")


def _apart(one: Float32, other: Float32, where: Bool) -> float:
    """How far two curves are apart in some frames, r.m.s., their means taken out."""
    difference = (one - other)[where].astype(np.float64)
    return float(np.std(difference))
