"""The plan's own decisions: what is refused and how, whose keys count, what fits."""

from typing import Any

import pytest

from llmstack.api.conditions import Reason
from llmstack.api.llmservice import LLMService, parse_llmservice
from llmstack.api.llmtenant import parse_llmtenant
from llmstack.catalog.accelerators import ACCELERATORS
from llmstack.catalog.models import Model
from llmstack.plan.capacity import Capacity, DoesNotFit, kv_bytes_per_token, plan_capacity, weights_gib
from llmstack.plan.gateway import OWN_TENANT_SECONDS
from llmstack.plan.implemented import IN_SERVICE, IN_TENANT, unimplemented_in_service, unimplemented_in_tenant
from llmstack.plan.inputs import ClusterFacts, Generated, TenantFact
from llmstack.plan.plan import Plan, Refusal, make_plan
from llmstack.plan.units import byte_count, seconds

CPU = ClusterFacts(nodes=())


def service(**spec: Any) -> LLMService:
    return parse_llmservice(
        {
            "apiVersion": "llmstack.dev/v1alpha1",
            "kind": "LLMService",
            "metadata": {"name": "chat", "namespace": "team-a"},
            "spec": {"model": {"source": "pvc://models/tiny.gguf"}, **spec},
        }
    )


def planned(facts: ClusterFacts = CPU, **spec: Any) -> Plan:
    plan = make_plan(service(**spec), facts)
    assert isinstance(plan, Plan), plan
    return plan


RUNG = {
    "name": "house",
    "hosted": {"provider": "OpenAICompatible", "url": "https://h/v1", "model": "m",
               "credentialsSecretRef": {"name": "house", "key": "token"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        ({"failover": {"ladder": [RUNG]}}, Reason.SECRET_NOT_FOUND, "no entry token in Secret house"),
        ({"engine": {"args": ["--port", "1"]}}, Reason.ARGUMENT_OWNED, "--port is set by the operator"),
        ({"accelerator": {"class": "nvidia-h900"}}, Reason.INVALID, "nvidia-h100-80gb"),
        ({"model": {"source": "hf://acme/x-GGUF"}}, Reason.INVALID, "hf://acme/x-GGUF/NAME.gguf"),
        ({"model": {"source": "hf://acme/unknown"}, "accelerator": {"class": "nvidia-h100-80gb"}},
         Reason.MODEL_FACTS_UNKNOWN, "fill in spec.model.facts"),
        ({"model": {"source": "hf://a/b"}, "engine": {"name": "SGLang"}, "accelerator": {"class": "nvidia-l4-24gb"}},
         Reason.NOT_IMPLEMENTED, "SGLang"),
        ({"suspend": True, "rollout": {"window": "0 2 * * 0"}}, Reason.NOT_IMPLEMENTED, "spec.rollout"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_what_would_work(
    spec: dict[str, Any], reason: Reason, words: str
) -> None:
    refusal = make_plan(service(**spec), CPU)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert words in refusal.message


def nested(path: str, value: Any) -> dict[str, Any]:
    step, _, rest = path.partition(".")
    inner = nested(rest, value) if rest else value
    name = step.removesuffix("[]")
    return {name: [inner] if step.endswith("[]") else inner}


@pytest.mark.parametrize(("table", "check"), [(IN_SERVICE, unimplemented_in_service),
                                              (IN_TENANT, unimplemented_in_tenant)])  # fmt: skip
def test_each_field_that_is_not_acted_on_is_found_by_its_name(table: tuple[str, ...], check: Any) -> None:
    for entry in table:
        path, _, values = entry.partition("=")
        for value in values.split("|") if values else [{"a": 1}]:
            said = f"{value}://x" if path == "model.source" else value
            (found,) = check(nested(path, said))
            assert found.replace("[0]", "[]").startswith(f"spec.{path}")
        if values:
            assert check(nested(path, "hf://a/b")) == ()


def tenant(name: str, keys: dict[str, str] | None, age: float = 0.0, **spec: Any) -> TenantFact:
    manifest = {
        "apiVersion": "llmstack.dev/v1alpha1",
        "kind": "LLMTenant",
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {"services": {"matchNames": ["chat"]}, "apiKeysSecretRef": {"name": f"{name}-keys"}, **spec},
    }
    return TenantFact(parse_llmtenant(manifest), keys, age)


def clients(*tenants: TenantFact) -> dict[str, str]:
    plan = planned(ClusterFacts(nodes=(), tenants=tenants, generated=Generated("own", "e", "~p")))
    return {client.key: client.id for client in plan.gateway.clients}


def test_a_service_without_tenants_has_one_of_its_own() -> None:
    assert clients() == {"own": "team-a/chat/api-key"}


def test_every_entry_of_a_tenants_secret_is_a_key_and_the_own_one_stays_a_day() -> None:
    acme = {"first": "k1\n", "second": "k2", "empty": " "}
    wanted = {"k1": "team-a/acme/first", "k2": "team-a/acme/second"}
    assert clients(tenant("acme", acme)) == {**wanted, "own": "team-a/chat/api-key"}
    assert clients(tenant("acme", acme, OWN_TENANT_SECONDS + 1)) == wanted


@pytest.mark.parametrize("keys", [None, {}, {"a": ""}])
def test_a_tenant_without_keys_does_not_close_the_own_one(keys: dict[str, str] | None) -> None:
    assert clients(tenant("acme", keys, OWN_TENANT_SECONDS + 1)) == {"own": "team-a/chat/api-key"}


def test_one_key_never_means_two_tenants() -> None:
    facts = ClusterFacts(nodes=(), tenants=(tenant("b", {"x": "same"}), tenant("a", {"x": "same"})))
    gateway = planned(facts).gateway
    assert [c.id for c in gateway.clients if c.key == "same"] == ["team-a/a/x"]
    (refused,) = (v for v in gateway.verdicts if not v.accepted)
    assert (refused.tenant, "team-a/a" in refused.reason) == ("b", True)


def test_a_tenant_that_asks_for_more_than_is_acted_on_gets_no_key() -> None:
    assert clients(tenant("acme", {"a": "k"}, limits={"requestsPerMinute": 5})) == {
        "own": "team-a/chat/api-key"
    }


LLAMA_70B = Model(70_553_706_496, 80, 8, 128, 131072)


def test_memory_is_weights_and_cache() -> None:
    # meta-llama/Llama-3.1-70B: 131.4 GiB in bfloat16; 320 KiB of KV cache for each token (GQA, 16 bit).
    assert round(weights_gib(LLAMA_70B, None), 1) == 131.4
    assert round(weights_gib(LLAMA_70B, "FP8"), 1) == 65.7
    assert kv_bytes_per_token(LLAMA_70B) == 320 * 1024


@pytest.mark.parametrize(
    ("accelerator", "quantization", "per_replica", "size"),
    [("nvidia-h100-80gb", None, None, 4), ("nvidia-h100-80gb", "FP8", None, 2), ("nvidia-b200-180gb", None, None, 2),
     ("nvidia-h100-80gb", None, 8, 8), ("nvidia-h100-80gb", None, 1, None), ("nvidia-l4-24gb", None, None, None)],
)  # fmt: skip
def test_the_smallest_size_that_fits_is_taken(
    accelerator: str, quantization: str | None, per_replica: int | None, size: int | None
) -> None:
    found = plan_capacity(
        LLAMA_70B, ACCELERATORS[accelerator], quantization, 1, 131072, None, per_replica, None
    )
    assert (found.tensor_parallel if isinstance(found, Capacity) else None) == size


def test_a_ceiling_is_kept() -> None:
    found = plan_capacity(LLAMA_70B, ACCELERATORS["nvidia-h100-80gb"], None, 3, 131072, None, None, 8)
    assert isinstance(found, DoesNotFit)
    assert "maxCount 8" in found.why


@pytest.mark.parametrize(("text", "value"), [("800ms", 0.8), ("30s", 30), ("1h30m", 5400)])
def test_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(("text", "value"), [("4Mi", 4194304), ("1k", 1000), ("1.5Gi", 1610612736), ("7", 7)])
def test_bytes(text: str, value: int) -> None:
    assert byte_count(text) == value
