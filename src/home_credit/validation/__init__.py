"""Model validation: metrics, calibration by grade, fairness, reliability of reasons, model card."""
