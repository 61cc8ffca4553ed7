"""Accelerator classes and how nodes announce them."""

from dataclasses import dataclass
from typing import Literal

from llmstack.catalog import load_data

Tier = Literal[
    "data-centre-nvidia-latest", "data-centre-nvidia", "data-centre-amd", "consumer", "apple-silicon", "cpu"
]

NVIDIA_PRODUCT_LABEL = "nvidia.com/gpu.product"
AMD_PRODUCT_LABEL = "amd.com/gpu.product-name"


@dataclass(frozen=True)
class AcceleratorClass:
    """One class of accelerator.

    Attributes:
        memory_gib: memory of one device in GiB; 0 for the CPU, whose memory belongs to the node.
        compute_capability: NVIDIA's, as (major, minor); None for other vendors.
        products: values of the vendor's product label that mean this class.

    """

    name: str
    vendor: Literal["nvidia", "amd", "apple", "intel", "cpu"]
    tier: Tier
    memory_gib: int
    compute_capability: tuple[int, int] | None
    products: tuple[str, ...]

    @property
    def resource(self) -> str | None:
        """The extended resource that a Pod asks for; None for the CPU."""
        return {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}.get(self.vendor)

    @property
    def product_label(self) -> str | None:
        """The node label that carries the product's name."""
        return {"nvidia": NVIDIA_PRODUCT_LABEL, "amd": AMD_PRODUCT_LABEL}.get(self.vendor)

    @property
    def data_centre(self) -> bool:
        """Whether this is what the article calls a real data-centre GPU."""
        return self.tier.startswith("data-centre")


def _capability(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)


ACCELERATORS: dict[str, AcceleratorClass] = {
    name: AcceleratorClass(
        name=name,
        vendor=row["vendor"],
        tier=row["tier"],
        memory_gib=row["memoryGiB"],
        compute_capability=_capability(row.get("computeCapability")),
        products=tuple(row["products"]),
    )
    for name, row in load_data("accelerators.yaml").items()
}
CPU = ACCELERATORS["cpu"]


def accelerator_of_product(product: str) -> AcceleratorClass | None:
    """Return the class of a node's product label, or None for a product that the catalogue lacks."""
    return next((entry for entry in ACCELERATORS.values() if product in entry.products), None)
