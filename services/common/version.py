"""Which Atelier this is. A test holds `pyproject.toml` and the Helm chart to it."""

VERSION = "0.1.0"
