"""`python -m e2e.cluster build|prepare|up|down`: what the tests need, and a cluster that is left running."""

from __future__ import annotations

import sys

from e2e.cluster import binaries, docker, images, kind, node_image, stack
from e2e.cluster.cache import BIN, KEEP, REPOSITORY, StepFailed, say

NAMESPACE, PORT = "demo", 30080


def build() -> None:
    """Build what the contract tests need, with progress: inside a test nobody would see it."""
    binaries.kubernetes()
    binaries.etcd()
    binaries.helm()
    images.collector()
    images.llama_server()


def prepare() -> None:
    """Build everything that the stories need; what is missing there fails by name later."""
    build()
    docker.ensure()
    node_image.ensure()
    images.ensure()


def up() -> None:
    """Bring everything up; twice is harmless and takes a changed operator in."""
    KEEP.parent.mkdir(parents=True, exist_ok=True)
    KEEP.touch()
    kind.ensure()
    overrides = stack.install_operator()
    stack.install_hosted_api(overrides["operator"])
    stack.namespace(NAMESPACE)
    stack.hosted_secrets(NAMESPACE)
    sample = REPOSITORY / "manifests/samples/llmservice-with-hosted-rung.yaml"
    kind.kubectl("-n", NAMESPACE, "apply", "-f", str(sample))
    url = stack.expose(NAMESPACE, "chat", PORT)
    say("up; to reach it:")
    print(f"export KUBECONFIG={kind.KUBECONFIG} PATH={BIN}:$PATH")
    print(f"kubectl -n {NAMESPACE} get llmsvc")
    print(
        f"KEY=$(kubectl -n {NAMESPACE} get secret chat-api-key -o jsonpath='{{.data.api-key}}' | base64 -d)"
    )
    print(f'curl -H "Authorization: Bearer $KEY" {url}/v1/models')


def down() -> None:
    """Delete the cluster and stop the Docker engine that was started here."""
    KEEP.unlink(missing_ok=True)
    if docker.answers():
        kind.delete()
    docker.stop()


def main() -> int:
    """Run one command; a step that fails ends with its reason."""
    try:
        {"build": build, "prepare": prepare, "up": up, "down": down}[sys.argv[1]]()
    except StepFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
