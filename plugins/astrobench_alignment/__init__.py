"""First-party plugins of astrobench."""
