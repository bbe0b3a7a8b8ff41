"""Recipe of the starter voice: a Piper voice as a stock transformers VitsModel folder."""
