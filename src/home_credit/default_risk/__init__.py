"""The probability of default: preprocessing, classifier, calibration, reasons and their files."""
