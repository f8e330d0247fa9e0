"""The browser's view of running sessions, from their telemetry, and a desk to operate them where one is configured."""
