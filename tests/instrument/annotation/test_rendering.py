"""A score that is rendered with its truth: what it says is what is heard."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from instrument.annotation import Annotated, FrameTruth, NoteTruth, render_annotated, resampled
from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.midi.events import ControlChange, Event, Note, NoteOff, NoteOn, PitchBend
from instrument.midi.score import Score, score_of_notes
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE, hz_to_midi
from tests.instrument.engine.music_and_measures import RATE, cents
from tests.instrument.midi.score_files import score as score_of_file
from tests.instrument.midi.score_files import smf
from tests.instrument.midi.test_marks import note as marked
from tests.instrument.midi.test_marks import text
from tests.instrument.test_render_stems import line, score

FRAME = 1.0 / FRAME_RATE
LED_WITHIN_SECONDS = 2 * FRAME
"""A voice turns to the next note of its line so soon after its key."""


@dataclass
class Heard:
    """What was rendered, and its truth."""

    truth: Annotated
    mix: Float32
    stems: dict[int, Float32]

    @property
    def notes(self) -> tuple[NoteTruth, ...]:
        return self.truth.notes

    def frames(self, note: int) -> FrameTruth:
        """Those of a note."""
        frames = self.truth.frames[self.notes[note].channel]
        return frames.taken(frames.note == note)

    def midi(self, note: int) -> Float64:
        """Pitch of a note, frame by frame."""
        return np.asarray(hz_to_midi(self.frames(note).f0_hz), np.float64)


def rendered(
    instrument: Instrument, played: Score, how: RenderSettings | None = None, **engine: object
) -> Heard:
    chosen = EngineSettings(**({"voices": 16, "room_gain": 0.0, "preset": None} | engine))  # type: ignore[arg-type]
    mix: list[Float32] = []
    stems: dict[int, list[Float32]] = {}
    truth = render_annotated(
        instrument,
        played,
        replace(how or RenderSettings(), engine=chosen),
        mix.append,
        lambda channel, block: stems.setdefault(channel, []).append(block),
        jobs=1,
    )
    whole = {channel: np.concatenate(blocks, axis=1) for channel, blocks in stems.items()}
    heard = Heard(truth, np.concatenate(mix, axis=1), whole)
    assert_consistent(heard)
    return heard


def assert_consistent(heard: Heard) -> None:
    """What holds of every truth: all lies in the file, and frames belong to what they say."""
    seconds = heard.truth.report.seconds
    assert [*heard.notes] == sorted(heard.notes, key=lambda note: note.onset_seconds)
    assert all(0.0 <= note.onset_seconds < note.end_seconds <= seconds for note in heard.notes)
    for channel, frames in heard.truth.frames.items():
        assert {heard.notes[note].channel for note in frames.note} <= {channel}
        assert np.all(np.diff(frames.frame) >= 0)
        assert np.all((frames.seconds >= 0.0) & (frames.seconds < seconds))
    for number, note in enumerate(heard.notes):
        frames = heard.frames(number)
        if len(frames.frame):
            assert 0.0 < frames.seconds[0] - note.onset_seconds < FRAME + 5e-5
            assert np.all(np.diff(frames.frame) == 1)


# --- against the sound -----------------------------------------------------------------------

TWO = [
    *(Note(0.1003, 0.7, 69, 100), Note(0.8003, 0.6, 76, 60)),
    *(Note(0.25, 0.5, 55, 90, 1), Note(0.9, 0.5, 62, 90, 1)),
]
"""A line and, in another channel, two notes with a rest between them."""


@pytest.fixture(scope="module")
def two(tiny: Instrument) -> Heard:
    return rendered(tiny, score_of_notes(TWO))


def test_the_samples_are_those_of_a_plain_rendering(tiny: Instrument, two: Heard) -> None:
    plain: list[Float32] = []
    settings = RenderSettings(EngineSettings(voices=16, room_gain=0.0))
    render_score(tiny, score_of_notes(TWO), settings, plain.append)
    np.testing.assert_array_equal(np.concatenate(plain, axis=1), two.mix)
    np.testing.assert_allclose(two.stems[0] + two.stems[1], two.mix, atol=3e-6)


def test_a_channel_alone_is_its_own_stem(tiny: Instrument) -> None:
    notes = score_of_notes([Note(0.0, 0.1, 69, channel=3)])
    heard = rendered(tiny, notes, room_gain=0.2)
    np.testing.assert_array_equal(heard.stems[3], heard.mix)
    plain: list[Float32] = []
    settings = RenderSettings(EngineSettings(voices=16, room_gain=0.2))
    render_score(tiny, notes, settings, plain.append, channel=3)
    np.testing.assert_array_equal(np.concatenate(plain, axis=1), heard.mix)


def test_notes_are_those_of_the_score(two: Heard) -> None:
    found = [(note.key, note.velocity, note.channel) for note in two.notes]
    assert found == [(69, 100, 0), (55, 90, 1), (76, 60, 0), (62, 90, 1)]
    assert [note.join == "none" for note in two.notes] == [True, True, False, True]
    assert two.truth.report.notes == len(two.notes)


@pytest.mark.parametrize(("number", "channel"), [(0, 0), (1, 1)])
def test_a_note_begins_at_its_sample(two: Heard, number: int, channel: int) -> None:
    onset = round(two.notes[number].onset_seconds * RATE)
    stem = two.stems[channel]
    assert onset == round(TWO[2 * channel].start * RATE)
    assert not stem[:, : onset + 1].any()
    assert stem[:, onset + 1].any()


def test_a_note_ends_when_its_key_comes_up(two: Heard) -> None:
    ends = [note.end_seconds for note in two.notes]
    assert ends == pytest.approx([0.8003, 0.75, 1.4003, 1.4], abs=1.0 / RATE)


def test_a_line_turns_to_its_next_note_with_a_frame(two: Heard) -> None:
    after = two.notes[2].onset_seconds - 0.8003
    assert 0.0 <= after <= LED_WITHIN_SECONDS
    assert two.notes[2].onset_seconds * FRAME_RATE == pytest.approx(
        round(two.notes[2].onset_seconds * FRAME_RATE)
    )


@pytest.mark.parametrize("number", [0, 1])
def test_pitch_is_that_of_the_sound(two: Heard, number: int) -> None:
    note, frames = two.notes[number], two.frames(number)
    heard = cents(two.stems[note.channel].mean(axis=0), note.key)
    held = (frames.seconds > note.onset_seconds + 0.2) & (frames.seconds < note.end_seconds - 0.05)
    there = heard[np.rint(frames.seconds * RATE).astype(int)]
    error_cents = (there - 100.0 * (two.midi(number) - note.key))[held]
    assert abs(error_cents.mean()) < 0.1
    assert np.median(np.abs(error_cents)) < 1.0


@pytest.mark.parametrize("number", [0, 1])
def test_loudness_is_that_of_the_sound(two: Heard, number: int) -> None:
    note, frames = two.notes[number], two.frames(number)
    measured = loudness_db(two.stems[note.channel].mean(axis=0), RATE, FRAME_RATE)
    held = (frames.seconds > note.onset_seconds + 0.1) & (frames.seconds < note.end_seconds - 0.05)
    difference = (measured[frames.frame] - frames.loudness_db)[held]
    assert np.abs(np.median(difference)) < 0.05
    assert np.abs(difference).max() < 1.0


# --- what is asked for -----------------------------------------------------------------------


def one(*events: tuple[float, Event], seconds: float = 0.5) -> Score:
    """A note on A4 among other events."""
    note: list[tuple[float, Event]] = [(0.0, NoteOn(0, 69, 90)), (seconds, NoteOff(0, 69))]
    return score(*events, *note, seconds=seconds)


@pytest.mark.parametrize(
    ("controller", "value", "louder_db"), [(7, 100, 0.0), (7, 50, -12.04), (11, 64, -11.9)]
)
def test_loudness_follows_volume_and_expression(
    tiny: Instrument, controller: int, value: int, louder_db: float
) -> None:
    plain = rendered(tiny, one(seconds=0.2)).frames(0).loudness_db
    asked = rendered(tiny, one((0.0, ControlChange(0, controller, value)), seconds=0.2)).frames(0)
    assert asked.loudness_db[20:45] - plain[20:45] == pytest.approx(louder_db, abs=0.1)


def test_what_is_turned_down_is_unvoiced(tiny: Instrument) -> None:
    frames = rendered(tiny, one((0.2, ControlChange(0, 7, 0)))).frames(0)
    assert frames.voiced[5:49].all()
    assert not frames.voiced[75:].any()


def test_pitch_follows_the_wheel(tiny: Instrument) -> None:
    midi = rendered(tiny, one((0.2, PitchBend(0, 8191)))).midi(0)
    assert midi[60:90].mean() - midi[35:48].mean() == pytest.approx(2.0, abs=0.15)


def test_a_line_glides_from_note_to_note(tiny: Instrument) -> None:
    slow = [(0.0, ControlChange(0, *each)) for each in ((65, 127), (5, 80))]
    keys = [(0.0, NoteOn(0, 62, 90)), (0.3, NoteOn(0, 69, 90))]
    ends = [(0.5, NoteOff(0, 62)), (0.9, NoteOff(0, 69))]
    heard = rendered(tiny, score(*slow, *keys, *ends, seconds=0.9), mode="mono")
    first, second = heard.notes
    assert (first.join, second.join) == ("none", "portamento")
    assert first.end_seconds == second.onset_seconds
    assert 0.3 <= second.onset_seconds <= 0.3 + LED_WITHIN_SECONDS
    midi = heard.midi(1)
    assert midi[0] == pytest.approx(heard.midi(0)[-1], abs=0.3)
    assert np.all(np.diff(midi[:20]) > -0.05)
    assert midi[100] == pytest.approx(69.0, abs=0.4)


def test_a_line_that_goes_back_plays_its_note_again(tiny: Instrument) -> None:
    keys = [(0.0, NoteOn(0, 62, 90)), (0.2, NoteOn(0, 69, 80))]
    ends = [(0.4, NoteOff(0, 69)), (0.6, NoteOff(0, 62))]
    heard = rendered(tiny, score(*keys, *ends, seconds=0.6), mode="mono")
    assert [(note.key, note.velocity) for note in heard.notes] == [(62, 90), (69, 80), (62, 90)]
    assert heard.notes[2].end_seconds == 0.6


def test_a_pedal_holds_a_note(tiny: Instrument) -> None:
    pedal = [(0.0, ControlChange(0, 64, 127)), (0.4, ControlChange(0, 64, 0))]
    (note,) = rendered(tiny, one(*pedal, seconds=0.2)).notes
    assert note.end_seconds == 0.4


def test_members_of_a_zone_bend_by_themselves(tiny: Instrument) -> None:
    zone = [(0.0, ControlChange(0, *each)) for each in ((101, 0), (100, 6), (6, 3))]
    bent = [*line(1, 60, each=0.5), *line(2, 67, each=0.5), (0.0, PitchBend(1, 4096))]
    heard = rendered(tiny, score(*zone, *bent, seconds=0.5))
    assert [(note.channel, note.key) for note in heard.notes] == [(1, 60), (2, 67)]
    pitch = [float(np.median(heard.midi(number)[40:120])) for number in (0, 1)]
    assert pitch == pytest.approx([84.0, 67.0], abs=0.3)


def test_a_trill_is_written_out(tiny: Instrument) -> None:
    heard = rendered(tiny, score_of_file(smf(text("tr") + marked(69, beats=1))))
    assert len(heard.notes) == heard.truth.report.notes > 4
    assert {note.key for note in heard.notes} in ({69, 70}, {69, 71})
    assert {note.join for note in heard.notes[1:]} == {"slur"}


def test_a_violin_rolls_a_chord(strung: Instrument) -> None:
    chord = [Note(0.0, 0.6, key) for key in (55, 62, 71, 79)]
    notes = rendered(strung, score_of_notes(chord), mode="violin").notes
    assert [note.key for note in notes] == [55, 62, 71, 79]
    low, high = notes[1], notes[2]
    assert low.end_seconds == pytest.approx(high.onset_seconds, abs=LED_WITHIN_SECONDS)
    assert 0.04 < high.onset_seconds < 0.2
    assert high.end_seconds == 0.6


# --- what is cut short -----------------------------------------------------------------------


def test_a_stolen_voice_ends_when_it_fades(tiny: Instrument) -> None:
    keys = [(0.0, NoteOn(0, 60, 90)), (0.2, NoteOn(1, 72, 90))]
    ends = [(0.4, NoteOff(0, 60)), (0.4, NoteOff(1, 72))]
    heard = rendered(tiny, score(*keys, *ends, seconds=0.4), voices=1)
    first, second = heard.notes
    assert second.onset_seconds == 0.2
    assert 0.2 <= first.end_seconds <= 0.2 + LED_WITHIN_SECONDS
    assert heard.frames(0).seconds[-1] == first.end_seconds
    assert not heard.stems[0][:, round((first.end_seconds + FRAME) * RATE) :].any()


def test_a_note_without_a_voice_is_left_out(tiny: Instrument) -> None:
    chord = [Note(0.0, 0.2, 60 + step) for step in range(6)]
    heard = rendered(tiny, score_of_notes(chord), voices=1)
    assert len(heard.notes) == 4  # so many slots fade at once
    assert heard.truth.report.without_voice == 5
    assert sum(note.end_seconds == 0.2 for note in heard.notes) == 1


@pytest.mark.parametrize("tail_seconds", [0.0, 0.05])
def test_notes_end_with_the_file(tiny: Instrument, tail_seconds: float) -> None:
    held = score((0.1, NoteOn(0, 60, 90)), (0.3, ControlChange(0, 1, 0)), seconds=0.301)
    heard = rendered(tiny, held, RenderSettings(tail_seconds=tail_seconds))
    assert heard.truth.report.seconds == pytest.approx(0.301 + tail_seconds, abs=1.0 / RATE)
    assert heard.notes[0].end_seconds == pytest.approx(0.301, abs=1.0 / RATE)
    assert heard.frames(0).seconds[-1] > heard.truth.report.seconds - 2 * FRAME


def test_a_note_of_a_line_that_gets_no_frame_is_left_out(tiny: Instrument) -> None:
    at_once = [(0.0, NoteOn(0, 60, 90)), *((0.2, NoteOn(0, key, 90)) for key in (62, 64, 65))]
    ends = [(0.4, NoteOff(0, key)) for key in (60, 62, 64, 65)]
    notes = rendered(tiny, score(*at_once, *ends, seconds=0.4), mode="mono").notes
    assert [note.key for note in notes[:2]] == [60, 65]
    assert notes[0].end_seconds == notes[1].onset_seconds


def test_a_file_may_begin_within_what_is_played(tiny: Instrument) -> None:
    notes = score_of_notes([Note(0.0, 0.1, 60), Note(0.05, 0.4, 67), Note(0.6, 0.1, 69)])
    whole = rendered(tiny, notes, RenderSettings(tail_seconds=0.5))
    cut = rendered(tiny, notes, RenderSettings(tail_seconds=0.5, begins=11_000))
    begins = 11_000 / RATE
    np.testing.assert_array_equal(cut.mix, whole.mix[:, 11_000:])
    assert [note.key for note in cut.notes][-2:] == [67, 69]
    assert cut.notes[-2].onset_seconds == 0.0
    assert cut.notes[-1].onset_seconds == pytest.approx(0.6 - begins)
    np.testing.assert_allclose(
        cut.frames(len(cut.notes) - 1).seconds, whole.frames(2).seconds - begins, atol=1e-9
    )


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_frames_lie_at_samples_of_any_rate(tiny: Instrument, rate: int) -> None:
    frames = rendered(tiny, one(seconds=0.2), sample_rate=rate).frames(0)
    np.testing.assert_array_equal(frames.seconds, np.ceil(frames.frame * rate / 250) / rate)


def test_at_the_engines_own_rate_nothing_changes(two: Heard) -> None:
    frames = two.truth.frames[0]
    same = resampled(frames, FRAME_RATE, two.truth.report.seconds)
    for name in ("frame", "note", "loudness_db", "voiced"):
        np.testing.assert_array_equal(getattr(same, name), getattr(frames, name))
    np.testing.assert_allclose(same.f0_hz, frames.f0_hz, rtol=1e-12)
