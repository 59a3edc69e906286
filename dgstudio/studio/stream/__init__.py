"""The Stream panel: the live input with its answers and labels, and looking back."""
