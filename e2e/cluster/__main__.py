"""`python -m e2e.cluster up|down`: the cluster, the operator and a sample service, left running."""

from __future__ import annotations

import sys

from e2e.cluster import docker, kind, stack
from e2e.cluster.cache import StepFailed, say


def up() -> None:
    """Bring everything up; twice is harmless and takes a changed operator in."""
    kind.ensure()
    stack.install_operator()
    say(f"export KUBECONFIG={kind.KUBECONFIG}")


def down() -> None:
    """Delete the cluster and stop the Docker engine that was started here."""
    if docker.answers():
        kind.delete()
    docker.stop()


def main() -> int:
    """Run one command; a step that fails ends with its reason."""
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except StepFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
