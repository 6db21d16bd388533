"""What the model sees of an applicant: features, written once, for one machine, one request or a cluster."""
