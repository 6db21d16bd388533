-- Run once, by the PostgreSQL image, when its volume is empty; the ledger's own database is made by POSTGRES_DB.
CREATE DATABASE mlflow;
