"""Layouts of controllers in a program."""

from __future__ import annotations

from pathlib import Path

import pytest

import instrument as arco
from instrument.model.graphs import Instrument
from tests.instrument.midi.score_files import ONE_NOTE, smf


def test_controllers_do_what_a_layout_or_a_file_of_one_says(
    tiny: Instrument, tmp_path: Path
) -> None:
    player = arco.Player(tiny)
    path = tmp_path / "mine.toml"
    path.write_text('like = "wind"\n[controllers]\n2 = "nothing"\n3 = "dynamics"\n')
    for controls, breath in (("wind", 2), (str(path), 3)):
        stream = player.stream(controls=controls, room_gain=0.0)
        stream.push(arco.NoteOn(0, 69, 80))
        assert not stream.render(4_800).any()
        stream.push(arco.ControlChange(0, breath, 100))
        assert stream.render(9_600).any()
    with pytest.raises(arco.UsageError, match="gm2"):
        player.stream(controls="gm3")


def test_what_would_not_be_heard_without_breath_is_refused(
    tiny: Instrument, tmp_path: Path
) -> None:
    player, song = arco.Player(tiny), tmp_path / "song.mid"
    song.write_bytes(smf(ONE_NOTE))
    with pytest.raises(arco.UsageError, match="breath"):
        player.render([arco.Note(0.0, 0.3, 60)], controls="wind")
    with pytest.raises(arco.UsageError, match="breath"):
        player.render_file(song, tmp_path / "song.wav", controls="wind")
    assert list(tmp_path.iterdir()) == [song]
