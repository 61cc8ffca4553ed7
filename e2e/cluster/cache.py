"""What is built once and kept outside the work tree: keyed by version, written aside and renamed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(
    os.environ.get("LLMSTACK_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llmstack"
)
REPOSITORY = Path(__file__).resolve().parents[2]
BIN = ROOT / "bin"
KEEP = ROOT / "keep-cluster"
"""Made by `make up`: stories and demo use the cluster that is there, and leave it."""


class StepFailed(RuntimeError):
    """A build or set-up step that failed, with the end of what it printed."""


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def run(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    stdin: str | bytes | None = None,
    timeout: float = 3600,
) -> str:
    """Run a command and return its standard output; a failure shows the end of both streams."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=data,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    out = result.stdout.decode(errors="replace")
    if result.returncode:
        tail = (out + result.stderr.decode(errors="replace"))[-3000:]
        raise StepFailed(f"{' '.join(map(str, command))[:300]}: exit {result.returncode}\n{tail}")
    return out


def entry(key: str, what: str, expected: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of a cache entry; build it first if it is not there.

    Args:
        key: name and version; the whole identity of the content.
        what: for people; printed before the build.
        expected: for people: how long it takes when cold.
        build: fills an empty folder. A build that is cut off leaves only a `.part` folder, which the next one
            removes.

    """
    done = ROOT / "built" / key
    if done.exists():
        return done
    done.parent.mkdir(parents=True, exist_ok=True)
    part = done.with_name(f"{key}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    say(f"building {what} (cold: about {expected}; kept for the next time)")
    started = time.monotonic()
    build(part)
    part.rename(done)
    say(f"built {what} in {time.monotonic() - started:.0f} s")
    return done
