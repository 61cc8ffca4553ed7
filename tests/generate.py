"""Write everything that is generated from the models; `make check` fails on a stale file."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import yaml

from llmstack.api.conditions import ConditionType, Reason
from llmstack.api.schema import custom_resource_definitions
from llmstack.cli.main import parser
from llmstack.plan.implemented import IN_SERVICE, IN_TENANT

LLMSERVICE_KIND, LLMTENANT_KIND = "LLMService", "LLMTenant"

REPOSITORY = Path(__file__).resolve().parents[1]
_HEAD = "# Generated from the pydantic models by `make generate`; do not edit.\n"


def generated() -> dict[Path, str]:
    """Return every generated file by its path in the repository."""
    files = {}
    for plural, crd in custom_resource_definitions().items():
        text = _HEAD + yaml.safe_dump(crd, sort_keys=False, width=110)
        files[Path("crds") / f"llmstack.dev_{plural}.yaml"] = text
        kept = {"helm.sh/resource-policy": "keep", **crd["metadata"]["annotations"]}
        chart = {**crd, "metadata": {**crd["metadata"], "annotations": kept}}
        files[Path("charts/llmstack-crds/templates") / f"{plural}.yaml"] = _HEAD + yaml.safe_dump(
            chart, sort_keys=False, width=110
        )
    files[Path("docs/reference/api.md")] = api_reference()
    files[Path("docs/reference/cli.md")] = cli_reference()
    return files


def api_reference() -> str:
    """Return the reference of the resources: every field with type, values, and whether it is acted on."""
    refused = {LLMSERVICE_KIND: IN_SERVICE, LLMTENANT_KIND: IN_TENANT}
    text = ["# API reference", "", "Generated from the pydantic models by `make generate`.", ""]
    for crd in custom_resource_definitions().values():
        kind = crd["spec"]["names"]["kind"]
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        text += [f"## {kind}", "", "| field of `spec` | type | what |", "|---|---|---|"]
        text += [_row(*row, refused[kind]) for row in _fields(schema, "")]
        text.append("")
    text += [
        "## Condition types and reasons",
        "",
        "Types: " + ", ".join(f"`{t}`" for t in ConditionType) + ".",
        "",
    ]
    text += ["Reasons: " + ", ".join(f"`{r}`" for r in Reason) + ".", ""]
    return "\n".join(text)


def _fields(schema: dict[str, Any], path: str) -> list[tuple[str, dict[str, Any], bool]]:
    rows = []
    for name, child in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        rows.append((where, child, name in schema.get("required", [])))
        if child.get("type") == "array":
            rows += _fields(child["items"], f"{where}[]")
        elif isinstance(child.get("additionalProperties"), dict):
            rows += _fields(child["additionalProperties"], f"{where}{{}}")
        else:
            rows += _fields(child, where)
    return rows


def _row(path: str, schema: dict[str, Any], required: bool, refused: tuple[str, ...]) -> str:
    kind = schema.get("type", "any")
    words = [", ".join(f"`{value}`" for value in schema["enum"])] if "enum" in schema else []
    if "pattern" in schema:
        words.append("`" + schema["pattern"].replace("|", "\\|") + "`")
    words += [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]
    words += [schema["description"].replace("|", "\\|")] if "description" in schema else []
    for entry in refused:
        field, _, values = entry.partition("=")
        if field == path:
            words.append("**not acted on yet**" + (f" ({values.replace('|', ', ')})" if values else ""))
    return (
        f"| `{path}`{' (required)' if required else ''} | {kind} | {'; '.join(words).replace(chr(10), ' ')} |"
    )


def cli_reference() -> str:
    """Return the help of every command."""
    os.environ["COLUMNS"] = "100"
    root = parser()
    text = [
        "# Command line",
        "",
        "Also a kubectl plugin: `kubectl llmstack ...`.",
        "",
        "```",
        root.format_help().rstrip(),
    ]
    (commands,) = (a for a in root._actions if isinstance(a, argparse._SubParsersAction))
    for command in commands.choices.values():
        text += ["", command.format_help().rstrip()]
    return "\n".join([*text, "```", ""])


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        target = REPOSITORY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        print(path)


if __name__ == "__main__":
    main()
