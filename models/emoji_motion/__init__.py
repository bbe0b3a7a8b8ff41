"""A small image-to-video model: a drawing on a plain ground, moved as a sentence says."""
