"""The image worker: pictures from words, and from words and a picture."""
