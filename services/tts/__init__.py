"""The tts worker: reads text aloud with a VITS voice."""
