"""Data → adapter and scores. Today: execution accuracy on databases that the model has never seen."""
