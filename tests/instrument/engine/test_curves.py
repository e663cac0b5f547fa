"""Edits of envelope curves: whatever happens to a note, pitch and level make no step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.arrays import Envelope, Float32, Float64
from instrument.dsp.curves import CROSSFADE_FRAMES, FALL_DB_PER_FRAME, MATCH_FRAMES
from instrument.engine.curves import (
    CALM_CENTS,
    CALM_FRAMES,
    FALL_FRAMES,
    GLIDE_FRAMES,
    HEARD_END_DB,
    RELEASE_DB_PER_FRAME,
    SUSTAIN_FRAME,
    Curves,
    calm,
    legato_entry,
    release,
    slide,
    splice,
)

FRAMES, RELEASE_FRAME = 750, 650
ROUNDING = 1e-3
SPLICE_POSITIONS = st.integers(SUSTAIN_FRAME, RELEASE_FRAME - MATCH_FRAMES - 2)


@st.composite
def curves(draw: st.DrawFn) -> Curves:
    """Curves of a note with any attack, vibrato, swell and tremor."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    frame = np.arange(FRAMES)
    tremor_db = draw(st.floats(0.0, 2.0)) * rng.standard_normal(FRAMES)
    swell_db = np.interp(frame, np.linspace(0, FRAMES, 8), rng.normal(0.0, 4.0, 8))
    attack_db = -draw(st.floats(0.0, 60.0)) * np.exp(-frame / draw(st.floats(1.0, 40.0)))
    ending_db = -draw(st.floats(-0.2, 1.5)) * np.maximum(frame - RELEASE_FRAME, 0)
    level_db = draw(st.floats(-60.0, -10.0)) + tremor_db + swell_db + attack_db + ending_db
    turn = frame * draw(st.floats(0.08, 0.2)) + draw(st.floats(0.0, 6.3))
    cents = draw(st.floats(0.0, 60.0)) * np.sin(turn) + rng.standard_normal(FRAMES)
    written = Curves.empty(FRAMES)
    written.write(Envelope(cents.astype(np.float32), level_db.astype(np.float32)), RELEASE_FRAME)
    return written


def pitch(these: Curves, vibrato: float = 1.0) -> Float64:
    """Cents from the nominal pitch, [frames]."""
    left = np.float64(1.0 - vibrato) * these.left_cents
    return (these.slow_cents + np.float64(vibrato) * these.vibrato_cents - left).astype(np.float64)


def steps(values: Float32 | Float64) -> Float64:
    return np.abs(np.diff(values.astype(np.float64)))


def copy(these: Curves) -> Curves:
    return Curves(
        these.slow_cents.copy(),
        these.vibrato_cents.copy(),
        these.loudness_db.copy(),
        these.left_cents.copy(),
    )


# --- Writing -----------------------------------------------------------------------------------


def test_the_pitch_is_split_into_slow_motion_and_vibrato() -> None:
    frame = np.arange(FRAMES)
    slow, vibrato = 20.0 * np.exp(-frame / 200.0), 15.0 * np.sin(2 * np.pi * frame / 45.0)
    cents, level_db = (slow + vibrato).astype(np.float32), np.zeros(FRAMES, np.float32)
    written = Curves.empty(FRAMES)
    written.write(Envelope(cents, level_db), RELEASE_FRAME)
    np.testing.assert_allclose(pitch(written)[:FRAMES], cents, atol=1e-4)
    inside = slice(50, RELEASE_FRAME - 50)
    np.testing.assert_allclose(written.slow_cents[inside], slow[inside], atol=0.3)
    np.testing.assert_allclose(written.vibrato_cents[inside], vibrato[inside], atol=0.3)
    assert not written.vibrato_cents[RELEASE_FRAME:].any()


@given(written=curves())
def test_an_envelope_goes_on_into_silence(written: Curves) -> None:
    behind = written.loudness_db[FRAMES - 1 :]
    assert len(written.loudness_db) == FRAMES + FALL_FRAMES
    assert np.all(np.diff(behind) < 0.0)
    assert behind[-1] < behind[0] - 190.0
    assert np.all(written.slow_cents[FRAMES:] == written.slow_cents[FRAMES - 1])


@given(written=curves())
def test_a_copy_is_the_same_and_apart(written: Curves) -> None:
    other = Curves.empty(FRAMES)
    other.copy_from(written)
    kept = copy(written)
    for curve in (written.slow_cents, written.vibrato_cents, written.loudness_db):
        curve[:] = 1.0
    np.testing.assert_array_equal(other.slow_cents, kept.slow_cents)
    np.testing.assert_array_equal(other.vibrato_cents, kept.vibrato_cents)
    np.testing.assert_array_equal(other.loudness_db, kept.loudness_db)


def test_a_position_lies_between_frames() -> None:
    ramp = np.arange(1000, dtype=np.float32)
    these = Curves(2 * ramp, 10 * ramp, -ramp, 4 * ramp)
    assert these.level_at(7.25) == pytest.approx(-7.25)
    assert these.cents_at(7.25, 0.0) == pytest.approx(14.5 - 29.0)
    assert these.cents_at(7.25, 1.0) == pytest.approx(14.5 + 72.5)


# --- Release -----------------------------------------------------------------------------------


@given(
    note=curves(),
    position=st.floats(0.0, RELEASE_FRAME - 2),
    vibrato=st.floats(0.0, 1.0),
    speed=st.floats(1.0, 4.0),
)
def test_a_release_begins_where_the_note_is_and_falls_at_least_as_fast_as_it_should(
    note: Curves, position: float, vibrato: float, speed: float
) -> None:
    before = copy(note)
    fallen_db = release(note, position, RELEASE_FRAME, vibrato, speed)
    db_per_frame = speed * RELEASE_DB_PER_FRAME
    level_db = note.loudness_db[RELEASE_FRAME:].astype(np.float64)
    assert level_db[0] == pytest.approx(before.level_at(position) - fallen_db, abs=ROUNDING)
    assert fallen_db >= HEARD_END_DB - ROUNDING
    assert np.all(np.diff(level_db) <= 0.0)
    largest = max(steps(before.loudness_db[RELEASE_FRAME:]).max(), FALL_DB_PER_FRAME)
    assert steps(level_db).max() <= max(speed * largest, db_per_frame) + ROUNDING
    slowest = before.level_at(position) - db_per_frame * np.arange(len(level_db))
    assert np.all(level_db <= slowest + ROUNDING)
    assert level_db[-1] < -150.0

    cents = pitch(note, vibrato)[RELEASE_FRAME:]
    here = before.cents_at(position, vibrato)
    assert cents[0] == pytest.approx(here, abs=ROUNDING)
    ending = before.slow_cents[RELEASE_FRAME:].astype(np.float64)
    lead = abs(here - ending[0]) / GLIDE_FRAMES
    assert np.all(steps(cents) <= steps(ending) + lead + ROUNDING)
    np.testing.assert_array_equal(cents[GLIDE_FRAMES:], ending[GLIDE_FRAMES:])


def test_a_fast_release_falls_so_many_times_faster() -> None:
    fallen_db = []
    for speed in (1.0, 2.0):
        note = Curves.empty(FRAMES)
        note.loudness_db[RELEASE_FRAME:] = -0.5 * np.arange(len(note.loudness_db) - RELEASE_FRAME)
        release(note, 100.0, RELEASE_FRAME, speed=speed)
        fallen_db.append(note.loudness_db[RELEASE_FRAME + 40])
    assert fallen_db == pytest.approx([-23.0, -43.0])


def test_a_release_usually_falls_by_20_db_in_a_third_of_a_second() -> None:
    note = Curves.empty(FRAMES)
    release(note, 100.0, RELEASE_FRAME)
    assert note.loudness_db[RELEASE_FRAME + 80] == pytest.approx(-20.0 - HEARD_END_DB)


# --- Sliding -----------------------------------------------------------------------------------


@given(first=st.integers(0, 100), cents=st.floats(-6000.0, 6000.0), frames=st.integers(1, 500))
def test_a_slide_comes_from_beside_the_pitch_and_settles_on_it(
    first: int, cents: float, frames: int
) -> None:
    note = Curves.empty(FRAMES)
    slide(note, first, cents, frames)
    assert not note.slow_cents[:first].any()
    path = np.concatenate([[cents], note.slow_cents[first : first + frames]])
    assert np.all(np.diff(np.abs(path)) <= ROUNDING)
    assert steps(path).max() <= abs(cents) * np.pi / 2 / frames + ROUNDING
    assert not note.slow_cents[first + frames - 1 :].any()


@given(curves(), st.integers(0, SUSTAIN_FRAME))
def test_a_joined_note_goes_astray_no_farther_than_in_its_sustain(
    written: Curves, entry: int
) -> None:
    before = copy(written)
    written.slow_cents[entry + 5 : entry + 25] += 90.0
    calm(written, entry, RELEASE_FRAME)
    own = entry + SUSTAIN_FRAME + CALM_FRAMES
    sustained = np.abs(pitch(before)[own:RELEASE_FRAME]).max()
    most = max(sustained, CALM_CENTS)
    assert np.abs(pitch(written)[entry : entry + 25]).max() <= most + ROUNDING
    np.testing.assert_array_equal(pitch(written)[own:], pitch(before)[own:])


@given(curves())
def test_a_note_that_stays_near_its_pitch_isnt_touched(written: Curves) -> None:
    straight = copy(written)
    straight.slow_cents[:] *= np.float32(0.1)
    straight.vibrato_cents[:] *= np.float32(0.1)
    before = copy(straight)
    calm(straight, 10, RELEASE_FRAME)
    np.testing.assert_array_equal(pitch(straight), pitch(before))


def test_a_slur_enters_behind_the_attack() -> None:
    these = Curves.empty(FRAMES)
    these.loudness_db[:] = -20.0
    these.loudness_db[:40] = np.linspace(-60.0, -20.0, 40)
    entry = legato_entry(these, RELEASE_FRAME)
    assert 36 <= entry <= 38
    these.loudness_db[:SUSTAIN_FRAME] = -60.0
    assert legato_entry(these, RELEASE_FRAME) == SUSTAIN_FRAME


# --- Going on ----------------------------------------------------------------------------------


@given(old=curves(), new=curves(), position=SPLICE_POSITIONS, seed=st.integers(0, 2**32))
def test_a_held_note_goes_on_without_a_seam(
    old: Curves, new: Curves, position: int, seed: int
) -> None:
    before = copy(new)
    entry, raised_db = splice(old, position, new, RELEASE_FRAME, np.random.default_rng(seed))
    assert SUSTAIN_FRAME <= entry <= RELEASE_FRAME // 2
    ahead = slice(entry, None)
    joined, was = (
        slice(entry, entry + CROSSFADE_FRAMES),
        slice(position, position + CROSSFADE_FRAMES),
    )
    gap_db = old.loudness_db[was].mean() - before.loudness_db[joined].mean()
    assert raised_db == pytest.approx(gap_db, abs=ROUNDING)
    level_db = before.loudness_db.copy()
    level_db[entry:RELEASE_FRAME] += gap_db * np.linspace(1.0, 0.0, RELEASE_FRAME - entry)
    for here, there, now in (
        (old.loudness_db, level_db, new.loudness_db),
        (pitch(old), pitch(before), pitch(new)),
    ):
        assert now[entry] == pytest.approx(here[position], abs=ROUNDING)
        after = slice(entry + CROSSFADE_FRAMES, None)
        np.testing.assert_allclose(now[after], there[after], atol=ROUNDING)
        apart = np.abs(there[joined] - here[was]).max()
        largest = max(steps(here[position:RELEASE_FRAME]).max(), steps(there[ahead]).max())
        assert steps(now[ahead]).max() <= largest + apart / (CROSSFADE_FRAMES - 1) + ROUNDING


@given(old=curves(), position=SPLICE_POSITIONS)
def test_vibrato_goes_on_in_its_own_phase(old: Curves, position: int) -> None:
    """Spliced to itself, a regular vibrato goes on about as it would have."""
    new = copy(old)
    frame = np.arange(FRAMES + FALL_FRAMES)
    for these in (old, new):
        these.vibrato_cents[:] = 20.0 * np.sin(2 * np.pi * frame / 43.0)
    entry, _ = splice(old, position, new, RELEASE_FRAME, np.random.default_rng(0))
    ahead = 20.0 * np.sin(2 * np.pi * (position + np.arange(60)) / 43.0)
    assert np.abs(new.vibrato_cents[entry : entry + 60] - ahead).max() < 10.0


def test_splices_vary() -> None:
    frame = np.arange(FRAMES + FALL_FRAMES)
    old = Curves.empty(FRAMES)
    old.vibrato_cents[:] = 20.0 * np.sin(2 * np.pi * frame / 43.0)
    entries = {
        splice(old, 600, copy(old), RELEASE_FRAME, np.random.default_rng(seed))[0]
        for seed in range(20)
    }
    assert len(entries) > 3
