"""llmstack: a Kubernetes operator for self-hosted LLM stacks."""

__version__ = "0.1.0"
