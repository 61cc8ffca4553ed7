"""Write everything that is generated from the models; `make check` fails on a stale file."""

from __future__ import annotations

from pathlib import Path

import yaml

from llmstack.api.schema import custom_resource_definitions

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
    return files


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        target = REPOSITORY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        print(path)


if __name__ == "__main__":
    main()
