"""The trained model as a folder: the only place that writes or reads model files."""
