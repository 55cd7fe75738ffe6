"""The parts of the player of videos; `engine.player` puts them together."""
