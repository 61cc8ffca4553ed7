"""What is known before a cluster is looked at: engines, accelerators, models, images, rubric editions."""

from importlib import resources
from typing import Any

import yaml


def load_data(name: str) -> Any:
    """Return a data file of the catalogue; these are constants of the release, read once at import."""
    return yaml.safe_load(resources.files(__name__).joinpath("data", name).read_text(encoding="utf-8"))
