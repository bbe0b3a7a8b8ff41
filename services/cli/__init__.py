"""The `atelier` command: runs the processes of this machine, and talks to a gateway over gRPC."""
