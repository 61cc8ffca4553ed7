"""`download`: the step before the engine starts. Its last line is what `ServingReady` repeats."""

import argparse
import sys


def run(arguments: argparse.Namespace) -> int:
    """Fetch a repository of the Hub; a second run fetches nothing."""
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(
            arguments.repository,
            revision=arguments.revision,
            allow_patterns=arguments.file,
            local_dir=arguments.to,
        )
    except Exception as error:  # whatever it is, the user reads it in the condition
        said = " ".join(str(error).split())[:300]
        revision = f" at {arguments.revision}" if arguments.revision else ""
        print(f"{arguments.repository}{revision}: {type(error).__name__}: {said}", file=sys.stderr)
        return 1
    print(f"{arguments.repository} is in {arguments.to}")
    return 0
