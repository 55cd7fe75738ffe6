"""The parts of the window that show and change the state."""
