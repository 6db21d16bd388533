"""An example applicant, for the API's documentation and for smoke checks."""

from __future__ import annotations

from typing import TypedDict

APPLICANT = 900001

Cells = dict[str, int | float | str]


class ExampleBundle(TypedDict):
    """Rows by table, as a request holds them."""

    application: Cells
    bureau: list[Cells]
    bureau_balance: list[Cells]
    installments_payments: list[Cells]


BUNDLE: ExampleBundle = {
    "application": {
        "SK_ID_CURR": APPLICANT,
        "NAME_CONTRACT_TYPE": "Cash loans",
        "CODE_GENDER": "F",
        "FLAG_OWN_CAR": "N",
        "FLAG_OWN_REALTY": "Y",
        "CNT_CHILDREN": 1,
        "AMT_INCOME_TOTAL": 180000.0,
        "AMT_CREDIT": 450000.0,
        "AMT_ANNUITY": 24750.0,
        "AMT_GOODS_PRICE": 405000.0,
        "NAME_INCOME_TYPE": "Working",
        "NAME_EDUCATION_TYPE": "Secondary / secondary special",
        "NAME_FAMILY_STATUS": "Married",
        "NAME_HOUSING_TYPE": "House / apartment",
        "REGION_POPULATION_RELATIVE": 0.02,
        "DAYS_BIRTH": -14200,
        "DAYS_EMPLOYED": -2100,
        "DAYS_REGISTRATION": -5200.0,
        "DAYS_ID_PUBLISH": -2900,
        "OCCUPATION_TYPE": "Core staff",
        "CNT_FAM_MEMBERS": 3.0,
        "REGION_RATING_CLIENT": 2,
        "REGION_RATING_CLIENT_W_CITY": 2,
        "ORGANIZATION_TYPE": "School",
        "EXT_SOURCE_1": 0.48,
        "EXT_SOURCE_2": 0.61,
        "EXT_SOURCE_3": 0.37,
        "DAYS_LAST_PHONE_CHANGE": -820.0,
    },
    "bureau": [
        {
            "SK_ID_CURR": APPLICANT,
            "SK_ID_BUREAU": 9000011,
            "CREDIT_ACTIVE": "Active",
            "CREDIT_CURRENCY": "currency 1",
            "DAYS_CREDIT": -410,
            "CREDIT_DAY_OVERDUE": 0,
            "DAYS_CREDIT_ENDDATE": 700.0,
            "CNT_CREDIT_PROLONG": 0,
            "AMT_CREDIT_SUM": 135000.0,
            "AMT_CREDIT_SUM_DEBT": 72000.0,
            "AMT_CREDIT_SUM_OVERDUE": 0.0,
            "CREDIT_TYPE": "Consumer credit",
            "DAYS_CREDIT_UPDATE": -25,
        }
    ],
    "bureau_balance": [
        {"SK_ID_BUREAU": 9000011, "MONTHS_BALANCE": -1, "STATUS": "0"},
        {"SK_ID_BUREAU": 9000011, "MONTHS_BALANCE": -2, "STATUS": "C"},
    ],
    "installments_payments": [
        {
            "SK_ID_PREV": 9000021,
            "SK_ID_CURR": APPLICANT,
            "NUM_INSTALMENT_VERSION": 1.0,
            "NUM_INSTALMENT_NUMBER": 4,
            "DAYS_INSTALMENT": -180.0,
            "DAYS_ENTRY_PAYMENT": -184.0,
            "AMT_INSTALMENT": 6750.0,
            "AMT_PAYMENT": 6750.0,
        }
    ],
}
