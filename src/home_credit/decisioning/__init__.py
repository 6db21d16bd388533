"""What the platform does with an applicant, below HTTP: decide, record, review, replay, find recourse."""
