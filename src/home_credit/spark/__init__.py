"""Features and decisions of portfolios of any size, on a Spark cluster.

The tables are read by Spark, checked where they are read, and dealt by ranges of SK_ID_CURR, so that all rows of an
applicant meet in one task. There the engine of tables computes what it computes on one machine: the bits are the same
because the code is.
"""
