"""All of a training in one command: each stage is one of the other commands, with its options."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import soundfile
import typer
from rich.progress import BarColumn, Progress, TextColumn

from instrument.errors import UsageError
from instrument.files import encoded
from instrument.model.reading import as_name
from training.cli.instruments import evaluate, export
from training.cli.networks import envelopes, timbre
from training.cli.recordings import prepare
from training.data.features import FeatureCache
from training.options import LeaveOut, Licences, bars_told, console, named_texts, progress_bar, warn
from training.pipeline.outlook import Outlook, in_words
from training.pipeline.settings import (
    Settings,
    merged,
    options_of,
    read_settings,
    usual_settings,
    write_settings,
)
from training.pipeline.stages import Ledger, Stage, digest_if_there

SETTINGS = "settings.toml"
ONE_PROCESS = {"resume", "nodes", "devices"}
TABLES = {
    "prepare": options_of(prepare, but={"suggest"}),
    "envelopes": options_of(envelopes, but=ONE_PROCESS),
    "timbre": options_of(timbre, but=ONE_PROCESS | {"room"}),
    "refine": options_of(timbre, but=ONE_PROCESS | {"hidden", "harmonics"}),
    "export": options_of(export),
    "joins": {},
    "evaluate": options_of(evaluate, but={"record", "line_seconds"}),
}
"""The stages in order, and the settings of each."""

STEPS = {"envelopes": 1500, "timbre": 3000, "refine": 2400}
QUICK_STEPS = {"envelopes": 300, "timbre": 300, "refine": 40}
ENOUGH_NOTES, LEAST_SHARE = 200, 0.25  # fewer notes take fewer of the steps
STEP_SECONDS = {"envelopes": 0.1, "timbre": 0.7, "refine": 0.8}  # expected, on two cores
IN_ROOMS = 2.0  # times as long is a step of refining there; half as many were enough
ANALYSIS_SECONDS = {"tiny": 0.6, "full": 9.0}  # for each second of sound
CONTOUR_SECONDS = 0.7
LAST_SECONDS = {"export": 20.0, "evaluate": 600.0}
QUICK_EVALUATION_SECONDS = 60.0
START_SECONDS = 10.0
BARS = {"analysing": "prepare", "refined": "refine", "evaluating": "evaluate"}
"""Label of the progress that counts for a stage; of others it is the stage's name."""


def whole(
    recordings: Annotated[list[Path], typer.Argument(help="Folders of recordings, and files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the instrument.")],
    instrument: Annotated[
        str | None, typer.Option(help="Take recordings labelled so, or not labelled at all.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(help="A TOML file: a table a stage, a key an option.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; by default in runs/, named as OUT.")
    ] = None,
    leave_out: LeaveOut = None,
    licence: Licences = None,
    description: Annotated[str | None, typer.Option(help="Of the instrument, one line.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A try in minutes: few steps, few notes evaluated.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Export in spite of alarms.")] = False,
) -> None:
    """All of it: prepare, envelopes, timbre (fitted and refined), export, joins, evaluate.

    The same command goes on where it was stopped, and does again only what a change touches. All
    settings are written into settings.toml in the run's folder.
    """
    given: Settings = {"prepare": {}, "export": {}, "evaluate": {}}
    for table, key, value in (
        ("prepare", "instrument", instrument),
        ("export", "licence", licence),
        ("export", "description", description),
        ("export", "anyway", anyway or None),
        ("evaluate", "quick", quick or None),
    ):
        if value is not None:
            given[table][key] = value
    read = read_settings(settings, TABLES) if settings else {}
    chosen = merged(usual_settings(TABLES), read, given)
    run = run or Path("runs") / out.resolve().name
    Whole(out, run, chosen, QUICK_STEPS if quick else None, leave_out).make(recordings)


class Whole:
    """The stages of one instrument.

    Attributes:
        out: Folder of the instrument.
        run: Folder of all else.
        settings: Of all stages.
        steps: Of the trainings; by default as many as the notes ask for.
        leave_out: A table of what isn't learned.
        performances: Names of the recordings that were cut into notes; none before they are.
    """

    def __init__(
        self,
        out: Path,
        run: Path,
        settings: Settings,
        steps: Mapping[str, int] | None,
        leave_out: Path | None = None,
    ) -> None:
        """See that the instrument can be made there, as these settings say.

        Raises:
            UsageError: Something is in the way, or they contradict themselves.
        """
        from training.export.destination import check_destination
        from training.export.onnx import ExportSettings
        from training.fitting.recipes import check_rooms

        if "TORCHELASTIC_RUN_ID" in os.environ:
            raise UsageError("all is one process; under torchrun use the commands one by one")
        if len(settings["envelopes"].get("beta", [])) > 1:
            raise UsageError("[envelopes] beta: give one; 'arco train envelopes' compares several")
        check_rooms(settings["refine"]["room"])
        self.out, self.run, self.settings, self.steps = out, run, settings, steps
        self.leave_out = leave_out
        self.features, self.collected = run / "features.npz", run / "recordings"
        said = settings["export"]
        self.exported = ExportSettings(
            said.setdefault("name", as_name(out.resolve().name)),
            said["description"],
            named_texts("--licence", said.get("licence", [])),
            strings=said.get("string", ()),
            anyway=said["anyway"],
        )
        check_destination(out)
        self.ledger = Ledger(run)
        self.took: dict[str, float] = {}
        self.performances: list[str] = []

    def make(self, recordings: list[Path]) -> None:
        """Make the instrument: do the stages that are to be done."""
        from training.data.collection import collect
        from training.data.heard import heard_keys

        collection = collect(recordings, self.settings["prepare"]["layout"], [self.run, self.out])
        with self.ledger.opened():
            with progress_bar("listening") as progress:
                hear = partial(heard_keys, kept=self.run / "heard.json", progress=progress)
                _tell_unlabelled(collection.write(self.collected, hear))
            self._do_all()
        times = ", ".join(f"{name} {in_words(seconds)}" for name, seconds in self.took.items())
        typer.echo(f"{self.out}: {times or 'nothing has changed'}; all else in {self.run}")

    def _do_all(self) -> None:
        first, others = self._prepare(), self._others()
        outlook = Outlook(self._expected([first, *others]))
        with _shown(outlook):
            self._do(first, outlook)
            self._look_at_notes()
            outlook.expect(self._expected(others))
            for stage in others:
                self._do(stage, outlook)

    def _do(self, stage: Stage, outlook: Outlook) -> None:
        if self.ledger.is_done(stage):
            typer.echo(f"{stage.name}: nothing has changed")
            outlook.skip(stage.name)
            return
        number = 1 + list(TABLES).index(stage.name)
        outlook.begin(stage.name)
        left = in_words(outlook.left())
        typer.echo(f"{stage.name} ({number} of {len(TABLES)}), about {left} left in all")
        try:
            self.took[stage.name] = self.ledger.do(stage)
        except (KeyboardInterrupt, SystemExit):
            warn(f"stopped in '{stage.name}'; the same command goes on from there")
            raise
        outlook.end()

    def _prepare(self) -> Stage:
        files = sorted(path for path in self.collected.rglob("*") if path.is_file())
        content = {str(path.relative_to(self.collected)): digest_if_there(path) for path in files}
        values, table = self.settings["prepare"], self.leave_out
        content["left out"] = digest_if_there(table) if table else ""

        def work(_resume: bool) -> None:
            prepare(self.collected, self.features, leave_out=table, **(values | {"layout": "csv"}))

        return Stage("prepare", (), {**values, "content": content}, (self.features,), work)

    def _others(self) -> list[Stage]:
        """The stages behind the first one."""
        from training.pipeline.joins import JOINS, learn_joins

        run, chosen = self.run, self.settings
        vae, fitted, refined = (run / name for name in ("envelopes", "timbre", "refined"))
        graphs = [self.out / f"{name}.onnx" for name in ("envelope", "timbre", "encoder")]
        report = run / "report"

        def of_envelopes(resume: bool) -> None:
            envelopes(features=self.features, run=vae, resume=resume, **chosen["envelopes"])

        def of_timbre(resume: bool) -> None:
            timbre(features=self.features, run=fitted, resume=resume, **chosen["timbre"])

        def of_refine(resume: bool) -> None:
            values = chosen["refine"]
            timbre(features=self.features, run=refined, refine=fitted, resume=resume, **values)

        def of_export(_resume: bool) -> None:
            (run / JOINS).unlink(missing_ok=True)  # what is exported has none until they are done
            export(self.features, self.out, envelopes_run=vae, timbre=refined, **chosen["export"])

        def of_joins(_resume: bool) -> None:
            licences = self.exported.licences or {}
            with progress_bar("joins") as progress:
                usual = learn_joins(
                    self.out, self.collected, self.performances, licences, run, progress
                )
            warn(usual)

        def of_evaluate(_resume: bool) -> None:
            evaluate(
                self.features,
                self.out,
                report=report,
                envelopes_run=vae,
                timbre_run=refined,
                record=True,
                **chosen["evaluate"],
            )

        best = "best.ckpt"
        made = [report / "evaluation.json", self.out / "instrument.json"]
        return [
            Stage("envelopes", ["prepare"], chosen["envelopes"], [vae / best], of_envelopes),
            Stage("timbre", ["prepare"], chosen["timbre"], [fitted / best], of_timbre),
            Stage("refine", ["prepare", "timbre"], chosen["refine"], [refined / best], of_refine),
            Stage("export", ["envelopes", "refine"], chosen["export"], graphs, of_export),
            Stage("joins", ["prepare", "export"], {}, [run / JOINS], of_joins),
            Stage("evaluate", ["joins"], chosen["evaluate"], made, of_evaluate),
        ]

    def _look_at_notes(self) -> None:
        """Choose how long is trained, and find out early what the export would refuse."""
        from training.data.cut_recordings import recordings_cut
        from training.export.alarms import few_notes, level_alarms, refuse
        from training.export.onnx import describe_sources, loudness_table

        cache = FeatureCache.load(self.features)
        self.performances = recordings_cut(cache.name.tolist())
        describe_sources(cache, self.exported)
        if not self.exported.anyway:
            refuse(level_alarms(loudness_table(cache)))
        warn(few_notes(len(cache.name)))
        self._choose_steps(len(cache.name))
        write_settings(self.settings, self.run / SETTINGS)

    def _choose_steps(self, notes: int) -> None:
        share = min(max(notes / ENOUGH_NOTES, LEAST_SHARE), 1.0)
        for name, most in STEPS.items():
            values = self.settings[name]
            usual = round(share * most / _lengthened(values, self.performances))
            if not values.keys() & {"steps", "epochs"}:
                values["steps"] = self.steps[name] if self.steps else usual

    def _expected(self, stages: list[Stage]) -> dict[str, float]:
        """Seconds that each stage will take which is to be done."""
        todo: dict[str, float] = {}
        for stage in stages:
            if todo.keys() & set(stage.needs) or not self.ledger.is_done(stage):
                todo[stage.name] = START_SECONDS + self._expected_of(stage.name)
        return todo

    def _expected_of(self, stage: str) -> float:
        """Seconds that a stage works, by what is known now."""
        values = self.settings[stage]
        if stage == "prepare":
            sound = sum(map(_seconds_of, self.collected.rglob("*.*")))
            return sound * ANALYSIS_SECONDS.get(values["crepe"], 1.0)
        if stage == "joins":
            lines = (_seconds_of(self.collected / name) for name in self.performances)
            return CONTOUR_SECONDS * sum(lines)
        if stage in STEPS:
            steps: int = values.get("steps", (self.steps or STEPS)[stage])
            return STEP_SECONDS[stage] * steps * _lengthened(values, self.performances)
        if stage == "evaluate" and values["quick"]:
            return QUICK_EVALUATION_SECONDS
        return LAST_SECONDS[stage]


def _lengthened(values: Mapping[str, Any], performances: Sequence[str]) -> float:
    """So many times longer is a step of a training with these settings, for rooms."""
    from training.fitting.recipes import NO_ROOM, learns_rooms

    rooms = values.get("room", NO_ROOM)
    return IN_ROOMS if learns_rooms(rooms, performed=bool(performances)) else 1.0


def _tell_unlabelled(unlabelled: list[tuple[str, str]]) -> None:
    if unlabelled:
        name, reason = unlabelled[0]
        warn(
            f"{len(unlabelled)} not known to be one note: lines are cut, others left out; the "
            f"first: {name}: {reason}"
        )


def _seconds_of(path: Path) -> float:
    """How long a sound is; 0 of what isn't one that is quickly told."""
    with suppress(soundfile.LibsndfileError):
        return float(soundfile.info(encoded(path)).duration)
    return 0.0


@contextmanager
def _shown(outlook: Outlook) -> Iterator[None]:
    """Show on a terminal what is done and how long all will take."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}")
    with Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    ) as shown:
        bar = shown.add_task("", total=None, left="")

        def tell(label: str, done: int, of: int) -> None:
            if BARS.get(label, label) == outlook.stage:
                outlook.tell(done, of)
            left = f"{done}/{of}, about {in_words(outlook.left())} left in all"
            shown.update(bar, description=label, completed=done, total=of, left=left)

        with bars_told(tell):
            yield
