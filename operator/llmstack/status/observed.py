"""What was seen of the running parts, in frozen values without Kubernetes types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmstack.render import names
from llmstack.render.serving.download import CONTAINER as DOWNLOAD


@dataclass(frozen=True)
class PodSeen:
    """One Pod of the service.

    Attributes:
        problem: (reason word, message) of what keeps it from being ready; None: nothing is known.

    """

    name: str
    component: str
    ip: str | None
    ready: bool
    terminating: bool
    node: str | None
    revision: str | None
    problem: tuple[str, str] | None


@dataclass(frozen=True)
class GatewaySeen:
    """What one gateway Pod said of itself on its port for readiness, statistics and versions.

    Attributes:
        versions: text readout to version; empty: it did not answer.
        healthy: cluster name to number of healthy hosts.
        answered: rung name to requests that it has answered since the Pod started.

    """

    pod: str
    versions: Mapping[str, str]
    healthy: Mapping[str, int]
    answered: Mapping[str, int]


@dataclass(frozen=True)
class ChildSeen:
    """One child object, as `status.children` shows it."""

    kind: str
    name: str
    ready: bool


@dataclass(frozen=True)
class Observed:
    """Everything that was seen in one pass."""

    pods: tuple[PodSeen, ...]
    gateways: tuple[GatewaySeen, ...]
    children: tuple[ChildSeen, ...]

    def of(self, component: str) -> tuple[PodSeen, ...]:
        """Return the Pods of a component that are not going away."""
        return tuple(pod for pod in self.pods if pod.component == component and not pod.terminating)


def pod_seen(pod: Mapping[str, Any]) -> PodSeen:
    """Read one Pod."""
    metadata, status = pod["metadata"], pod.get("status", {})
    labels = metadata.get("labels", {})
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
    return PodSeen(
        name=metadata["name"],
        component=labels.get(names.COMPONENT, ""),
        ip=status.get("podIP"),
        ready=ready,
        terminating="deletionTimestamp" in metadata,
        node=pod.get("spec", {}).get("nodeName"),
        revision=labels.get(names.REVISION),
        problem=None if ready else _problem(status),
    )


def _problem(status: Mapping[str, Any]) -> tuple[str, str] | None:
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return "Unschedulable", str(condition.get("message", ""))
    for entry in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        found = _container_problem(entry)
        if found is not None:
            return found
    return None


def _container_problem(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    state, last = entry.get("state", {}), entry.get("lastState", {})
    waiting = state.get("waiting", {})
    if waiting.get("reason") in ("ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"):
        return "Image", f"{entry['image']}: {waiting.get('message', waiting['reason'])}"
    if waiting.get("reason") in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return "Container", f"{waiting['reason']}: {waiting.get('message', '')}"
    ended = state.get("terminated") or last.get("terminated")
    failed = ended is not None and ended.get("exitCode", 0) != 0
    if entry["name"] == DOWNLOAD:
        if failed:
            return "Download", _last_words(ended)
        return ("Downloading", "") if "running" in state else None
    if failed and not entry.get("ready"):
        return "Engine", f"exit code {ended['exitCode']}: {_last_words(ended)}"
    return ("Loading", "") if "running" in state else None


def _last_words(ended: Mapping[str, Any]) -> str:
    """Return the last line of a termination message; nothing in it changes from one try to the next."""
    lines = [line.strip() for line in str(ended.get("message", "")).splitlines() if line.strip()]
    return (lines[-1] if lines else str(ended.get("reason", "no message")))[:500]


def child_seen(manifest: Mapping[str, Any]) -> ChildSeen:
    """Read one child: a Deployment is ready when all of its Pods are, anything else when it is there."""
    ready = True
    if manifest["kind"] == "Deployment":
        wanted = manifest.get("spec", {}).get("replicas", 1)
        status = manifest.get("status", {})
        current = status.get("observedGeneration", 0) >= manifest["metadata"].get("generation", 0)
        ready = current and status.get("readyReplicas", 0) >= wanted
    if manifest["kind"] == "PersistentVolumeClaim":
        ready = manifest.get("status", {}).get("phase") == "Bound"
    return ChildSeen(manifest["kind"], manifest["metadata"]["name"], ready)
