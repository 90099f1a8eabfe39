"""What runs in a worker: prepare a dataset, fit and predict, score. Each is one function of a JSON payload."""
