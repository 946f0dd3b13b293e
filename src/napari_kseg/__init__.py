"""Instant, exact, reproducible K-means segmentation of any image."""
