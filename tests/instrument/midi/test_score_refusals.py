"""Which MIDI files are refused, and how."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import MidiFileError
from instrument.midi.events import NoteOn
from instrument.midi.score import MAX_DURATION_SECONDS, read_score
from tests.instrument.midi.score_files import (
    A_ON,
    END,
    ONE_NOTE,
    events,
    header,
    number,
    refusal,
    score,
    smf,
)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (smf(b""), "song.mid: has no notes"),
        (smf(b"\x00\x90\x45\x00"), "song.mid: has no notes"),
        (smf(), "song.mid: has no notes"),
        (smf(b"\xff\xff\xff\x7f" + A_ON, division=1), "song.mid: lasts 37283 hours, more than 24"),
        (smf(number(174_000) + A_ON, division=1), "song.mid: lasts 25 hours, more than 24"),
        (b"", "song.mid: empty (0 bytes)"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_by_name(data: bytes, says: str) -> None:
    assert says in refusal(data)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid: no such file; check the path$"):
        read_score(tmp_path / "nowhere.mid")


event_bytes = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([ONE_NOTE, END, b"\x00\xff\x51\x03", b"\x00\xf0", b"\xff\xff\xff\x7f"]),
)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda rest: header() + rest),
        st.builds(
            lambda tracks, kind, division: smf(*tracks, kind=kind, division=division),
            st.lists(st.lists(event_bytes, max_size=20).map(b"".join), max_size=3),
            st.integers(0, 3),
            st.integers(0, 0xFFFF),
        ),
        st.builds(
            lambda at, byte: (data := smf(ONE_NOTE, ONE_NOTE))[:at] + byte + data[at + 1 :],
            st.integers(0, 60),
            st.binary(max_size=2),
        ),
    )
)
def test_any_bytes_are_a_score_or_a_refusal_in_one_line(data: bytes) -> None:
    try:
        result = score(data)
    except MidiFileError:
        refusal(data)
        return
    times = [timed.seconds for timed in result.events]
    assert times == sorted(times)
    assert result.notes == sum(isinstance(event, NoteOn) for event in events(result)) > 0
    assert times[-1] <= result.duration_seconds <= MAX_DURATION_SECONDS
