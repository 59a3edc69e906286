"""`dgstudio bench --views`: how quickly the views that explain follow the hand."""
