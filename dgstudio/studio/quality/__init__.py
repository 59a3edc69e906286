"""The Quality panel: accuracy over takes, the confusion matrix, calibration."""
