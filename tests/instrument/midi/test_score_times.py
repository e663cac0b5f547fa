"""When each event of a MIDI file sounds."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from itertools import chain
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.midi.events import Event, NoteOn
from instrument.midi.messages import decode
from instrument.midi.score import MAX_DURATION_SECONDS, read_score
from tests.instrument.midi.score_files import (
    A_OFF,
    A_ON,
    DIVISION,
    ONE_BEAT,
    number,
    refusal,
    score,
    smf,
    tempo,
)


def test_a_tempo_change_in_one_track_holds_for_all() -> None:
    conductor = ONE_BEAT + tempo(1_000_000)
    notes = ONE_BEAT + A_ON + ONE_BEAT + A_OFF
    assert [timed.seconds for timed in score(smf(notes, conductor)).events] == [0.5, 1.5]


@given(
    division=st.integers(1, 0x7FFF),
    steps=st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(1, 0xFFFFFF)), min_size=1, max_size=20
    ),
)
def test_a_tempo_map_gives_the_exact_seconds(division: int, steps: list[tuple[int, int]]) -> None:
    track = b""
    elapsed, at = Fraction(0), 500_000
    expected = []
    for ticks, microseconds in steps:
        elapsed += Fraction(ticks * at, 1_000_000 * division)
        at = microseconds
        expected.append(float(elapsed))
        track += number(ticks) + A_ON + b"\x00" + tempo(microseconds)
    if elapsed > MAX_DURATION_SECONDS:
        assert "hours" in refusal(smf(track, division=division))
    else:
        result = score(smf(track, division=division))
        begun = [timed.seconds for timed in result.events if isinstance(timed.event, NoteOn)]
        assert begun == expected


@pytest.mark.parametrize(
    ("frames", "frames_per_second"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)]
)
def test_smpte_time_counts_frames_and_knows_no_tempo(frames: int, frames_per_second: float) -> None:
    ticks_per_frame = 40
    division = (256 - frames) << 8 | ticks_per_frame
    data = smf(b"\x00" + tempo(1_000_000) + number(4000) + A_ON, division=division)
    assert score(data).events[0].seconds == pytest.approx(100 / frames_per_second, rel=1e-15)


Messages = list[tuple[mido.Message, int]]
"""Messages and the ticks before each."""


def whole_note(channel: int, key: int, velocity: int, rest: int, length: int) -> Messages:
    on = mido.Message("note_on", channel=channel, note=key, velocity=velocity)
    off = mido.Message("note_on", channel=channel, note=key, velocity=0)
    return [(on, rest), (off, length)]


seven_bits, some_ticks = st.integers(0, 127), st.integers(0, 500)
simple_messages: st.SearchStrategy[Messages] = st.one_of(
    st.builds(
        whole_note,
        st.integers(0, 8),
        seven_bits,
        st.integers(1, 127),
        some_ticks,
        st.integers(1, 500),
    ),
    st.builds(
        lambda c, v, ticks: [
            (mido.Message("control_change", channel=c, control=1, value=v), ticks)
        ],
        st.integers(0, 8),
        seven_bits,
        some_ticks,
    ),
    st.builds(
        lambda t, ticks: [(mido.MetaMessage("set_tempo", tempo=t), ticks)],
        st.integers(1, 0xFFFFFF),
        some_ticks,
    ),
)


@given(
    music=st.lists(
        st.lists(simple_messages, max_size=12).map(lambda parts: list(chain.from_iterable(parts))),
        min_size=1,
        max_size=4,
    )
)
def test_files_written_by_mido_play_what_mido_plays(music: list[Messages]) -> None:
    tracks = [[*track, *whole_note(15, 60, 1, 0, 1)] for track in music]
    file = mido.MidiFile(
        ticks_per_beat=DIVISION,
        tracks=[mido.MidiTrack(m.copy(time=ticks) for m, ticks in track) for track in tracks],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mid"
        file.save(path)
        result = read_score(path)
        played = list(mido.MidiFile(path))
    seconds, expected = 0.0, []
    for message in played:
        seconds += message.time
        if (event := decode(message.bin())) is not None:
            expected.append((seconds, event))

    def by_event(timed: tuple[float, Event]) -> tuple[str, float]:
        return repr(timed[1]), timed[0]

    ours = sorted(((timed.seconds, timed.event) for timed in result.events), key=by_event)
    expected.sort(key=by_event)
    assert [event for _, event in ours] == [event for _, event in expected]
    assert [s for s, _ in ours] == pytest.approx([s for s, _ in expected], abs=1e-6)
    assert result.duration_seconds == pytest.approx(seconds, abs=1e-6)
