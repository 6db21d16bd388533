"""What a validator asks of a trained model: calibration by grade, fairness, reasons that hold, a model card."""
