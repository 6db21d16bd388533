"""The seven tables: their schema, how they are read, one applicant's rows, and a demo portfolio."""
