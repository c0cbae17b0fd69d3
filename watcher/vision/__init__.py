"""Pure: arrays and values in, values out. No clock, no logging, no threads, no files."""
