"""Whether the applicants of today are still those that the model was made from."""
