"""`arco train`: hands over to the training side, which may be missing."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from instrument.errors import UsageError, install


def train(context: typer.Context) -> None:
    """Make an instrument from recordings; see arco train --help. It needs PyTorch."""
    if find_spec("torch") is None:
        raise UsageError(f"training needs PyTorch, which isn't here: {install('train')}")
    try:
        from training.cli import app as training

        status = training(args=context.args, prog_name="arco train", standalone_mode=False)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"", "instrument", "training"}:
            raise
        raise UsageError(
            f"training needs {error.name}, which isn't here: {install('train')}"
        ) from error
    if isinstance(status, int) and status:
        raise typer.Exit(status)
