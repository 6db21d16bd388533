"""The applicants whose rows the platform holds."""

from home_credit.applicants.parquet import ApplicantStore

__all__ = ["ApplicantStore"]
