"""The one table of images."""

from collections.abc import Mapping

from llmstack.catalog import load_data

IMAGES: dict[str, str] = load_data("images.yaml")


def images_with(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the table with the platform's overrides.

    Raises:
        ValueError: an override names an image that the table does not have.

    """
    unknown = sorted(set(overrides) - set(IMAGES))
    if unknown:
        raise ValueError(f"images.{unknown[0]}: no such image; there are {', '.join(sorted(IMAGES))}")
    return {**IMAGES, **overrides}
