"""What `make` calls and no process imports."""
