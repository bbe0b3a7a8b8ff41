"""The processes of this machine: what runs, how it is started, watched and ended."""
