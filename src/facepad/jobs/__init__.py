"""What long jobs share: worker processes, work folders, atomic files, progress, CSV input."""
