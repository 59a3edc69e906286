"""What measures the views of the window: each module gives the figures of one of them."""
