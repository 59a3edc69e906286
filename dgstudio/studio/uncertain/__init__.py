"""“Which one was this?”: recent moments that the model was least sure of."""
