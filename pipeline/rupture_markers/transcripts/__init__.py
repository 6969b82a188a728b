"""What was said: transcripts, their readers and the segments that a coding task shows."""
