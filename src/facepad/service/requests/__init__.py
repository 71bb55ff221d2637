"""What is checked of a request before it is answered: bounds, caller, rate, body."""
