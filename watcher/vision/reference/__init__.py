"""References: what the scene is expected to look like."""
