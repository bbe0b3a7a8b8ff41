"""Atelier's processes: the gateway, one worker per capability, and what they share."""
