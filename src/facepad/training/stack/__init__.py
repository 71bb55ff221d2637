"""Train networks in torch: the loop with its checkpoints, the estimate, the pictures."""
