"""MQTT: one table of topics, the client, and a broker of our own."""
