"""Arguments of the command line. A command's module is imported only when it runs: `explain` stays lean."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from llmstack import __version__

_OFFLINE = {
    "explain": "say which engine would be chosen, and why",
    "plan": "say how many of which accelerator, and what fits",
    "render": "print every manifest, without a cluster",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    root = argparse.ArgumentParser(prog="llmstack", description="Self-hosted LLM stacks on Kubernetes.")
    root.add_argument("--version", action="version", version=f"llmstack {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in _OFFLINE.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "file", metavar="FILE", help="an LLMService, YAML or JSON; - reads standard input"
        )
        command.add_argument("--nodes", metavar="FILE", help="output of `kubectl get nodes -o yaml`")
        if name != "render":
            command.add_argument("--json", action="store_true", help="print what status would hold")
    run = commands.add_parser("run", help="run the operator", description="run the operator")
    run.add_argument("--settings", metavar="FILE", help="the mounted settings of the chart")
    download = commands.add_parser("download", help="fetch a model from the Hub (the download step)")
    download.add_argument("repository", help="org/name on the Hub")
    download.add_argument("--revision")
    download.add_argument("--file", help="one file of the repository; without it, all of it")
    download.add_argument("--to", required=True, metavar="FOLDER")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 (refused), 2 (wrong input)."""
    chosen = parser().parse_args(arguments)
    module = "offline" if chosen.command in _OFFLINE else chosen.command
    result = import_module(f"llmstack.cli.{module}").run(chosen)
    return int(result)


if __name__ == "__main__":
    sys.exit(main())
