"""`arco train all`: from recordings to an instrument, and on from wherever it was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.cli import main
from training.cli import whole
from training.data.features import FeatureCache
from training.evaluation import playback, two_sample
from training.evaluation.playback import PlaybackSettings
from training.fitting import loop
from training.fitting.loop import HISTORY, read_history
from training.pipeline import joins as pipeline_joins
from training.pipeline.outlook import in_words

Note = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., object]
STAGES = list(whole.TABLES)
AT_THE_END = ["export", "joins", "evaluate"]
TINY = """
[envelopes]
steps = 4
batch_size = 4
[timbre]
hidden = 16
harmonics = 20
steps = 2
batch_size = 4
[refine]
steps = 2
batch_size = 2
[evaluate]
quick = true
"""


def arco(*arguments: str | Path) -> int:
    return main(["train", "all", *map(str, arguments)])


class Commands:
    """Stand-ins for the commands: each says that it was called, and writes what it was given."""

    def __init__(self, features: FeatureCache) -> None:
        self.features = features
        self.called: list[str] = []
        self.given: dict[str, dict[str, Any]] = {}
        self.stopped = ""

    def _call(self, name: str, made: Path, given: dict[str, Any]) -> None:
        self.called.append(name)
        self.given[name] = given
        if name == self.stopped:
            raise KeyboardInterrupt
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(repr(sorted(given.items())))

    def prepare(self, _folder: Path, out: Path, **given: Any) -> None:
        self._call("prepare", out, given)
        self.features.save(out)

    def envelopes(self, features: Path, run: Path, **given: Any) -> None:
        self._call("envelopes", run / "best.ckpt", given)

    def timbre(self, features: Path, run: Path, refine: Path | None = None, **given: Any) -> None:
        self._call("refine" if refine else "timbre", run / "best.ckpt", given)

    def export(self, features: Path, out: Path, **given: Any) -> None:
        for name in ("envelope", "timbre", "encoder"):
            self._call("export", out / f"{name}.onnx", given)
        (out / "instrument.json").write_text('{"format": 0, "envelope": 0, "timbre": 0}')

    def joins(
        self, out: Path, folder: Path, lines: list[str], licences: Any, run: Path, _progress: Any
    ) -> str:
        self._call("joins", run / "joins.json", {"lines": lines, "licences": licences})
        return "joins are as usual: 3 joins are too few"

    def evaluate(self, features: Path, out: Path, report: Path, **given: Any) -> None:
        self._call("evaluate", report / "evaluation.json", given)
        with (out / "instrument.json").open("a") as stream:
            stream.write("\n")

    def all(self, *arguments: str) -> list[str]:
        """The stages that a call does."""
        self.called = []
        assert arco("notes", "-o", "cello", *arguments) == (130 if self.stopped else 0)
        return list(dict.fromkeys(self.called))


@pytest.fixture
def commands(features: FeatureCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.chdir(tmp_path)
    Path("notes").mkdir()
    Path("notes/notes.csv").write_text("file,midi\na.wav,60\n")
    Path("notes/a.wav").write_bytes(b"a sound")
    lines = np.array([f"line.wav#{note:03}" for note in range(len(features.name))])
    standing_in = Commands(replace(features, name=lines))
    monkeypatch.setattr(pipeline_joins, "learn_joins", standing_in.joins)
    for name in ("prepare", "envelopes", "timbre", "export", "evaluate"):
        monkeypatch.setattr(whole, name, getattr(standing_in, name))
    return standing_in


def test_all_stages_are_done_once(commands: Commands) -> None:
    assert commands.all() == STAGES
    assert commands.all() == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_call_goes_on_where_the_last_one_was_stopped(commands: Commands, stage: str) -> None:
    place = STAGES.index(stage)
    commands.stopped = stage
    assert commands.all() == STAGES[: place + 1]
    commands.stopped = ""
    assert commands.all() == STAGES[place:]
    trained = ("envelopes", "timbre", "refine")
    went_on = [name for name in trained if commands.given[name]["resume"]]
    assert went_on == [name for name in trained if name == stage]
    assert commands.all() == []


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ("[refine]\nsteps = 7", ["refine", *AT_THE_END]),
        ("[envelopes]\nbeta = 0.1", ["envelopes", *AT_THE_END]),
        ("[timbre]\nhidden = 64", ["timbre", "refine", *AT_THE_END]),
        ("[prepare]\nheld_out = 0.2", STAGES),
        ("[export]\nname = 'mine'", AT_THE_END),
        ("[evaluate]\nquick = true", ["evaluate"]),
        ("[timbre]\naccelerator = 'cpu'", []),
        ("", []),
    ],
)
def test_a_setting_changes_what_follows_and_nothing_before(
    commands: Commands, change: str, then: list[str]
) -> None:
    commands.all()
    Path("run.toml").write_text(change)
    assert commands.all("--settings", "run.toml") == then


@pytest.mark.parametrize("out", ["cello", "elsewhere/cello"])
def test_an_instrument_that_is_exported_again_gets_its_joins(commands: Commands, out: str) -> None:
    commands.all()
    shutil.rmtree("cello")
    commands.called = []
    assert arco("notes", "-o", out) == 0
    assert list(dict.fromkeys(commands.called)) == AT_THE_END


def test_only_what_is_done_again_is_expected_to_take_time(
    commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.all()
    Path("run.toml").write_text("[envelopes]\nsteps = 1000")
    capsys.readouterr()
    assert commands.all("--settings", "run.toml") == ["envelopes", *AT_THE_END]
    (said,) = (line for line in capsys.readouterr().out.splitlines() if "envelopes (" in line)
    seconds = 4 * whole.START_SECONDS + sum(whole.LAST_SECONDS.values())
    assert f"about {in_words(seconds + 1000 * whole.STEP_SECONDS['envelopes'])} left" in said


def test_recordings_that_change_change_all(commands: Commands) -> None:
    commands.all()
    Path("notes/a.wav").write_bytes(b"another")
    assert commands.all() == STAGES
    Path("notes/remarks.txt").write_text("no sound")
    assert commands.all() == []


def test_the_settings_that_counted_are_written_and_may_be_given_again(commands: Commands) -> None:
    licences = ("--licence", "one=CC0", "--licence", 'two="mine"', "--description", "A cello, 2 m")
    commands.all("--instrument", "cello", "--quick", *licences)
    given = commands.given
    assert given["prepare"]["instrument"] == "cello"
    assert given["export"]["licence"] == ["one=CC0", 'two="mine"']
    assert given["export"]["name"] == "cello"
    assert given["refine"]["steps"] == whole.QUICK_STEPS["refine"]
    written = Path("runs/cello/settings.toml")
    Path("again.toml").write_bytes(written.read_bytes())
    assert commands.all("--settings", "again.toml") == []
    assert written.read_bytes() == Path("again.toml").read_bytes()


def test_joins_are_those_of_the_performances_that_were_cut(
    commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    source = np.full(commands.features.source.shape, "line")
    commands.features = replace(commands.features, source=source)
    commands.all("--licence", "line=CC0")
    assert commands.given["joins"] == {"lines": ["line.wav"], "licences": {"line": "CC0"}}
    assert "3 joins" in capsys.readouterr().err


def test_few_notes_are_trained_for_less_long(
    commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("dry.toml").write_text("[refine]\nroom = 'none'")
    commands.all("--settings", "dry.toml")
    assert "12 notes" in capsys.readouterr().err
    for stage, steps in whole.STEPS.items():
        assert commands.given[stage]["steps"] == whole.LEAST_SHARE * steps


def test_performances_are_refined_in_their_rooms_in_fewer_steps_that_take_longer(
    commands: Commands,
) -> None:
    commands.all()
    refined = commands.given["refine"]
    assert refined["room"] == "performed"
    assert refined["steps"] * whole.IN_ROOMS == whole.LEAST_SHARE * whole.STEPS["refine"]


def test_alarms_are_told_before_hours_of_training(commands: Commands) -> None:
    level_db = np.full_like(commands.features.level_db, -20.0)
    commands.features = replace(commands.features, level_db=level_db)
    assert arco("notes", "-o", "cello") == 2
    assert commands.called == ["prepare"]
    assert commands.all("--anyway") == STAGES[1:]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere", "-o", "x"), "nowhere: not found"),
        (("notes", "-o", "notes"), "notes: holds"),
        (("notes", "-o", "x", "--run", "notes"), "holds something else"),
        (("notes", "-o", "x", "--run", "notes/a.wav"), "a.wav"),
        (("notes", "-o", "x", "--settings", "gone.toml"), "gone.toml: no settings"),
        (("notes", "-o", "x", "--settings", "bad.toml"), "did you mean 'hidden'"),
        (("notes", "-o", "x", "--settings", "betas.toml"), "[envelopes] beta: give one"),
        (("notes", "-o", "x", "--settings", "rooms.toml"), "no room named 'hall'"),
        (("notes", "-o", "x", "--licence", "CC0"), "should be NAME=TEXT"),
        (("notes", "-o", "x", "--description", "two\nlines"), "one line of text"),
        (("notes", "-o", "x", "--run", "y", "--licence", "gone=CC0"), "'gone'"),
    ],
)
def test_what_cannot_be_is_one_line(
    commands: Commands, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.toml").write_text("[timbre]\nhiden = 3")
    Path("betas.toml").write_text("[envelopes]\nbeta = [0.1, 0.2]")
    Path("rooms.toml").write_text("[refine]\nroom = 'hall'")
    assert arco(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not Path("x").exists()
    assert not Path("runs").exists()
    assert not {"envelopes", "timbre"} & set(commands.called)


@pytest.mark.slow
def test_recordings_become_an_instrument_though_it_was_stopped(
    tmp_path: Path,
    violin_note: Note,
    record: Record,
    few: PlaybackSettings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(playback, "QUICK", few)
    monkeypatch.setattr(two_sample, "SPLITS", 1)
    rows = ["file,midi,dynamic"]
    for midi in (55, 62, 67, 74):
        for dynamic, level_db in (("p", -34.0), ("f", -22.0)):
            name = f"{midi}-{dynamic}.wav"
            audio = violin_note(midi, 0.7, level_db=level_db, vibrato_cents=20.0, seed=midi)[0]
            record(Path("notes") / name, audio, midi)
            rows.append(f"{name},{midi},{dynamic}")
    Path("notes/notes.csv").write_text("\n".join(rows) + "\n")
    Path("tiny.toml").write_text(TINY)
    call = ("notes", "-o", "cello", "--settings", "tiny.toml", "--licence", "recordings=CC0")

    keep = loop._keep

    def stopping(run: Path, state: dict[str, Any], *others: Any, **more: Any) -> None:
        keep(run, state, *others, **more)
        if state["step"] == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_keep", stopping)
        assert arco(*call) == 130
    assert "stopped in 'envelopes'" in capsys.readouterr().err
    assert arco(*call) == 0
    history = read_history(tmp_path / "runs/cello/envelopes" / HISTORY)
    assert [entry["step"] for entry in history if loop.OBJECTIVE in entry] == [0, 1, 2, 3]
    said = json.loads(Path("cello/instrument.json").read_text())
    assert said["sources"] == [{"name": "recordings", "notes": 8, "licence": "CC0"}]
    assert "played_cents" in {metric["name"] for metric in said["metrics"]}
    assert "8 notes, and under 40" in Path("cello/README.md").read_text()
    assert main(["info", "cello"]) == 0
    capsys.readouterr()
    assert arco(*call) == 0
    assert capsys.readouterr().out.count("nothing has changed") == len(STAGES) + 1
