"""Every name, label and annotation of a child object."""

from hashlib import sha256

from llmstack.api import GROUP

MAX_NAME = 63

FIELD_MANAGER = "llmstack"
INTENT = f"{GROUP}/intent"
"""Annotation on a child: the digest of what we meant."""
CONFIG = f"{GROUP}/config"
"""Annotation on a Pod template: the digest of a configuration that is read only at start."""
NUDGE = f"{GROUP}/nudge"
"""Annotation that the nudge patches through pods/status, so that the kubelet syncs the Pod's volumes."""
SERVICE = f"{GROUP}/service"
ENGINE = f"{GROUP}/engine"
RUBRIC = f"{GROUP}/rubric"
ACCELERATOR = f"{GROUP}/accelerator"
REVISION = f"{GROUP}/revision"
WATCH = f"{GROUP}/watch"
COMPONENT = "app.kubernetes.io/component"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "llmstack"


def bounded(name: str) -> str:
    """Return the name, or its start and an 8-character hash where it is over 63 characters."""
    if len(name) <= MAX_NAME:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9].rstrip('-')}-{digest}"


def gateway(service: str) -> str:
    """Return the gateway's Deployment, ServiceAccount, PDB and ConfigMap."""
    return bounded(f"{service}-gateway")


def gateway_keys(service: str) -> str:
    """Return the Secret with all that is confidential in the gateway's configuration."""
    return bounded(f"{service}-gateway-keys")


def gateway_service(service: str) -> str:
    """Return the Service that clients call: the service's own name."""
    return service


def engine(service: str, revision: str) -> str:
    """Return the Deployment of one revision of the engine."""
    return bounded(f"{service}-engine-{revision}")


def engine_pool(service: str) -> str:
    """Return the headless Service, PDB, NetworkPolicy and ServiceAccount of the engine's Pods."""
    return bounded(f"{service}-engine")


def engine_key(service: str) -> str:
    """Return the Secret with the key that opens the engine; generated once."""
    return bounded(f"{service}-engine-key")


def api_key(service: str) -> str:
    """Return the Secret with the key of the service's own tenant; generated once."""
    return bounded(f"{service}-api-key")


def model_cache(service: str) -> str:
    """Return the claim for downloaded weights."""
    return bounded(f"{service}-model")


def collector(service: str) -> str:
    """Return the collector's Deployment, Service, ConfigMap and ServiceAccount."""
    return bounded(f"{service}-collector")


def selector(service: str, component: str) -> dict[str, str]:
    """Return the labels that select a component's Pods. Frozen: a Deployment's selector never changes."""
    return {SERVICE: service, COMPONENT: component}


def labels(service: str, component: str) -> dict[str, str]:
    """Return the allow-listed labels of a child; nothing is copied from the user's object."""
    return {**selector(service, component), MANAGED_BY: MANAGER}
