"""A person's gRPC client: chat, speech and the health map in a terminal."""
