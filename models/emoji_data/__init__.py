"""The artwork and the words that both emoji models learn from; knows nothing about models."""
