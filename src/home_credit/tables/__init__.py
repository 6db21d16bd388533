"""The seven tables: schema, reading and checking of files, rows of one applicant, writing."""
