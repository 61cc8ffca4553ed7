"""The operator's settings: the file that the chart mounts, and what the Pod knows of itself."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from llmstack.api.base import Model
from llmstack.catalog.images import images_with


class SettingsError(ValueError):
    """The settings file cannot be used; the message names the field."""


class SettingsFile(Model):
    """What the chart's ConfigMap holds."""

    images: dict[str, str] = Field(default_factory=dict)
    cluster_domain: str = "cluster.local"
    namespace: str | None = None
    """Watch only this namespace; None: all of them."""
    leader_election: bool = True
    workers: int = 8


class Settings(Model):
    """Everything that the shell is told at its start."""

    images: dict[str, str]
    cluster_domain: str
    watched_namespace: str | None
    leader_election: bool
    workers: int
    pod_name: str
    pod_namespace: str


def read_settings(path: str | None) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a field is wrong or unknown.

    """
    try:
        text = Path(path).read_text(encoding="utf-8") if path else ""
        file = SettingsFile.model_validate(yaml.safe_load(text) or {})
        images = images_with(file.images)
    except (OSError, ValueError, ValidationError) as error:
        raise SettingsError(f"{path}: {error}") from error
    return Settings(
        images=images,
        cluster_domain=file.cluster_domain,
        watched_namespace=file.namespace,
        leader_election=file.leader_election,
        workers=file.workers,
        pod_name=os.environ.get("POD_NAME", "local"),
        pod_namespace=os.environ.get("POD_NAMESPACE", "default"),
    )
