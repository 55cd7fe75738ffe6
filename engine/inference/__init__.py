"""From a picture to detections: pre-processing, networks, post-processing."""
