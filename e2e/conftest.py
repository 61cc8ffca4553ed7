"""The cluster of the stories. Where none can be brought up, every story fails by name; none passes in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from e2e.cluster import docker, kind, stack
from e2e.cluster.cache import KEEP, StepFailed
from e2e.harness import Service


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    try:
        kind.ensure()
        overrides = stack.install_operator()
        stack.install_hosted_api(overrides["operator"])
    except StepFailed as error:
        pytest.fail(f"NO CLUSTER: the e2e stories need root or a Docker engine: {error}", pytrace=False)
    yield
    if not KEEP.exists():
        kind.delete()
        docker.stop()


@pytest.fixture
def namespace(cluster: None, request: pytest.FixtureRequest) -> Iterator[str]:  # noqa: ARG001
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    stack.delete_namespace(name)
    stack.namespace(name)
    yield name
    stack.delete_namespace(name, wait=False)


@pytest.fixture
def service(namespace: str) -> Callable[..., Service]:
    """Return a maker of services in the story's namespace; each gets a port of the loopback."""
    ports = iter(kind.NODE_PORTS[1:])

    def make(name: str = "chat", at: str | None = None) -> Service:
        where = at or namespace
        return Service(where, name, stack.expose(where, name, next(ports)))

    return make
