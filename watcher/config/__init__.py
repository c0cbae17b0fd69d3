"""config.yaml to options: the only reader of the file."""
