"""The one door for writes: gated, counted, and closed to a process that may have lost the lease."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry import trace

from llmstack.api import API_VERSION
from llmstack.cluster.client import Client
from llmstack.cluster.gate import reason_to_apply, with_intent
from llmstack.cluster.resources import BY_KIND, POD, Resource
from llmstack.render.manifest import Manifest
from llmstack.render.names import FIELD_MANAGER, NUDGE

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_tracer = trace.get_tracer("llmstack")


class NotLeaderError(Exception):
    """A write was meant after the lease's deadline; nothing was sent."""


class Door:
    """Every write of the operator.

    Args:
        may_write: asked before each write; False once the lease's deadline has passed.
        count: called with the verb and the kind of each write that was sent.

    """

    def __init__(
        self, client: Client, may_write: Callable[[], bool], count: Callable[[str, str], None]
    ) -> None:
        self._client = client
        self._may_write = may_write
        self._count = count

    def _enter(self, verb: str, kind: str) -> None:
        if not self._may_write():
            raise NotLeaderError(f"{verb} {kind}")
        self._count(verb, kind)

    async def apply(self, manifest: Manifest, live: Manifest | None) -> bool:
        """Apply a child if the gate opens; return whether anything was sent."""
        intent = with_intent(manifest)
        reason = reason_to_apply(intent, live)
        if reason is None:
            return False
        kind, metadata = manifest["kind"], manifest["metadata"]
        self._enter("apply", kind)
        with _tracer.start_as_current_span("apply", attributes={"k8s.kind": kind, "llmstack.reason": reason}):
            await self._client.request(
                "PATCH",
                BY_KIND[kind].path(metadata["namespace"], metadata["name"]),
                params={"fieldManager": FIELD_MANAGER, "force": "true"},
                body=intent,
                content_type=_APPLY,
            )
        return True

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object that is made once and never applied (a generated key)."""
        self._enter("create", manifest["kind"])
        path = BY_KIND[manifest["kind"]].path(manifest["metadata"]["namespace"])
        return await self._client.request("POST", path, params={"fieldManager": FIELD_MANAGER}, body=manifest)

    async def delete(self, live: Manifest) -> None:
        """Delete exactly the object that was seen; a newer one of the same name is left alone."""
        self._enter("delete", live["kind"])
        metadata = live["metadata"]
        seen = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        await self._client.request(
            "DELETE",
            BY_KIND[live["kind"]].path(metadata["namespace"], metadata["name"]),
            body={"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": seen,
                  "propagationPolicy": "Background"},
        )  # fmt: skip

    async def write_status(
        self, resource: Resource, namespace: str, name: str, status: dict[str, Any]
    ) -> None:
        """Write the whole status of one of our resources."""
        self._enter("status", resource.kind)
        await self._client.request(
            "PATCH",
            resource.path(namespace, name, "status"),
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
            body={
                "apiVersion": API_VERSION,
                "kind": resource.kind,
                "metadata": {"name": name, "namespace": namespace},
                "status": status,
            },
            content_type=_APPLY,
        )

    async def nudge(self, namespace: str, pod: str, value: str) -> None:
        """Patch an annotation through pods/status, so that the kubelet syncs the Pod's volumes at once."""
        self._enter("nudge", "Pod")
        await self._client.request(
            "PATCH",
            POD.path(namespace, pod, "status"),
            body={"metadata": {"annotations": {NUDGE: value}}},
            content_type=_MERGE,
        )
