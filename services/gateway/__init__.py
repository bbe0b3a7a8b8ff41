"""The gateway: two faces, gRPC and HTTP, over one core that forwards calls and keeps the map."""
