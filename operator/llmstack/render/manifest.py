"""Manifests as plain objects, and what every child carries."""

import json
from hashlib import sha256
from typing import Any

from llmstack.api import API_VERSION
from llmstack.plan.plan import Plan
from llmstack.render import names

Manifest = dict[str, Any]


def digest(value: Any, length: int = 16) -> str:
    """Return a stable digest of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:length]


def compact(value: Any) -> str:
    """Return compact JSON with sorted keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def owner_reference(name: str, uid: str) -> Manifest:
    """Return the reference to an LLMService by which garbage collection finds the child."""
    return {
        "apiVersion": API_VERSION,
        "kind": "LLMService",
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def child(plan: Plan, api_version: str, kind: str, name: str, component: str, **body: Any) -> Manifest:
    """Return a child object with owner, namespace and labels."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": plan.namespace,
            "labels": names.labels(plan.name, component),
            "ownerReferences": [owner_reference(plan.name, plan.uid)],
        },
        **body,
    }


RESTRICTED_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
RESTRICTED_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def restricted_pod(user: int, group: int) -> Manifest:
    """Return a Pod security context of the restricted profile."""
    return {**RESTRICTED_POD, "runAsUser": user, "runAsGroup": group, "fsGroup": group}


def http_probe(path: str, port: str, period: int, timeout: int, failures: int) -> Manifest:
    """Return an HTTP probe; times in seconds."""
    return {
        "httpGet": {"path": path, "port": port, "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }


def spread(plan: Plan, component: str) -> list[Manifest]:
    """Return the wish that a component's Pods stand on different nodes."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": names.selector(plan.name, component)},
        }
    ]


def service_account(plan: Plan, name: str, component: str) -> Manifest:
    """Return a ServiceAccount whose token no Pod mounts: nothing in the stack calls the API server."""
    return child(plan, "v1", "ServiceAccount", name, component, automountServiceAccountToken=False)


def disruption_budget(plan: Plan, name: str, component: str) -> Manifest:
    """Return a budget that lets one Pod go at a time."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": names.selector(plan.name, component)}}
    return child(plan, "policy/v1", "PodDisruptionBudget", name, component, spec=spec)
