"""The failover ladder: hosted rungs with everything that the gateway needs to call them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from llmstack.api.failover import Failover, Hosted
from llmstack.plan.inputs import ClusterFacts

_PROVIDER_URL = {"OpenAI": "https://api.openai.com/v1"}
# Well-known values of gen_ai.provider.name (registry v1.41.1); a compatible API has none of its own.
_PROVIDER_NAME = {"OpenAI": "openai", "OpenAICompatible": "openai_compatible"}
CA_KEY = "ca.crt"
"""Entry of a `caSecretRef`, unless it names another: as in kubernetes.io/tls Secrets."""


@dataclass(frozen=True)
class Rung:
    """One hosted rung.

    Attributes:
        api_path: path of the API with its version, as /v1: what a client's /v1 becomes.
        ca: PEM; None: the public authorities.

    """

    name: str
    host: str
    port: int
    api_path: str
    model: str
    provider: str
    credential: str
    ca: str | None


@dataclass(frozen=True)
class MissingSecret:
    """A referenced Secret or entry that is not there."""

    message: str


def plan_ladder(failover: Failover | None, facts: ClusterFacts) -> tuple[Rung, ...] | MissingSecret:
    """Resolve each rung of the ladder, in order."""
    rungs = []
    for entry in (failover.ladder if failover else None) or ():
        if entry.hosted is None:
            continue
        rung = _hosted(entry.name, entry.hosted, facts)
        if isinstance(rung, MissingSecret):
            return rung
        rungs.append(rung)
    return tuple(rungs)


def _hosted(name: str, hosted: Hosted, facts: ClusterFacts) -> Rung | MissingSecret:
    where = f"spec.failover.ladder[{name}].hosted"
    reference = hosted.credentials_secret_ref
    credential = _secret(facts, reference.name, reference.key)
    if credential is None:
        return MissingSecret(
            f"{where}.credentialsSecretRef: no entry {reference.key} in Secret {reference.name}"
        )
    ca = None
    if hosted.ca_secret_ref is not None:
        ca = _secret(facts, hosted.ca_secret_ref.name, hosted.ca_secret_ref.key)
        if ca is None:
            return MissingSecret(
                f"{where}.caSecretRef: no entry {hosted.ca_secret_ref.key} in Secret"
                f" {hosted.ca_secret_ref.name}"
            )
    url = urlsplit(hosted.url or _PROVIDER_URL[hosted.provider])
    return Rung(
        name=name,
        host=url.hostname or "",
        port=url.port or 443,
        api_path=url.path.rstrip("/"),
        model=hosted.model,
        provider=_PROVIDER_NAME[hosted.provider],
        credential=credential.strip(),
        ca=ca,
    )


def _secret(facts: ClusterFacts, name: str, key: str) -> str | None:
    if facts.offline:
        return facts.secrets.get((name, key), f"value of {key} in Secret {name}")
    return facts.secrets.get((name, key))
