"""What measures streams: what is lost on the way in, how fast it comes, whether it plays back the same."""
