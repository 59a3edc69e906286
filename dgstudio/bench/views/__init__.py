"""`dgstudio bench --views`: how quickly the views that explain follow the hand; a module each gives its figures."""
