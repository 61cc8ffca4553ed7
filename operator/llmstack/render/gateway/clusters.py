"""CDS: the local pool, the hosted rungs, the chain over them, the collector."""

from llmstack.plan.ladder import Rung
from llmstack.plan.plan import Plan
from llmstack.render import names
from llmstack.render.gateway.envoy import (
    Json,
    assignment,
    breakers,
    dns_cluster_type,
    endpoint,
    extension,
    header,
    typed,
)
from llmstack.render.serving.service import pool_address

LOCAL = "local"
CHAIN = "chain"
COLLECTOR = "collector"
PUBLIC_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
IDENTITY_BODY_BYTES = 1_048_576
"""The identity check reads so much of the answer; llama.cpp's /props holds the whole chat template."""


def hop(rung: str) -> str:
    """Return the name of a rung's internal listener and of the cluster that leads to it."""
    return f"hop-{rung}"


def hosted(rung: str) -> str:
    """Return the name of a hosted rung's cluster."""
    return f"hosted-{rung}"


def clusters(plan: Plan) -> list[Json]:
    """Return every cluster; the order of the chain is the order of the rungs."""
    rungs = [LOCAL, *(rung.name for rung in plan.ladder)]
    return [
        _local(plan),
        *(_hosted(rung) for rung in plan.ladder),
        *(_hop(rung) for rung in rungs),
        _chain(rungs),
        _collector(plan),
    ]


def _local(plan: Plan) -> Json:
    return {
        "name": LOCAL,
        "cluster_type": dns_cluster_type(),
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": assignment(LOCAL, endpoint(pool_address(plan), plan.launch.port)),
        "circuit_breakers": breakers(),
        # A Pod that left DNS is gone, whatever its health; without healthy ones nothing is tried (no panic).
        "ignore_health_on_host_removal": True,
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "health_checks": [_identity_check(plan)],
    }


def _identity_check(plan: Plan) -> Json:
    """Return the check that the engine behind an address is this service's.

    It opens with our key and names the served name that only our engines have: a Pod's address may be reused by a
    stranger, who must never be sent a prompt.
    """
    return {
        "timeout": "2s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "unhealthy_interval": "1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {
            "host": "engine",
            "path": plan.gateway.identity_path,
            "request_headers_to_add": [header("authorization", f"Bearer {plan.gateway.engine_key}")],
            "expected_statuses": [{"start": 200, "end": 201}],
            "receive": [{"text": plan.gateway.engine_proof.encode().hex()}],
            "response_buffer_size": IDENTITY_BODY_BYTES,
        },
    }


def _hosted(rung: Rung) -> Json:
    authorities = {"inline_string": rung.ca} if rung.ca else {"filename": PUBLIC_AUTHORITIES}
    names_allowed = [{"san_type": "DNS", "matcher": {"exact": rung.host}}]
    context = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=rung.host,
        common_tls_context={
            "validation_context": {
                "trusted_ca": authorities,
                "match_typed_subject_alt_names": names_allowed,
            },
            "alpn_protocols": ["http/1.1"],
        },
    )
    return {
        "name": hosted(rung.name),
        "cluster_type": dns_cluster_type(),
        "connect_timeout": "2s",
        "load_assignment": assignment(hosted(rung.name), endpoint(rung.host, rung.port, hostname=rung.host)),
        "circuit_breakers": breakers(),
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
        # A claim needs an observation: the list of models costs nothing and proves address, TLS and credential.
        # Its failure does not take the rung out (one host, panic): it may still be better than nothing.
        "health_checks": [
            {
                "timeout": "5s",
                "interval": "5s",
                "no_traffic_interval": "5s",
                "unhealthy_interval": "5s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {
                    "host": rung.host,
                    "path": f"{rung.api_path}/models",
                    "request_headers_to_add": [header("authorization", f"Bearer {rung.credential}")],
                    "expected_statuses": [{"start": 200, "end": 201}],
                },
            }
        ],
    }


def _hop(rung: str) -> Json:
    """Return the way to a rung's internal listener: a whole filter chain of its own for each destination."""
    address = {"envoy_internal_address": {"server_listener_name": hop(rung), "endpoint_id": rung}}
    return {
        "name": hop(rung),
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": assignment(hop(rung), {"endpoint": {"address": address}}),
        "circuit_breakers": breakers(),
    }


def _chain(rungs: list[str]) -> Json:
    """Return the composite: attempt n of a request goes to the n-th rung."""
    members = [{"name": hop(rung)} for rung in rungs]
    composite = extension(
        "envoy.clusters.composite",
        "envoy.extensions.clusters.composite.v3.ClusterConfig",
        clusters=members,
    )
    return {
        "name": CHAIN,
        "connect_timeout": "1s",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": composite,
        "circuit_breakers": breakers(),
    }


def _collector(plan: Plan) -> Json:
    address = f"{names.collector(plan.name)}.{plan.namespace}.svc.{plan.cluster_domain}."
    options = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http2_protocol_options": {}},
    )
    return {
        "name": COLLECTOR,
        "cluster_type": dns_cluster_type(),
        "connect_timeout": "1s",
        "load_assignment": assignment(COLLECTOR, endpoint(address, 4317)),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
    }
