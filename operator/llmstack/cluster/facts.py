"""Read what one pass needs to know: tenants, Secrets, nodes, the engine that runs."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from llmstack.api.llmservice import LLMService
from llmstack.api.llmtenant import LLMTenant, parse_llmtenant
from llmstack.catalog.accelerators import ACCELERATORS
from llmstack.cluster.client import ApiError, Client
from llmstack.cluster.door import Door
from llmstack.cluster.resources import LLMTENANT, SECRET
from llmstack.plan.inputs import Generated, TenantFact
from llmstack.render import names
from llmstack.render.manifest import Manifest
from llmstack.selection.facts import Running


def decoded(secret: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Return a Secret's entries as text, or None when there is no Secret."""
    if secret is None:
        return None
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


async def read_tenants(
    client: Client, service: LLMService, labels: Mapping[str, str]
) -> tuple[TenantFact, ...]:
    """Return the tenants of the service's namespace that select it, with their keys."""
    found = []
    for manifest in await client.list(LLMTENANT, service.metadata.namespace):
        try:
            tenant = parse_llmtenant(manifest)
        except ValidationError:
            continue  # its own pass says so in its status
        if selects(tenant, service.metadata.name, labels):
            keys = await tenant_keys(client, tenant)
            found.append(TenantFact(tenant, keys, _age_seconds(manifest)))
    return tuple(found)


def _age_seconds(manifest: Manifest) -> float:
    created = manifest["metadata"].get("creationTimestamp")
    if not created:
        return 0.0
    return (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(created)).total_seconds()


async def tenant_keys(client: Client, tenant: LLMTenant) -> dict[str, str] | None:
    """Return the entries of a tenant's Secret; None when it is not there or not named."""
    reference = tenant.spec.api_keys_secret_ref
    if reference is None:
        return None
    return decoded(await client.get(SECRET, tenant.metadata.namespace, reference.name))


def selects(tenant: LLMTenant, name: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a tenant selects the service of this name and these labels."""
    wanted = tenant.spec.services
    if wanted.match_names is not None:
        return name in wanted.match_names
    return all(labels.get(key) == value for key, value in (wanted.match_labels or {}).items())


async def read_secrets(client: Client, service: LLMService) -> dict[tuple[str, str], str]:
    """Return the entries of the Secrets that the ladder names, by (name, key)."""
    values = {}
    for name in sorted(_referenced(service)):
        entries = decoded(await client.get(SECRET, service.metadata.namespace, name)) or {}
        values.update({(name, key): value for key, value in entries.items()})
    return values


def _referenced(service: LLMService) -> set[str]:
    failover = service.spec.failover
    found = set()
    for rung in (failover.ladder if failover else None) or ():
        if rung.hosted is not None:
            found.add(rung.hosted.credentials_secret_ref.name)
            if rung.hosted.ca_secret_ref is not None:
                found.add(rung.hosted.ca_secret_ref.name)
    return found


async def generated(
    client: Client, door: Door, service: LLMService, owner: Manifest, own_tenant: bool
) -> Generated:
    """Return the service's generated keys; make them when they are not there. They are never applied."""
    meta = service.metadata
    engine = await _once(
        client, door, names.engine_key(meta.name), meta.namespace, meta.name, "engine", owner,
        # The proof is a served name: of several, llama.cpp reports the first in the alphabet, and ~ is last.
        lambda: {"key": secrets.token_urlsafe(32), "proof": f"~{secrets.token_hex(16)}"},
    )  # fmt: skip
    if not own_tenant:
        return Generated("", engine["key"], engine["proof"])
    own = await _once(
        client, door, names.api_key(meta.name), meta.namespace, meta.name, "gateway", owner,
        lambda: {"api-key": f"sk-{secrets.token_urlsafe(32)}"},
    )  # fmt: skip
    return Generated(own["api-key"], engine["key"], engine["proof"])


async def _once(
    client: Client, door: Door, name: str, namespace: str, service: str, component: str, owner: Manifest, make: Any
) -> dict[str, str]:  # fmt: skip
    found = decoded(await client.get(SECRET, namespace, name))
    if found:
        return found
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": names.labels(service, component),
            "ownerReferences": [owner],
        },
        "type": "Opaque",
        "stringData": make(),
    }
    try:
        return decoded(await door.create(manifest)) or {}
    except ApiError as error:
        if error.status != 409:
            raise
        # Somebody was faster; what is there counts.
        return decoded(await client.get(SECRET, namespace, name)) or {}


def running_engine(children: Iterable[Manifest]) -> Running | None:
    """Return the engine that serves now, from the labels of its workload."""
    pools = [child for child in children if child["kind"] == "Deployment"]
    pools = [child for child in pools if names.ENGINE in child["metadata"].get("labels", {})]
    if not pools:
        return None
    oldest = min(pools, key=lambda pool: str(pool["metadata"].get("creationTimestamp", "")))
    labels = oldest["metadata"]["labels"]
    accelerator = ACCELERATORS.get(labels.get(names.ACCELERATOR, ""))
    return Running(labels[names.ENGINE], labels[names.RUBRIC], accelerator)
