"""How the weights reach the engine: from an existing claim, or by a download before it starts."""

from dataclasses import dataclass

from llmstack.api.llmservice import LLMService
from llmstack.api.serving import source_path, source_scheme

MODEL_ROOT = "/models"


@dataclass(frozen=True)
class Download:
    """What the download step fetches from the Hub.

    Attributes:
        file: one file of the repository; None: all of it.
        token: (Secret, entry) of the credential; None for a public model.

    """

    repository: str
    file: str | None
    revision: str | None
    token: tuple[str, str] | None


@dataclass(frozen=True)
class Weights:
    """Where the weights are.

    Attributes:
        path: of the file or folder inside the engine's container.
        claim: an existing claim that holds them; None: see cache.
        cache_size: quantity of the claim that is made for them; None: an emptyDir.
        download: None when the claim has them already.

    """

    path: str
    claim: str | None
    cache_size: str | None
    retain: bool
    download: Download | None


def hub_parts(path: str) -> tuple[str, str | None]:
    """Return (org/name, file in it or None) of what follows hf://."""
    parts = path.split("/")
    return "/".join(parts[:2]), "/".join(parts[2:]) or None


def plan_weights(service: LLMService) -> Weights:
    """Decide where the weights come from; `hf` downloads (org/name, or one file of it), `pvc` mounts."""
    model = service.spec.model
    rest = source_path(model.source)
    if source_scheme(model.source) == "pvc":
        claim, _, path = rest.partition("/")
        return Weights(f"{MODEL_ROOT}/{path}".rstrip("/"), claim, None, retain=True, download=None)
    secret = model.credentials_secret_ref
    repository, file = hub_parts(rest)
    download = Download(repository, file, model.revision, (secret.name, secret.key) if secret else None)
    cache = model.cache
    return Weights(
        path=f"{MODEL_ROOT}/{rest}",
        claim=cache.claim if cache else None,
        cache_size=cache.size if cache else None,
        retain=bool(cache and cache.retain),
        download=download,
    )
