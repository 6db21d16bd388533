"""Features of the application itself."""

from __future__ import annotations

from functools import reduce
from operator import add, mul

from home_credit.features.arithmetic import flag, ratio, where, whole
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import FLOAT, col, max_horizontal, min_horizontal
from home_credit.tables.schema import APPLICATION, SENTINEL_DAYS, table
from home_credit.terms.columns import MONTHS as TERM_MONTHS
from home_credit.terms.columns import RATE as TERM_RATE

TABLE = APPLICATION
# Sex and marital status are protected: no feature is made of them, nor of the count of family members,
# which together with the children reveals who is married.
PROTECTED = ("CODE_GENDER", "NAME_FAMILY_STATUS", "CNT_FAM_MEMBERS")
NOT_A_FEATURE = ("SK_ID_CURR", "DAYS_EMPLOYED", "FLAG_MOBIL", "WEEKDAY_APPR_PROCESS_START", *PROTECTED)

EXTERNAL = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
DOCUMENTS = tuple(f"FLAG_DOCUMENT_{number}" for number in range(2, 22))
BUILDING_SUFFIXES = ("_AVG", "_MODE", "_MEDI")


def _as_given() -> list[Feature]:
    """Columns of the application that are features without a change."""
    return [
        Feature(
            column.name,
            col(column.name) if column.dtype == "text" else col(column.name).cast(FLOAT),
            column.unit,
            column.en,
            column.fr,
            Missing.NOT_GIVEN,
            "category" if column.dtype == "text" else "number",
        )
        for column in table(APPLICATION).columns.values()
        if column.name not in NOT_A_FEATURE
    ]


def _external_scores() -> list[Feature]:
    scores = [col(name) for name in EXTERNAL]
    present = reduce(add, (flag(~score.is_null()) for score in scores))
    total = reduce(add, (score.fill_null(0.0) for score in scores))
    mean = ratio(total, present.cast(FLOAT))
    squares = reduce(add, ((score - mean).fill_null(0.0) * (score - mean).fill_null(0.0) for score in scores))
    weighted = reduce(
        add, (weight * score.fill_null(0.0) for weight, score in zip((1.0, 2.0, 3.0), scores, strict=True))
    )
    weights = reduce(
        add,
        (weight * flag(~score.is_null()) for weight, score in zip((1.0, 2.0, 3.0), scores, strict=True)),
    )
    made = {
        "APP_EXT_MEAN": (mean, "mean of the external scores present", "moyenne des scores externes présents"),
        "APP_EXT_SPREAD": (
            where(present > 1, (squares / present.cast(FLOAT)).sqrt()),
            "standard deviation of the external scores present",
            "écart-type des scores externes présents",
        ),
        "APP_EXT_MIN": (
            min_horizontal(*scores),
            "lowest external score",
            "score externe le plus bas",
        ),
        "APP_EXT_MAX": (
            max_horizontal(*scores),
            "highest external score",
            "score externe le plus haut",
        ),
        "APP_EXT_PRODUCT": (
            reduce(mul, scores),
            "product of the three external scores",
            "produit des trois scores externes",
        ),
        "APP_EXT_23_PRODUCT": (
            scores[1] * scores[2],
            "product of external scores 2 and 3",
            "produit des scores externes 2 et 3",
        ),
        "APP_EXT_WEIGHTED": (
            ratio(weighted, weights),
            "mean of the external scores present, weighted 1, 2, 3",
            "moyenne pondérée (1, 2, 3) des scores externes présents",
        ),
        "APP_EXT_PRESENT": (
            present,
            "number of external scores present",
            "nombre de scores externes présents",
        ),
    }
    return [
        Feature(name, value, "normalised", en, fr, Missing.NOT_GIVEN)
        for name, (value, en, fr) in made.items()
    ]


def _loan() -> list[Feature]:
    credit, annuity = col("AMT_CREDIT"), col("AMT_ANNUITY")
    goods, income = col("AMT_GOODS_PRICE"), col("AMT_INCOME_TOTAL")
    months = col(TERM_MONTHS)
    interest = annuity * months - credit
    made = {
        "APP_TERM": (ratio(credit, annuity), "months", "shortest possible term (credit over monthly instalment)", "plus courte durée possible (crédit rapporté à la mensualité)"),
        "APP_IMPLIED_TERM": (months, "months", "term of the loan, estimated from its amounts", "durée du prêt, estimée d’après ses montants"),
        "APP_IMPLIED_INTEREST": (ratio(interest, credit), "ratio", "interest over the estimated term, as a share of the credit", "intérêts sur la durée estimée, en part du crédit"),
        "APP_IMPLIED_RATE": (col(TERM_RATE), "rate", "nominal yearly interest rate at the estimated term", "taux d’intérêt annuel nominal pour la durée estimée"),
        # What the credit is above the price of the goods is mostly insurance, charged by the month of the term.
        "APP_PREMIUM_RATE": (ratio(credit - goods, goods * months), "rate", "credit above the price of the goods, by month of the estimated term", "crédit au-delà du prix du bien, en part de ce prix et par mois de la durée estimée"),
        "APP_INTEREST_TO_INCOME": (ratio(interest, income), "ratio", "interest over the estimated term in months of income", "intérêts sur la durée estimée, en mois de revenu"),
        "APP_CREDIT_TO_GOODS": (ratio(credit, goods), "ratio", "credit over price of the goods", "crédit rapporté au prix du bien"),
        "APP_GOODS_LESS_CREDIT": (goods - credit, "currency", "price of the goods less credit", "prix du bien moins crédit"),
        "APP_CREDIT_TO_INCOME": (ratio(credit, income), "ratio", "credit in months of income", "crédit en mois de revenu"),
        "APP_ANNUITY_TO_INCOME": (ratio(annuity, income), "ratio", "monthly instalment over monthly income", "mensualité rapportée au revenu mensuel"),
        "APP_GOODS_TO_INCOME": (ratio(goods, income), "ratio", "price of the goods in months of income", "prix du bien en mois de revenu"),
        "APP_INCOME_LESS_ANNUITY": (income - annuity, "currency", "monthly income less monthly instalment", "revenu mensuel moins mensualité"),
        "APP_INCOME_PER_CHILD": (ratio(income, (col("CNT_CHILDREN") + 1).cast(FLOAT)), "currency", "monthly income per dependent, the applicant counted", "revenu mensuel par personne à charge, client compris"),
    }  # fmt: skip
    return [
        Feature(name, value, unit, en, fr, Missing.UNDEFINED)
        for name, (value, unit, en, fr) in made.items()
    ]


def _life() -> list[Feature]:
    birth = col("DAYS_BIRTH").cast(FLOAT)
    employed = whole("DAYS_EMPLOYED", sentinel=SENTINEL_DAYS).cast(FLOAT)
    since = {name: col(name).cast(FLOAT) for name in ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "DAYS_LAST_PHONE_CHANGE", "OWN_CAR_AGE")}  # fmt: skip
    made = {
        "DAYS_EMPLOYED": (employed, "days", "days since the present employment began (negative)", "jours depuis le début de l’emploi actuel (négatif)"),
        "APP_NOT_EMPLOYED": (flag(col("DAYS_EMPLOYED") == SENTINEL_DAYS), "flag", "no present employment (pensioner or unemployed)", "sans emploi actuel (retraité ou sans activité)"),
        "APP_EMPLOYED_TO_AGE": (ratio(employed, birth), "share", "share of life in the present employment", "part de la vie passée dans l’emploi actuel"),
        "APP_AGE_AT_EMPLOYMENT": (employed - birth, "days", "age when the present employment began", "âge au début de l’emploi actuel"),
        "APP_REGISTRATION_TO_AGE": (ratio(since["DAYS_REGISTRATION"], birth), "share", "share of life since the last change of registration", "part de la vie depuis le dernier changement d’inscription"),
        "APP_ID_TO_AGE": (ratio(since["DAYS_ID_PUBLISH"], birth), "share", "share of life since the identity document was issued", "part de la vie depuis l’émission de la pièce d’identité"),
        "APP_ID_LESS_AGE": (since["DAYS_ID_PUBLISH"] - birth, "days", "age when the identity document was issued", "âge à l’émission de la pièce d’identité"),
        "APP_PHONE_TO_AGE": (ratio(since["DAYS_LAST_PHONE_CHANGE"], birth), "share", "share of life since the last change of telephone", "part de la vie depuis le dernier changement de téléphone"),
        "APP_PHONE_TO_EMPLOYED": (ratio(since["DAYS_LAST_PHONE_CHANGE"], employed), "ratio", "time since the last change of telephone over time in employment", "temps depuis le changement de téléphone rapporté à l’ancienneté"),
        "APP_CAR_TO_AGE": (ratio(since["OWN_CAR_AGE"], birth), "ratio", "age of the car over age of the applicant", "âge de la voiture rapporté à l’âge du client"),
        "APP_CAR_TO_EMPLOYED": (ratio(since["OWN_CAR_AGE"], employed), "ratio", "age of the car over time in employment", "âge de la voiture rapporté à l’ancienneté"),
        "APP_INCOME_TO_EMPLOYED": (ratio(col("AMT_INCOME_TOTAL"), employed), "ratio", "monthly income over time in employment", "revenu mensuel rapporté à l’ancienneté"),
        "APP_INCOME_TO_AGE": (ratio(col("AMT_INCOME_TOTAL"), birth), "ratio", "monthly income over age", "revenu mensuel rapporté à l’âge"),
        "APP_CHILDREN_TO_AGE": (ratio(col("CNT_CHILDREN").cast(FLOAT), birth), "ratio", "children over age", "enfants rapportés à l’âge"),
    }  # fmt: skip
    return [
        Feature(name, value, unit, en, fr, Missing.UNDEFINED)
        for name, (value, unit, en, fr) in made.items()
    ]


def _counts() -> list[Feature]:
    building = [
        column for column in table(APPLICATION).columns if column.endswith(BUILDING_SUFFIXES)
    ]
    circle = {days: (col(f"DEF_{days}_CNT_SOCIAL_CIRCLE"), col(f"OBS_{days}_CNT_SOCIAL_CIRCLE")) for days in (30, 60)}  # fmt: skip
    enquiries = [col(f"AMT_REQ_CREDIT_BUREAU_{span}").fill_null(0.0) for span in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")]  # fmt: skip
    return [
        Feature("APP_DOCUMENTS", reduce(add, (col(name) for name in DOCUMENTS)), "count", "number of documents given", "nombre de documents fournis", Missing.NOT_GIVEN),
        Feature("APP_BUILDING_MISSING", reduce(add, (flag(col(name).is_null()) for name in building)), "count", "number of facts missing about the building", "nombre d’informations manquantes sur l’immeuble", Missing.NOT_GIVEN),
        Feature("APP_ENQUIRIES", reduce(add, enquiries), "count", "enquiries to the credit bureau in a year", "consultations du bureau de crédit en un an", Missing.NOT_GIVEN),
        Feature("APP_ENQUIRIES_RECENT", reduce(add, enquiries[:4]), "count", "enquiries to the credit bureau in the last month", "consultations du bureau de crédit au dernier mois", Missing.NOT_GIVEN),
        *(
            Feature(f"APP_CIRCLE_DEFAULT_SHARE_{days}", ratio(bad, seen), "share", f"share of the social circle more than {days} days past due", f"part de l’entourage en retard de plus de {days} jours", Missing.UNDEFINED)
            for days, (bad, seen) in circle.items()
        ),
        Feature("APP_ADDRESS_MISMATCHES", reduce(add, (col(name) for name in ("REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION", "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY"))), "count", "mismatches between registered, contact and work addresses", "écarts entre adresses déclarée, de contact et de travail", Missing.NOT_GIVEN),
        Feature("APP_CONTACTS", reduce(add, (col(name) for name in ("FLAG_EMP_PHONE", "FLAG_WORK_PHONE", "FLAG_CONT_MOBILE", "FLAG_PHONE", "FLAG_EMAIL"))), "count", "ways of contact given", "moyens de contact fournis", Missing.NOT_GIVEN),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (*_as_given(), *_external_scores(), *_loan(), *_life(), *_counts())
