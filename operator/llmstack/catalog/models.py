"""Facts of models: what a service says of its own, then the catalogue."""

from dataclasses import dataclass

from llmstack.api.serving import ModelSpec, source_path, source_scheme
from llmstack.catalog import load_data


@dataclass(frozen=True)
class Model:
    """What the capacity plan must know of a model.

    Attributes:
        parameters: number of weights.
        layers, kv_heads, head_dim: the shape of the KV cache.
        context_length: tokens that the model was trained for.
        weight_bytes: bytes per weight of the checkpoint as published.

    """

    parameters: int
    layers: int
    kv_heads: int
    head_dim: int
    context_length: int
    weight_bytes: float = 2.0


_CATALOGUE: dict[str, Model] = {
    name: Model(
        parameters=row["parameters"],
        layers=row["layers"],
        kv_heads=row["kvHeads"],
        head_dim=row["headDim"],
        context_length=row["contextLength"],
        weight_bytes=row["weightBytes"],
    )
    for name, row in load_data("models.yaml").items()
}


def resolve_model(spec: ModelSpec) -> Model | None:
    """Return the model's facts, or None when neither the service nor the catalogue has all of them."""
    known = (
        _CATALOGUE.get("/".join(source_path(spec.source).split("/")[:2]))
        if source_scheme(spec.source) == "hf"
        else None
    )
    said = spec.facts
    if said is None:
        return known

    def first(value: int | None, attribute: str) -> int | None:
        return value if value is not None else getattr(known, attribute, None)

    parameters = first(said.parameters, "parameters")
    layers = first(said.layers, "layers")
    kv_heads = first(said.kv_heads, "kv_heads")
    head_dim = first(said.head_dim, "head_dim")
    context = first(said.context_length, "context_length") or spec.context_length
    if parameters is None or layers is None or kv_heads is None or head_dim is None or context is None:
        return None
    return Model(parameters, layers, kv_heads, head_dim, context, known.weight_bytes if known else 2.0)
