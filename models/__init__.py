"""The starter models: a recipe for each, run by `python -m services.common.prepare`."""
