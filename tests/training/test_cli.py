"""`arco train`: every step from recordings to an instrument that plays, as a person runs it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from instrument.arrays import Float32, Float64
from instrument.cli import main
from training.data.features import FeatureCache
from training.fitting.checkpoints import BEST, LAST, load_checkpoint

Note = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, features: FeatureCache) -> Path:
    """A folder with features, and in it whatever the commands make."""
    folder = tmp_path_factory.mktemp("train")
    features.save(folder / "violin.npz")
    return folder


def arco(*arguments: str | Path) -> int:
    return main(["train", *map(str, arguments)])


def test_recordings_become_features(
    tmp_path: Path, violin_note: Note, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings, features = tmp_path / "recordings", tmp_path / "violin.npz"
    rows = ["file,instrument,source,midi,dynamic"]
    for midi, instrument, labelled in ((69, "violin", 69), (60, "", 61), (64, "viola", 64)):
        record(recordings / f"{midi}.wav", violin_note(midi, 0.4)[0], midi)
        rows.append(f"{midi}.wav,{instrument},here,{labelled},mf")
    rows.append("gone.wav,violin,here,72,mf")
    (recordings / "notes.csv").write_text("\n".join(rows) + "\n")
    assert arco("prepare", recordings, "-o", features, "--held-out", "0.5") == 0
    said = capsys.readouterr().out
    assert "1 notes; 3 left out" in said
    for reason in ("named in line", "of another instrument", "wrong pitch"):
        assert f"     1  left out: {reason}" in said
    assert {path.name for path in tmp_path.glob("*.summary.*")} == {
        "violin.summary.png",
        "violin.summary.svg",
    }
    cache = FeatureCache.load(features)
    assert cache.name.tolist() == ["69.wav"]
    assert cache.settings["held_out"] == 0.5
    refused = (tmp_path / "violin.report.csv").read_text().splitlines()
    names = [line.partition(",")[0] for line in refused]
    assert names == ["recording", "gone.wav", "64.wav", "60.wav"]


def test_recordings_without_labels_get_a_table_that_is_prepared(
    tmp_path: Path, violin_note: Note, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings, features = tmp_path / "recordings", tmp_path / "violin.npz"
    for number, midi in enumerate((69, 60)):
        record(recordings / f"take {number}.wav", violin_note(midi, 0.4)[0], midi)
    record(recordings / "silent.wav", np.zeros(48_000, np.float32), 0)
    assert arco("prepare", recordings, "--suggest") == 0
    assert "3 recordings, 0 unsure, 1 without a pitch" in capsys.readouterr().out
    assert arco("prepare", recordings, "-o", features) == 0
    cache = FeatureCache.load(features)
    assert dict(zip(cache.name.tolist(), cache.midi.tolist(), strict=True)) == {
        "take 0.wav": 69,
        "take 1.wav": 60,
    }
    assert arco("prepare", recordings, "--suggest") == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.slow
def test_features_become_an_instrument_that_plays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = folder / "violin.npz"
    fit, refined, vae = folder / "fit", folder / "refined", folder / "envelopes"
    instrument = folder / "instrument"
    quick = ("--steps", "4", "--batch-size", "8", "--accelerator", "cpu")
    small = ("--hidden", "16", "--harmonics", "20")

    assert arco("envelopes", features, "--run", vae, *quick) == 0
    assert arco("timbre", features, "--run", fit, *small, *quick) == 0
    assert arco("timbre", features, "--run", refined, "--refine", fit, *quick) == 0
    assert "its noise was raised by" in capsys.readouterr().out
    best, last = (
        load_checkpoint(refined / name)["network"]["noise_head.bias"] for name in (BEST, LAST)
    )
    assert not torch.equal(best, last)
    exporting = ("--envelopes", vae, "--timbre", refined, "--licence", "one=CC0")
    assert arco("export", features, "-o", instrument, *exporting) == 0
    assert (
        arco("pictures", features, instrument, "--envelopes", vae, "-o", folder / "pictures") == 0
    )

    assert (vae / "losses.png").stat().st_size > 0
    assert (folder / "pictures" / "losses.csv").stat().st_size > 0
    assert json.loads((instrument / "instrument.json").read_text())["sources"][0] == {
        "name": "one",
        "notes": 6,
        "licence": "CC0",
    }
    assert (instrument / "README.md").is_file()
    assert main(["info", str(instrument)]) == 0


@pytest.mark.slow
def test_lines_are_compared_with_players(
    tiny_instrument: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instrument, parts, report = (tmp_path / name for name in ("tiny", "parts", "report"))
    shutil.copytree(tiny_instrument, instrument)
    parts.mkdir()
    for name, keys in (("one", (67, 69, 71)), ("two", (72, 71, 67))):
        lines = [f"{440.0 * 2 ** ((k - 69) / 12):.2f},0.9,-5.0" for k in keys for _ in range(40)]
        table = "\n".join(["f0_hz,confidence,level_nepers", *lines, ""])
        (parts / f"{name}.csv").write_text(table)
    comparing = ("--parts", parts, "--report", report, "--contours", tmp_path / "kept", "--record")
    assert arco("phrases", instrument, *comparing) == 0
    assert "| notes of parts | 6 |" in capsys.readouterr().out
    assert {path.name for path in report.iterdir()} >= {"phrases.md", "phrases.json", "line-1.png"}
    recorded = json.loads((instrument / "instrument.json").read_text())["metrics"]
    assert "part_notes_mmd_p" in [metric["name"] for metric in recorded]
    assert "### Phrases" in (instrument / "README.md").read_text()


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(folder: Path) -> None:
    run, features = folder / "resumed", folder / "violin.npz"
    few = ("--run", run, "--batch-size", "8", "--accelerator", "cpu")
    assert arco("envelopes", features, *few, "--steps", "2") == 0
    assert arco("envelopes", features, *few, "--steps", "4", "--resume") == 0
    steps = [entry["step"] for entry in json.loads((run / "history.json").read_text())]
    assert max(steps) == 3
    assert steps == sorted(steps)


@pytest.mark.slow
def test_the_originals_vae_trains_by_a_flag(folder: Path) -> None:
    run = folder / "plain"
    plain = ("--plain", "--epochs", "1", "--batch-size", "8", "--accelerator", "cpu")
    assert arco("envelopes", folder / "violin.npz", "--run", run, *plain) == 0
    settings = json.loads((run / "settings.json").read_text())
    assert settings["kind"] == "plain"
    assert settings["objective"]["beta"] == 0.01
    assert settings["network"]["capacity"] == 2
    assert settings["loop"]["learning_rate"] == 5e-5


@pytest.mark.slow
def test_pictures_are_learned_with_each_weight_of_the_divergence(
    picture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    quick = ("--run", run, "--batch-size", "100", "--epochs", "1", "--accelerator", "cpu")
    assert arco("images", picture_folder, *quick, "--beta", "1", "--beta", "0") == 0
    said = capsys.readouterr().out
    for beta in ("beta-1", "beta-0"):
        settings = json.loads((run / beta / "settings.json").read_text())
        assert settings["objective"] == {"beta": float(beta[5:])}
        assert settings["network"]["latent"] == 2
        assert "knn_accuracy" in json.loads((run / beta / "metrics.json").read_text())
        history = json.loads((run / beta / "history.json").read_text())
        assert history[-1]["step"] == 2
    assert {"beta-0", "beta-1", "losses.png", "losses.svg"} == {f.name for f in run.iterdir()}
    assert "knn accuracy" in said


@pytest.mark.slow
def test_pictures_have_a_small_weight_of_the_divergence_by_default(
    picture_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    quick = ("--run", run, "--batch-size", "100", "--accelerator", "cpu")
    assert arco("images", picture_folder, *quick, "--steps", "2", "--data", "fashion") == 0
    settings = json.loads((run / "beta-0.01" / "settings.json").read_text())
    assert settings["objective"] == {"beta": 0.01}
    assert settings["data"] == "fashion"

    before = {file: file.read_bytes() for file in run.rglob("*.*") if file.is_file()}
    nowhere = ("--accelerator", "abacus")
    assert arco("images", picture_folder, *quick, "--steps", "2", *nowhere) == 2
    assert {file: file.read_bytes() for file in before} == before

    again = ("images", picture_folder, *quick, "--steps", "3", "--resume")
    capsys.readouterr()
    assert arco(*again, "--data", "fashion", "--latent", "3") == 2
    assert "was begun with network {'latent': 2" in capsys.readouterr().err
    assert arco(*again) == 2
    assert "was begun with data fashion, not mnist" in capsys.readouterr().err
    assert arco(*again, "--data", "fashion") == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("prepare", "nowhere", "-o", "x.npz"), "nowhere"),
        (("prepare", "."), "--out is missing"),
        (("prepare", ".", "--suggest"), "no recordings"),
        (("prepare", ".", "-o", "missing/x.npz"), "no folder missing"),
        (("prepare", ".", "-o", "x.npz", "--crepe", "huge"), "tiny or full"),
        (("envelopes", "missing.npz"), "arco train prepare"),
        (("timbre", "missing.npz"), "arco train prepare"),
        (("timbre", "x.npz", "--run", "a", "--refine", "a"), "name another folder"),
        (("export", "missing.npz", "-o", "x"), "arco train prepare"),
        (("pictures", "missing.npz", "x"), "arco train prepare"),
        (("envelopes",), "features"),
        (("images", "nowhere"), "nowhere: holds no train-images-idx3-ubyte"),
        (("images", ".", "--data", "cifar"), "mnist or fashion"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert arco(*arguments) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_silent_recordings_are_refused(
    tmp_path: Path, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "in" / "Violin.arco.ff.sulA.A4.wav", np.zeros(48_000, np.float32), 69)
    assert arco("prepare", tmp_path / "in", "-o", tmp_path / "out.npz") == 2
    assert "silence" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()
