"""Features of the earlier applications to this lender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from home_credit.features.arithmetic import (
    count,
    fading,
    flag,
    latest,
    mean,
    millionths,
    money,
    rate,
    ratio,
    recency_rank,
    scaled_ratio,
    share,
    standard_deviation,
    thousandths,
    total,
    weighted_mean,
    where,
    whole,
)
from home_credit.features.definition import Feature, Missing
from home_credit.features.expression import FLOAT, Expr, col, count_rows
from home_credit.features.plan import scan
from home_credit.tables.schema import ID, SENTINEL_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "previous_application"
STATUSES = {
    "APPROVED": ("Approved", "approved", "acceptées", "acceptée"),
    "REFUSED": ("Refused", "refused", "refusées", "refusée"),
    "CANCELED": ("Canceled", "cancelled", "annulées", "annulée"),
    "UNUSED": ("Unused offer", "offered and unused", "acceptées sans suite", "acceptée sans suite"),
}
CONTRACTS = {
    "CASH": ("Cash loans", "for cash loans", "de prêts de trésorerie"),
    "CONSUMER": ("Consumer loans", "for consumer loans", "de crédits à la consommation"),
    "REVOLVING": ("Revolving loans", "for revolving credit", "de crédits renouvelables"),
}
REFUSALS = {
    "HC": "internal policy",
    "LIMIT": "limit",
    "SCO": "score",
    "SCOFR": "score and fraud",
}
FADING_DAYS = 730
WINDOWS = (90, 180, 365, 730)
LAST = (1, 2, 3, 5, 10)
LATEST_CATEGORIES = {
    "PRODUCT_COMBINATION": ("product", "produit"),
    "NAME_CONTRACT_STATUS": ("outcome", "issue"),
    "NAME_YIELD_GROUP": ("interest group", "classe de taux"),
    "CODE_REJECT_REASON": ("reason of refusal", "motif de refus"),
    "NAME_CLIENT_TYPE": ("kind of client", "type de client"),
    "NAME_GOODS_CATEGORY": ("goods", "bien financé"),
    "CHANNEL_TYPE": ("channel", "canal"),
    "NAME_SELLER_INDUSTRY": ("seller's trade", "secteur du vendeur"),
}

ORDER = ("age", "SK_ID_PREV")
APPROVED = col("NAME_CONTRACT_STATUS") == "Approved"
REFUSED = col("NAME_CONTRACT_STATUS") == "Refused"
INTEREST = col("annuity") * col("term") - col("credit")


# One row per earlier application with the integers that the features aggregate.
ROWS = (
    scan(TABLE)
    .select(
        ID,
        "SK_ID_PREV",
        "NAME_CONTRACT_STATUS",
        "NAME_CONTRACT_TYPE",
        *(column for column in LATEST_CATEGORIES if column != "NAME_CONTRACT_STATUS"),
        age=-whole("DAYS_DECISION"),
        annuity=thousandths("AMT_ANNUITY"),
        asked=thousandths("AMT_APPLICATION"),
        credit=thousandths("AMT_CREDIT"),
        down=thousandths("AMT_DOWN_PAYMENT"),
        goods=thousandths("AMT_GOODS_PRICE"),
        down_rate=millionths("RATE_DOWN_PAYMENT"),
        term=whole("CNT_PAYMENT"),
        first_drawing=whole("DAYS_FIRST_DRAWING", sentinel=SENTINEL_DAYS),
        first_due=whole("DAYS_FIRST_DUE", sentinel=SENTINEL_DAYS),
        last_due=whole("DAYS_LAST_DUE", sentinel=SENTINEL_DAYS),
        planned_end=whole("DAYS_LAST_DUE_1ST_VERSION", sentinel=SENTINEL_DAYS),
        ended=whole("DAYS_TERMINATION", sentinel=SENTINEL_DAYS),
        insured=whole("NFLAG_INSURED_ON_APPROVAL"),
        hour=whole("HOUR_APPR_PROCESS_START"),
        seller_area=whole("SELLERPLACE_AREA"),
    )
    .with_columns(
        granted=scaled_ratio(col("credit"), col("asked")),
        interest=scaled_ratio(INTEREST, col("credit")),
        yearly_rate=where(col("term") > 0, scaled_ratio(INTEREST.cast(FLOAT) * 24.0, col("credit") * (col("term") + 1))),
        drawn=col("last_due") - col("first_drawing"),
        fading=fading(col("age"), FADING_DAYS),
        approved=flag(APPROVED),
        running=flag(APPROVED & (col("last_due").is_null()) & ~col("first_due").is_null()),
        rank=recency_rank(ORDER),
    )
    .with_columns(approved_rank=col("approved").cum_sum(partition_by=[ID], order_by=ORDER))
)


def _feature(
    suffix: str,
    value: Expr,
    unit: str,
    en: str,
    fr: str,
    missing: Missing = Missing.NONE_IN_SCOPE,
) -> Feature:
    return Feature(f"PREV_{suffix}", value, unit, en, fr, missing)


def _outcomes() -> Iterator[Feature]:
    everything = ~col(ID).is_null()
    yield _feature("COUNT", count_rows(), "count", "number of earlier applications", "nombre de demandes antérieures")
    for code, (value, en, fr, one) in STATUSES.items():
        outcome = col("NAME_CONTRACT_STATUS") == value
        yield _feature(f"{code}_COUNT", count(outcome), "count", f"earlier applications {en}", f"demandes antérieures {fr}")
        yield _feature(f"{code}_SHARE", share(outcome, everything), "share", f"share of earlier applications {en}", f"part des demandes antérieures {fr}")
        yield _feature(f"{code}_AGE_MIN", where(outcome, col("age")).min(), "days", f"time since an application was last {en}", f"temps depuis la dernière demande {one}")
        yield _feature(f"{code}_AGE_MEAN", mean(where(outcome, col("age"))), "days", f"mean time since applications {en}", f"temps moyen depuis les demandes {fr}")
    yield _feature("FADING_REFUSED_SHARE", weighted_mean(flag(REFUSED), col("fading")), "share", "share refused over two years, recent applications weighing more", "part des demandes refusées sur deux ans, les plus récentes pesant plus")
    for k in LAST:
        last = col("rank") <= k
        en, fr = ("the last application", "de la dernière demande") if k == 1 else (f"the last {k} applications", f"des {k} dernières demandes")
        yield _feature(f"LAST_{k}_REFUSED_SHARE", share(REFUSED, last), "share", f"share refused among {en}", f"part refusée {fr}")
        yield _feature(f"LAST_{k}_APPROVED_SHARE", share(APPROVED, last), "share", f"share approved among {en}", f"part acceptée {fr}")
    for days in WINDOWS:
        recent = col("age") <= days
        yield _feature(f"COUNT_{days}", count(recent), "count", f"applications in the last {days} days", f"demandes dans les {days} derniers jours")
        yield _feature(f"REFUSED_{days}", count(recent & REFUSED), "count", f"applications refused in the last {days} days", f"demandes refusées dans les {days} derniers jours")
    for code, meaning in REFUSALS.items():
        yield _feature(f"REJECT_{code}_COUNT", count(col("CODE_REJECT_REASON") == code), "count", f"earlier applications refused for {meaning} ({code})", f"demandes antérieures refusées au motif {code}")
    for code, (value, en, fr) in CONTRACTS.items():
        kind = col("NAME_CONTRACT_TYPE") == value
        yield _feature(f"{code}_COUNT", count(kind), "count", f"earlier applications {en}", f"demandes antérieures {fr}")
        yield _feature(f"{code}_REFUSED_SHARE", share(REFUSED, kind), "share", f"share refused of earlier applications {en}", f"part refusée des demandes antérieures {fr}")


def _terms() -> Iterator[Feature]:
    for name, scope, en, fr in (("APPROVED", APPROVED, "approved applications", "demandes acceptées"), ("REFUSED", REFUSED, "refused applications", "demandes refusées")):
        scoped = {key: where(scope, col(key)) for key in ("annuity", "asked", "credit", "down", "down_rate", "goods", "term", "granted", "interest", "yearly_rate")}
        yield _feature(f"{name}_ANNUITY_MEAN", money(mean(scoped["annuity"])), "currency", f"mean monthly instalment of {en}", f"mensualité moyenne des {fr}")
        yield _feature(f"{name}_ANNUITY_MAX", money(scoped["annuity"].max()), "currency", f"largest monthly instalment of {en}", f"plus grosse mensualité des {fr}")
        yield _feature(f"{name}_CREDIT_MEAN", money(mean(scoped["credit"])), "currency", f"mean credit of {en}", f"crédit moyen des {fr}")
        yield _feature(f"{name}_CREDIT_MAX", money(scoped["credit"].max()), "currency", f"largest credit of {en}", f"plus gros crédit des {fr}")
        yield _feature(f"{name}_CREDIT_SUM", money(total(col("credit"), scope)), "currency", f"sum of credit of {en}", f"somme des crédits des {fr}", Missing.UNKNOWN)
        yield _feature(f"{name}_DOWN_MEAN", money(mean(scoped["down"])), "currency", f"mean down payment of {en}", f"apport moyen des {fr}")
        yield _feature(f"{name}_DOWN_RATE_MEAN", rate(mean(scoped["down_rate"])), "rate", f"mean down payment rate of {en}", f"taux d’apport moyen des {fr}")
        yield _feature(f"{name}_DOWN_RATE_MAX", rate(scoped["down_rate"].max()), "rate", f"highest down payment rate of {en}", f"plus haut taux d’apport des {fr}")
        yield _feature(f"{name}_TERM_MEAN", mean(scoped["term"]), "months", f"mean term of {en}", f"durée moyenne des {fr}")
        yield _feature(f"{name}_TERM_MAX", scoped["term"].max(), "months", f"longest term of {en}", f"plus longue durée des {fr}")
        yield _feature(f"{name}_GRANTED_MEAN", rate(mean(scoped["granted"])), "ratio", f"mean credit over amount asked of {en}", f"crédit rapporté au montant demandé, en moyenne des {fr}")
        yield _feature(f"{name}_GRANTED_MIN", rate(scoped["granted"].min()), "ratio", f"lowest credit over amount asked of {en}", f"plus bas rapport du crédit au montant demandé des {fr}")
        yield _feature(f"{name}_INTEREST_MEAN", rate(mean(scoped["interest"])), "ratio", f"mean interest over credit of {en}", f"intérêts rapportés au crédit, en moyenne des {fr}")
        yield _feature(f"{name}_YEARLY_RATE_MEAN", rate(mean(scoped["yearly_rate"])), "rate", f"mean approximate yearly rate of {en}", f"taux annuel approché, en moyenne des {fr}")
        yield _feature(f"{name}_YEARLY_RATE_MIN", rate(scoped["yearly_rate"].min()), "rate", f"lowest approximate yearly rate of {en}", f"plus bas taux annuel approché des {fr}")
        yield _feature(f"{name}_INTEREST_MAX", rate(scoped["interest"].max()), "ratio", f"highest interest over credit of {en}", f"plus haut rapport des intérêts au crédit des {fr}")
    yield _feature("AGE_SPREAD", standard_deviation(col("age")), "days", "standard deviation of the time since earlier applications", "écart-type du temps depuis les demandes antérieures")
    yield _feature("AGE_MAX", col("age").max(), "days", "time since the first application", "temps depuis la première demande")
    yield _feature("RUNNING_COUNT", col("running").sum(), "count", "earlier credits still running", "crédits antérieurs en cours")
    yield _feature("RUNNING_ANNUITY", money(total(col("annuity"), col("running") == 1)), "currency", "monthly instalments of earlier credits still running", "mensualités des crédits antérieurs en cours", Missing.UNKNOWN)
    yield _feature("RUNNING_CREDIT", money(total(col("credit"), col("running") == 1)), "currency", "amount of earlier credits still running", "montant des crédits antérieurs en cours", Missing.UNKNOWN)
    yield _feature("ENDED_MAX", col("ended").max(), "days", "day on which an earlier credit last ended", "jour de la dernière fin de crédit antérieur")
    yield _feature("LAST_DUE_MAX", col("last_due").max(), "days", "day of the last instalment of earlier credits", "jour de la dernière échéance des crédits antérieurs")
    yield _feature("PLANNED_END_MAX", where(APPROVED, col("planned_end")).max(), "days", "day on which the last earlier credit was first planned to end", "jour de fin initialement prévu du dernier crédit antérieur")
    yield _feature("EXTENDED_MEAN", mean(col("last_due") - col("planned_end")), "days", "mean time by which earlier credits ran over plan", "dépassement moyen de la durée prévue des crédits antérieurs")
    yield _feature("ENDED_EARLY_MEAN", mean(col("planned_end") - col("ended")), "days", "mean time by which earlier credits ended before their plan", "avance moyenne de la fin des crédits antérieurs sur la fin prévue")
    yield _feature("DRAWN_MEAN", mean(col("drawn")), "days", "mean time from the first drawing to the last instalment of earlier cards", "temps moyen du premier retrait à la dernière échéance des cartes antérieures")
    yield _feature("FIRST_DUE_MIN", col("first_due").min(), "days", "day of the first instalment ever due", "jour de la toute première échéance")
    yield _feature("INSURED_SHARE", mean(where(APPROVED, col("insured"))), "share", "share of earlier credits insured", "part des crédits antérieurs assurés")
    yield _feature("HOUR_MEAN", mean(col("hour")), "hour", "mean hour of earlier applications", "heure moyenne des demandes antérieures")
    yield _feature("SELLER_AREA_MEAN", mean(col("seller_area")), "code", "mean size of the seller's place", "taille moyenne du point de vente")


def _latest() -> Iterator[Feature]:
    for column, (en, fr) in LATEST_CATEGORIES.items():
        yield Feature(f"PREV_LATEST_{column}", latest(col(column)), "code", f"{en} of the last application", f"{fr} de la dernière demande", Missing.NONE_IN_SCOPE, "category")
    for name, of, en, fr in (("LATEST", col("rank") == 1, "last application", "dernière demande"), ("LATEST_APPROVED", APPROVED & (col("approved_rank") == 1), "last approved application", "dernière demande acceptée")):
        for key, unit, convert, en_, fr_ in (
            ("annuity", "currency", money, "monthly instalment", "mensualité"),
            ("credit", "currency", money, "credit", "crédit"),
            ("down", "currency", money, "down payment", "apport"),
            ("down_rate", "rate", rate, "down payment rate", "taux d’apport"),
            ("granted", "ratio", rate, "credit over amount asked", "crédit rapporté au montant demandé"),
            ("interest", "ratio", rate, "interest over credit", "intérêts rapportés au crédit"),
            ("yearly_rate", "rate", rate, "approximate yearly rate", "taux annuel approché"),
        ):
            yield _feature(f"{name}_{key.upper()}", convert(where(of, col(key)).max()), unit, f"{en_} of the {en}", f"{fr_} de la {fr}")
        yield _feature(f"{name}_TERM", where(of, col("term")).max(), "months", f"term of the {en}", f"durée de la {fr}")
    for k in (3, 5):
        last = col("rank") <= k
        yield _feature(f"LAST_{k}_INTEREST_MEAN", rate(mean(where(last, col("interest")))), "ratio", f"mean interest over credit of the last {k} applications", f"intérêts rapportés au crédit, en moyenne des {k} dernières demandes")
        yield _feature(f"LAST_{k}_DOWN_RATE_MEAN", rate(mean(where(last, col("down_rate")))), "rate", f"mean down payment rate of the last {k} applications", f"taux d’apport moyen des {k} dernières demandes")
        yield _feature(f"LAST_{k}_CREDIT_MEAN", money(mean(where(last, col("credit")))), "currency", f"mean credit of the last {k} applications", f"crédit moyen des {k} dernières demandes")
        yield _feature(f"LAST_{k}_AGE_MEAN", mean(where(last, col("age"))), "days", f"mean time since the last {k} applications", f"temps moyen depuis les {k} dernières demandes")
    yield _feature("GAP_MEAN", ratio(col("age").max() - col("age").min(), col("age").count() - 1), "days", "mean time between applications", "temps moyen entre deux demandes")


FEATURES: tuple[Feature, ...] = (*_outcomes(), *_terms(), *_latest())
