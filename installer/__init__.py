"""Makes what a workstation without Python, compiler or network installs, and checks it."""
