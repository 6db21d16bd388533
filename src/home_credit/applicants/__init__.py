"""Known applicants: their raw rows and the features of their histories, by id; what fills and reads them."""

from home_credit.applicants.store import ApplicantStore, KnownApplicant

__all__ = ["ApplicantStore", "KnownApplicant"]
