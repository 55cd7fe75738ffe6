"""The window: everything with a pixel. It reads the engine's light half and imports no network."""
