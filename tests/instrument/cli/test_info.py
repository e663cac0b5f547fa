"""``arco info``: everything an instrument says of itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument.units import note_name

Arco = Callable[..., tuple[int, str, str]]


def test_info_tells_everything_within_80_columns(
    arco: Arco, tiny_instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = arco("info", tiny_instrument)
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    spec = json.loads((tiny_instrument / "instrument.json").read_text())
    told = " ".join(out.split())
    for kind in ("axes", "presets", "sources"):
        for entry in spec[kind]:
            assert entry["name"] in told
    assert f"({len(spec['metrics'])} in all)" in told


def test_info_names_the_performances_that_joins_were_measured_in(
    arco: Arco, tiny_instrument: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_instrument, tmp_path / "bowed")
    spec = json.loads((folder / "instrument.json").read_text())
    spec["performances"] = [{"name": "sonata", "notes": 350, "licence": "CC BY 4.0"}]
    (folder / "instrument.json").write_text(json.dumps(spec))
    status, out, _ = arco("info", folder, "--json")
    told = {"name": "sonata", "joins": 350, "licence": "CC BY 4.0"}
    assert (status, json.loads(out)["performances"]) == (0, [told])
    assert " ".join(arco("info", folder)[1].split()).count("sonata 350 CC BY 4.0") == 1


def test_info_shows_the_main_metrics_with_what_they_are_compared_with(
    arco: Arco, tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    folder = shutil.copytree(tiny_instrument, tmp_path / "measured")
    spec = json.loads((folder / "instrument.json").read_text())
    hidden = {**spec["metrics"][0], "value": 77.5, "main": False}
    compared = [{"name": "cents_of_pca", "of": "PCA", "value": 98.5}]
    shown = {**hidden, "label": "unheard of", "unit": "cents", "value": 1.25, "main": True}
    spec["metrics"] = [hidden, {**shown, "compared": compared}, {**shown, "label": "nor this"}]
    (folder / "instrument.json").write_text(json.dumps(spec))
    status, out, _ = arco("info", folder)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    (row,) = [line.split() for line in out.splitlines() if line.startswith("unheard of")]
    assert row == ["unheard", "of", "1.25", "cents", "98.5", "PCA"]
    (row,) = [line.split() for line in out.splitlines() if line.startswith("nor this")]
    assert row == ["nor", "this", "1.25", "cents"]
    assert "77.5" not in out
    assert "(3 in all)" in out
    everything = json.loads(arco("info", folder, "--json")[1])
    assert everything["metrics"] == spec["metrics"]


def test_info_as_json(arco: Arco, tiny_instrument: Path) -> None:
    status, out, _ = arco("info", tiny_instrument, "--json")
    assert status == 0
    about = json.loads(out)
    spec = json.loads((tiny_instrument / "instrument.json").read_text())
    lowest, highest = spec["pitch_range"]
    assert about["range"]["lowest"] == {"midi": lowest, "name": note_name(lowest)}
    assert about["range"]["highest"]["midi"] == highest
    assert about["metrics"] == spec["metrics"]
    assert about["encoder"] is True
    assert (about["strings"], about["mode"]) == ([], "poly")
    assert [preset["program"] for preset in about["presets"]] == list(range(len(spec["presets"])))
    assert list(about["presets"][0]) == ["name", "program", "description"]


@pytest.mark.parametrize(("midi", "name"), [(0, "C-1"), (55, "G3"), (60, "C4"), (106, "A#7")])
def test_note_names(midi: int, name: str) -> None:
    assert note_name(midi) == name


def test_info_prints_what_controllers_do_in_a_layout(arco: Arco, desk: Path) -> None:
    (desk / "mine.toml").write_text('[controllers]\n30 = "vibrato"\n')
    status, out, err = arco("info", "--controls", "mine.toml")
    assert (status, err) == (0, "")
    assert [line.split()[:3] for line in out.splitlines() if "vibrato" in line] == [
        ["CC", "30", "vibrato:"]
    ]
    assert json.loads(arco("info", "--controls", "wind", "--json")[1])["velocity"] == "nothing"
    assert arco("info", "--controls", "gm3")[0] == 2
