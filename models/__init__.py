"""From arrays and frames to predictions: numpy, scipy, pandas and scikit-learn only."""
