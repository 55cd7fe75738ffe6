"""The improvements, a folder a slot and a file a work; `engine.models.registry` finds them."""
