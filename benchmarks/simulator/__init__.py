"""What the benchmarks of the simulator share: measures of pictures, variants, drawing."""
