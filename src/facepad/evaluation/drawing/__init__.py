"""What the plots show: each function draws one onto matplotlib's axes."""
