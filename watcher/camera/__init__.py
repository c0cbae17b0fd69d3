"""One camera's life: capture, inbox, watch thread."""
