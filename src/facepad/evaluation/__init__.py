"""Error rates, thresholds from dev, intervals and reports."""
