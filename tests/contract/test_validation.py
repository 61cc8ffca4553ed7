"""The offline check of a gateway's configuration by the pinned Envoy, and llama-server's own argument parser."""

from __future__ import annotations

import copy
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import images
from tests.contract.conftest import plan_of
from tests.contract.envoy import validate
from tests.golden_cases import cases, read

from llmstack.plan.inputs import Generated
from llmstack.plan.plan import KEY_FILE, Plan, make_plan
from llmstack.render.gateway.config import gateway_config
from llmstack.render.gateway.static import shape, static_bootstrap

pytestmark = pytest.mark.contract


def planned() -> list[str]:
    return [case for case in cases() if isinstance(make_plan(*read(case)), Plan)]


def bootstrap(case: str) -> dict[str, Any]:
    plan = make_plan(*read(case))
    assert isinstance(plan, Plan)
    return static_bootstrap(gateway_config(plan))


@pytest.mark.parametrize("case", planned())
def test_envoy_accepts_what_we_render(case: str, tmp_path: Path) -> None:
    folded = bootstrap(case)
    ca = "value of ca.crt in Secret house-ca"
    for cluster in folded["static_resources"]["clusters"]:
        context = cluster.get("transport_socket", {}).get("typed_config", {}).get("common_tls_context", {})
        authority = context.get("validation_context", {}).get("trusted_ca", {})
        if authority.get("inline_string") == ca:
            authority.clear()
            authority["filename"] = "/etc/ssl/certs/ca-certificates.crt"
    assert validate(folded, tmp_path) is None


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("static_resources", "clusters", 1, "conect_timeout"), "1s", "conect_timeout"),
        (("static_resources", "clusters", 1, "lb_policy"), "BEST", "BEST"),
        (("static_resources", "listeners", 1, "per_connection_buffer_limit_bytes"), -1, "per_connection"),
    ],
)
def test_envoy_refuses_what_is_wrong(path: tuple[Any, ...], value: Any, words: str, tmp_path: Path) -> None:
    broken = copy.deepcopy(bootstrap("seven-lines-on-cpu"))
    node: Any = broken
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert words in str(validate(broken, tmp_path))


def test_keys_never_reach_the_check_and_do_not_change_its_shape() -> None:
    one, two = (
        static_bootstrap(gateway_config(plan_of({}, generated=generated)))
        for generated in (_keys("one"), _keys("two"))
    )
    assert "secret-one" not in str(one)
    assert shape(one) == shape(two)


def _keys(word: str) -> Generated:
    return Generated(f"secret-{word}", f"secret-{word}-engine", f"~secret-{word}-proof")


def llama_server(*arguments: str) -> tuple[int, str]:
    """Parse arguments by the real llama-server: with --version at the end it stops after parsing."""
    root = images.llama_server()
    keys = root / "tmp" / "key"
    keys.write_text("k")
    command = [a.replace(KEY_FILE, f"/{keys.relative_to(root)}") for a in (*arguments, "--version")]
    if os.geteuid() == 0:
        line = ["chroot", str(root), "/app/llama-server", *command]
    else:
        line = [str(root / "lib64/ld-linux-x86-64.so.2"), str(root / "usr/bin/llama-server"), *command]
    result = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)
    return result.returncode, result.stdout + result.stderr


def rendered_arguments() -> tuple[str, ...]:
    plan = plan_of({})
    return plan.rendering.arguments(plan.launch)


def test_llama_server_parses_what_we_render() -> None:
    code, text = llama_server(*rendered_arguments())
    assert code == 0, text


@pytest.mark.parametrize("wrong", [("--bogus",), ("--ctx-size", "many"), ("--api-key-file", "/nowhere")])
def test_llama_server_refuses_what_is_wrong(wrong: tuple[str, ...]) -> None:
    code, text = llama_server(*rendered_arguments(), *wrong)
    assert code != 0, text
