"""The videogen worker: clips from a picture and words."""
