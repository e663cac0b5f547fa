"""The picture of rooms has a line for each source in both of its halves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.networks.room import Room, RoomSettings
from training.pictures.room_plots import rooms


def test_sources_are_called_as_they_are(drawn: list[Figure], tmp_path: Path) -> None:
    rooms(Room(RoomSettings(("$\\frac$", "caf\udce9"), 48_000, bands=4)), tmp_path / "room.png")
    drawn[0].savefig(tmp_path / "room.png")
    assert [line.get_label() for line in drawn[0].axes[0].get_lines()] == [
        "\\$\\frac\\$",
        "caf\\udce9",
    ]


def test_each_source_has_its_level_and_its_time(drawn: list[Figure], tmp_path: Path) -> None:
    room = Room(RoomSettings(("hall", "studio"), 48_000, bands=4))
    rooms(room, tmp_path / "room.png")
    for axis, values in zip(drawn[0].axes, (room.level_db, room.seconds), strict=True):
        assert [line.get_label() for line in axis.get_lines()] == ["hall", "studio"]
        for line, wanted in zip(axis.get_lines(), values.detach().numpy(), strict=True):
            np.testing.assert_allclose(np.asarray(line.get_ydata()), wanted)
