"""What the image and the videogen worker share because both run diffusers pipelines.

Only loading.py, memory.py, previews.py and steps.py import torch; the rest reads files and numbers,
so that a worker can describe and check without it. Knows neither worker.
"""
