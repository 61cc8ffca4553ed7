"""A claim is an observation: break the real part and see its condition turn within the stated time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from e2e.cluster import kind, stack
from e2e.harness import Service, processes_of, wait_for

pytestmark = pytest.mark.e2e


def test_download_that_fails_says_why(service: Callable[..., Service]) -> None:
    chat = service()
    # There is no way to the Hub from here: a real download fails for a real reason.
    chat.apply(model={"source": "hf://acme/tiny-GGUF/tiny.gguf"})
    serving = chat.wait_condition("ServingReady", "False", 120, reason="ModelDownloadFailed")
    assert "acme/tiny-GGUF" in serving["message"]
    assert chat.conditions()["Ready"]["status"] == "False"


def test_failover_ready_is_observed(service: Callable[..., Service]) -> None:
    chat = service()
    stack.hosted_secrets(chat.namespace)
    chat.apply(failover={"ladder": [stack.hosted_rung()]}, gateway={"replicas": {"min": 1}})
    chat.wait_ready()
    chat.wait_condition("FailoverReady", "True", 30)
    where = ("-n", stack.HOSTED_NAMESPACE)
    kind.kubectl(*where, "scale", "deployment/hosted", "--replicas=0")
    try:
        # Two checks of five seconds each, and the operator looks every fifteen.
        chat.wait_condition("FailoverReady", "False", 45, reason="RungUnhealthy")
    finally:
        kind.kubectl(*where, "scale", "deployment/hosted", "--replicas=1")
        kind.kubectl(*where, "rollout", "status", "deployment/hosted", "--timeout=60s", timeout=80)
    chat.wait_condition("FailoverReady", "True", 45)


def test_gateway_ready_is_observed(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply(gateway={"replicas": {"min": 1}})
    chat.wait_ready()
    (pod,) = chat.pods("gateway")
    (envoy,) = processes_of(pod, "envoy")
    os.kill(envoy, signal.SIGSTOP)
    try:
        chat.wait_condition("GatewayReady", "False", 30)
        chat.wait_condition("Ready", "False", 10)
    finally:
        os.kill(envoy, signal.SIGCONT)
    chat.wait_condition("GatewayReady", "True", 60)


def test_what_is_not_implemented_is_refused_by_name(service: Callable[..., Service]) -> None:
    chat = service()
    chat.apply(gateway={"quotas": {"store": "Managed"}})
    stalled = chat.wait_condition("Stalled", "True", 20, reason="NotImplemented")
    assert "spec.gateway.quotas" in stalled["message"]
    wait_for("nothing is made", 5, lambda: chat.pods("gateway") == [])
