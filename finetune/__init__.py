"""Data → adapter and scores: training examples, training, execution accuracy on databases never seen."""
