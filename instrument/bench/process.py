"""A program that runs another one: how long that took, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time


def main() -> None:
    """Run the command that is given, and print what it took, and what it said, as JSON."""
    began = time.perf_counter()
    process = subprocess.run(sys.argv[1:], check=False, capture_output=True, text=True)  # noqa: S603
    seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(process.stderr or f"exit status {process.returncode}")
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "said": process.stdout}))


def peak_mb() -> float | None:
    """The peak memory of the program that was run; None where the system doesn't tell."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
