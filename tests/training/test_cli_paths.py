"""`arco train`: folders for files, files for folders, and a person's own files."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.cli import main
from training.data.features import FeatureCache
from training.fitting.loop import LoopSettings
from training.fitting.runs import save_network, write_run
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

MINE = "# Mine\n"
LONG = "x" * 300
QUICK = "--steps 1 --batch-size 4 --accelerator cpu"


@pytest.fixture(scope="module")
def whole(
    features: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tiny_instrument: Path,
    violin_note: Callable[..., tuple[Float32, Float64]],
    record: Callable[..., object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with one of everything that the commands read."""
    folder = tmp_path_factory.mktemp("whole")
    features.save(folder / "x.npz")
    dataclasses.replace(features, release=features.onset + 20).save(folder / "short.npz")
    shutil.copytree(tiny_instrument, folder / "tiny")
    write_run(folder / "vae", "conditional", tiny_networks[0], LoopSettings(steps=1))
    save_network(tiny_networks[0], folder / "vae")
    record(folder / "notes" / "a.wav", violin_note(69, 0.3)[0], 69)
    record(folder / "one.wav", np.full(1, 0.1, np.float32), 69)
    (folder / "notes" / "notes.csv").write_text("file,midi\na.wav,69\n")
    (folder / "text.wav").write_text("text")
    (folder / "file").write_text(MINE)
    (folder / "empty").mkdir()
    (folder / "own").mkdir()
    for name in ("settings.json", "report.md", "pictures.md", "notes.csv"):
        (folder / "own" / name).write_text(MINE)
    (folder / "other").mkdir()
    for name in ("history.json", "best.ckpt", "last.ckpt"):
        (folder / "other" / name).write_text(MINE)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = Path(shutil.copytree(whole, tmp_path / "here"))
    monkeypatch.chdir(copy)
    return copy


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        # files where folders should be, and folders where files should be
        ("prepare file -o y.npz", "file: is not a folder"),
        ("prepare notes -o empty", "empty: is a folder"),
        ("prepare notes -o ..", "..: is a folder"),
        ("prepare notes -o file/y.npz", "file"),
        ("prepare notes -o /dev/null", "/dev/null: is no file"),
        ("prepare notes -o y.parts", "y.parts: is kept for what is analysed"),
        ("prepare empty -o y.npz", "no recordings"),
        ("envelopes empty", "empty: not a feature cache (is a folder)"),
        ("envelopes file", "file: not a feature cache"),
        ("envelopes text.wav", "text.wav: not a feature cache"),
        (f"envelopes x.npz --run file {QUICK}", "file is a file"),
        (f"envelopes x.npz --run file/sub {QUICK}", "file is a file"),
        (f"envelopes x.npz --run {'x' * 300} {QUICK}", "cannot be made: "),
        (f"timbre x.npz --refine empty {QUICK}", "empty: no training run here"),
        (f"timbre x.npz --refine file {QUICK}", "file: no training run here"),
        (f"timbre x.npz --refine vae {QUICK}", "holds a network of kind 'conditional'"),
        ("images file", "file: holds no train-images"),
        ("evaluate x.npz file --envelopes vae", "file"),
        ("evaluate x.npz tiny --envelopes file", "file: no training run here"),
        ("evaluate x.npz tiny --envelopes vae --report file", "file is a file"),
        ("evaluate x.npz tiny --envelopes vae --report file/sub", "file is a file"),
        ("pictures x.npz empty --envelopes vae", "no instrument here"),
        ("pictures x.npz tiny --envelopes vae -o file", "file is a file"),
        ("pictures x.npz tiny --envelopes vae -o file/sub", "file is a file"),
        ("evaluate x.npz tiny --envelopes vae --performances empty", "empty: no sound files"),
        ("evaluate x.npz tiny --envelopes vae --performances gone.wav", "gone.wav: no such file"),
        ("evaluate x.npz tiny --envelopes vae --timbre own", "own/settings.json"),
        ("evaluate x.npz tiny --envelopes vae --timbre gone", "gone: no such run"),
        ("joins empty one.wav", "empty: no instrument here"),
        ("joins tiny one.wav --licence two=CC0", "no source of recordings named 'two'"),
        ("phrases tiny", "no performances, parts or scores"),
        ("phrases tiny --performances gone.wav", "gone.wav: no such file"),
        ("phrases tiny --performances text.wav", "cannot be read as audio"),
        ("phrases tiny --parts notes", "notes.csv: the columns should be f0_hz"),
        ("phrases tiny --parts empty", "empty: no contours"),
        ("phrases tiny --scores notes", "notes: no .mid files"),
        ("phrases file --performances one.wav", "file"),
        ("phrases tiny --performances one.wav --report file", "file is a file"),
        ("phrases tiny --performances one.wav --line-seconds inf", "--line-seconds"),
        ("score tiny file --report empty", "empty: is a folder"),
        ("score tiny file --report empty/no/y.json", "there is no folder"),
        ("score tiny file empty", "not one piece could be read"),
        ("draw-sound empty -o y.png", "empty: is not a file"),
        ("draw-sound text.wav -o y.png", "cannot be read as audio"),
        ("draw-sound one.wav -o empty", "empty: is no file"),
        ("draw-sound one.wav -o .", "is no file"),
        ("draw-sound one.wav -o /dev/null", "is no file"),
        ("draw-sound one.wav -o y.txt", "cannot be drawn as .txt"),
        # a person's own files
        ("prepare notes -o notes/a.wav", "is the file that is read"),
        (f"envelopes x.npz --run own {QUICK}", "own: holds settings.json and is no run"),
        (f"envelopes x.npz --run other {QUICK}", "other: holds history.json and is no run"),
        (f"envelopes x.npz --run other --resume {QUICK}", "other: holds history.json"),
        ("evaluate x.npz tiny --envelopes vae --report own", "report.md: isn't a report"),
        ("pictures x.npz tiny --envelopes vae -o own", "pictures.md: isn't a page"),
        ("diet tiny -o tiny", "tiny: is the instrument itself"),
        ("diet tiny -o vae/../tiny", "is the instrument itself"),
        # what would do nothing
        (f"timbre x.npz --room all {QUICK}", "--room all: is learned with --refine only"),
        (f"timbre x.npz --refine vae --hidden 64 {QUICK}", "has the sizes of vae"),
        (f"timbre x.npz --refine vae --harmonics 64 {QUICK}", "has the sizes of vae"),
        (
            f"envelopes short.npz --beta 0.1 --beta 1 {QUICK}",
            "fewer than two notes of half a second",
        ),
        # numbers that there are not
        ("prepare notes -o y.npz --held-out inf", "--held-out"),
        ("prepare notes -o y.npz --device abacus", "--device abacus"),
        (f"envelopes x.npz --beta inf {QUICK}", "--beta"),
        (f"envelopes x.npz --learning-rate inf {QUICK}", "--learning-rate"),
        (f"timbre x.npz --hidden 1000000000 {QUICK}", "--hidden"),
        ("images empty --latent 1000000000", "--latent"),
        ("draw-sound one.wav -o y.png --start inf", "--start"),
        ("draw-sound one.wav -o y.png --start 1e300", "--start"),
        ("draw-sound one.wav -o y.png --seconds inf", "--seconds"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(
    line: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert main(["train", *line.split()]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other names that can't be")
@pytest.mark.parametrize(
    "line",
    [
        f"all {LONG} -o y",
        f"all notes -o {LONG}",
        f"prepare {LONG} -o y.npz",
        f"prepare notes -o {LONG}",
        f"prepare {LONG} --suggest",
        f"prepare notes -o y.npz --leave-out {LONG}",
        f"envelopes {LONG}",
        f"timbre x.npz --refine {LONG} {QUICK}",
        f"images {LONG}",
        f"export x.npz -o y --envelopes {LONG}",
        f"evaluate x.npz {LONG} --envelopes vae",
        f"evaluate x.npz tiny --envelopes {LONG}",
        f"joins tiny {LONG}",
        f"phrases tiny --performances {LONG}",
        f"phrases tiny --scores {LONG}",
        f"score tiny {LONG}",
        f"draw-sound {LONG} -o y.png",
        f"draw-sound one.wav -o {LONG}.png",
        f"render-notes {LONG} y",
    ],
)
def test_a_name_that_no_file_can_have_is_said_in_one_line(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert main(["train", *line.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("arco: ")
    assert error.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize("sound", ["one.wav", "notes/a.wav"])
def test_the_shortest_sound_is_drawn(sound: str, folder: Path) -> None:
    assert main(["train", "draw-sound", sound, "-o", "y.png"]) == 0
    assert (folder / "y.png").stat().st_size > 0
