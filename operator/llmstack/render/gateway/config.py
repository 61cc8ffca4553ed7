"""The gateway's files, their versions, and what is known when each of them is live."""

from dataclasses import dataclass
from typing import Any

from llmstack.plan.plan import Plan
from llmstack.render.gateway.bootstrap import bootstrap
from llmstack.render.gateway.clusters import clusters
from llmstack.render.gateway.envoy import Json, secret_file
from llmstack.render.gateway.listeners import API_KEY_FILTER, listeners
from llmstack.render.gateway.routes import routes
from llmstack.render.gateway.secrets import client_keys, credentials
from llmstack.render.manifest import compact, digest

MAX_BYTES = 900 * 1024
"""Bytes of one ConfigMap or Secret: the API server's limit is 1 MiB, metadata included."""

_TYPE = "type.googleapis.com/"


@dataclass(frozen=True)
class GatewayConfig:
    """What Envoy reads.

    Attributes:
        public: file name to content, for the ConfigMap.
        confidential: file name to content, for the Secret.
        versions: Envoy's text readout to the value that it has when the file is live.

    """

    public: dict[str, str]
    confidential: dict[str, str]
    versions: dict[str, str]

    @property
    def bootstrap_digest(self) -> str:
        """Changes only when the Pods must be started anew."""
        return digest(self.public["bootstrap.json"])


def gateway_config(plan: Plan) -> GatewayConfig:
    """Return the gateway's files."""
    files: dict[str, tuple[str, list[Json], str]] = {
        "lds.json": ("envoy.config.listener.v3.Listener", listeners(plan), "listener_manager.lds"),
        "rds.json": ("envoy.config.route.v3.RouteConfiguration", routes(plan), "http.gw.rds.gw"),
        "cds.json": ("envoy.config.cluster.v3.Cluster", clusters(plan), "cluster_manager.cds"),
        "ecds.json": (
            "envoy.config.core.v3.TypedExtensionConfig",
            client_keys(plan),
            f"extension_config_discovery.http_filter.{API_KEY_FILTER}",
        ),
    }
    for secret in credentials(plan):
        message = "envoy.extensions.transport_sockets.tls.v3.Secret"
        files[secret_file(secret["name"])] = (message, [secret], f"sds.{secret['name']}")
    rendered: dict[str, str] = {}
    versions: dict[str, str] = {}
    for name, (message, resources, stat) in files.items():
        typed = [{"@type": f"{_TYPE}{message}", **resource} for resource in resources]
        version = digest(typed)
        rendered[name] = compact(
            {"version_info": version, "type_url": f"{_TYPE}{message}", "resources": typed}
        )
        versions[f"{stat}.version_text"] = version
    public = ("lds.json", "rds.json")
    return GatewayConfig(
        public={
            "bootstrap.json": compact(bootstrap(plan)),
            **{name: rendered[name] for name in public},
        },
        # The clusters' file is confidential: the identity check carries the engine's key.
        confidential={name: text for name, text in rendered.items() if name not in public},
        versions=versions,
    )


def oversized(config: GatewayConfig) -> str | None:
    """Return what is too large for one object, or None."""
    for kind, files in (("ConfigMap", config.public), ("Secret", config.confidential)):
        size = sum(len(text.encode()) for text in files.values())
        if size > MAX_BYTES:
            return f"the gateway's {kind} would be {size} bytes, above {MAX_BYTES}"
    return None


def as_files(config: GatewayConfig) -> dict[str, Any]:
    """Return every file together, as Envoy sees them in its one folder."""
    return {**config.public, **config.confidential}
