"""Prometheus and Alertmanager beside a stack on this machine; `make prometheus` runs them."""
