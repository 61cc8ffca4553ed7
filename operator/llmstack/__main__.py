"""Entry point of `python -m llmstack`, of the console script and of the kubectl plugin."""

import sys

from llmstack.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
