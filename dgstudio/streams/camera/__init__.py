"""Pictures as a stream: a camera or a video file, frame by frame to features."""
