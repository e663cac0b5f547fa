"""The command line: ``arco play``, ``ui``, ``render``, ``bench``, ``info``, ``train`` and others.

A command imports what it needs when it runs, so that help, versions and wrong arguments are
answered at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer

from instrument import __version__
from instrument.cli import bench, corpus, demo, devices, info, play, render, shell, train, ui
from instrument.errors import ArcoError
from instrument.text import one_line

LOST_WORDS = 1
BAD_USE = 2
CTRL_C = 130

FILE_ENDINGS = (".mid", ".midi", ".wav", ".flac", ".json", ".npz")

# typer takes its usage errors from click or, in later versions, from inside itself; this is the
# base of all of them either way.
_TyperUsageError = cast("type[Exception]", typer.BadParameter.__base__)


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A violin that lives in a latent space: it plays what MIDI keyboards and files tell it.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"arco {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _arco(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 (its callback answers)
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(render.render)
app.command()(demo.demo)
app.command()(play.play)
app.command()(ui.ui)
app.command()(devices.devices)
app.command()(info.info)
app.command()(bench.bench)
app.add_typer(corpus.corpus, name="corpus")
app.command(
    add_help_option=False,
    context_settings={
        "allow_extra_args": True,
        "allow_interspersed_args": False,
        "ignore_unknown_options": True,
    },
)(train.train)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; by default what the shell gave.

    Returns:
        The exit status: 0; 2 after one line on stderr that says what was wrong; 1 if all was done
        but stdout took no more words, or took them only in part; 130 after Ctrl-C, 143 and 129
        after SIGTERM and SIGHUP.
    """
    with shell.streams() as words:
        with shell.signals():
            status = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        if words is None or words.error is None or status:
            return status
        if words.error.errno != errno.EPIPE:
            _refuse(f"standard output: cannot be written: {words.error.strerror}")
        return LOST_WORDS


def _run(arguments: Sequence[str]) -> int:
    try:
        status = app(args=arguments, prog_name="arco", standalone_mode=False)
    except ArcoError as error:
        return _refuse(str(error))
    except _TyperUsageError as error:
        message = _usage_message(error)
        return _refuse(message and message + _file_hint(arguments))
    except OSError as error:  # of a file that may not even be looked at, whoever looked
        if not isinstance(error.filename, str | bytes):
            raise
        return _refuse(f"{os.fsdecode(error.filename)}: {error.strerror or error}")
    except (KeyboardInterrupt, SystemExit) as end:
        return _ended(end)
    except (ImportError, RuntimeError) as error:  # modules, and classes, that a signal stops
        if isinstance(error.__cause__, KeyboardInterrupt | SystemExit):
            return _ended(error.__cause__)
        raise
    return status if isinstance(status, int) else 0


def _ended(end: KeyboardInterrupt | SystemExit) -> int:
    """The exit status after a signal."""
    if isinstance(end, KeyboardInterrupt):
        return CTRL_C
    return end.code if isinstance(end.code, int) else 0


def _refuse(message: str) -> int:
    """Say in one line on stderr what was wrong; nothing where the help was shown instead."""
    if message:
        print(f"arco: {one_line(message)}", file=sys.stderr)
    return BAD_USE


def _usage_message(error: Any) -> str:  # noqa: ANN401 (click's or typer's)
    message: str = error.format_message()
    if message and error.ctx is not None:
        return f"{message.rstrip('.')}; see {error.ctx.command_path} --help"
    return message


def _file_hint(arguments: Sequence[str]) -> str:
    """How to name a file whose name looks like an option, if there seems to be one."""
    for argument in arguments:
        looks = argument.startswith("-") and argument.lower().endswith(FILE_ENDINGS)
        if looks or (argument.startswith("-") and os.path.lexists(argument)):
            return f"; a file of that name is ./{argument}"
    return ""
