"""The skeleton every process shares. It knows no capability and never imports torch."""
