"""Pure: when change is an event."""
