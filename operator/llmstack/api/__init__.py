"""The resources that users write and read: models, schema, conditions and the file loader."""

GROUP = "llmstack.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
