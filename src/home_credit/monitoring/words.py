"""What a verdict says, in English and French."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from home_credit.schemas.base import Text
from home_credit.tables.schema import APPLICATION, HISTORIES, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from home_credit.monitoring.detectors import Test
    from home_credit.schemas.verdicts import Action

SUBJECTS = {
    "mean_probability": ("Mean probability of default", "Probabilité moyenne de défaut"),
    "expected_cost": ("Expected cost per application", "Coût attendu par demande"),
    "approval_rate": ("Share of approved applications", "Part des demandes acceptées"),
    "review_rate": ("Share of applications to review", "Part des demandes à examiner"),
    "grades": ("Distribution of grades", "Répartition des notes"),
    "scores": ("Distribution of scores", "Répartition des scores"),
    "repeated": ("Repeated applications", "Demandes répétées"),
    "warnings": ("Decisions with a warning", "Décisions avec un avertissement"),
    "contract": ("Mix of contracts", "Répartition des contrats"),
    "age": ("Mix of ages", "Répartition des âges"),
    "region": ("Mix of region ratings", "Répartition des notes de région"),
}
# Before and now in per cent.
SHARES = {
    "missing": ("Missing values", "Valeurs manquantes"),
    "unseen": ("Values unknown at training", "Valeurs inconnues à l'apprentissage"),
    "low": ("Values below the usual range", "Valeurs sous la plage habituelle"),
    "high": ("Values above the usual range", "Valeurs au-dessus de la plage habituelle"),
    "mean_probability": ("Mean probability of default", "Probabilité moyenne de défaut"),
    "approval_rate": ("Approved", "Acceptées"),
    "review_rate": ("To review", "À examiner"),
    "repeated": ("Equal to an earlier application", "Identiques à une demande antérieure"),
    "warnings": ("With a warning", "Avec un avertissement"),
}
# Standard deviations from which the move of a mean is told.
LEAST_SHIFT = 0.05
ADVICE: dict[Action, Text] = {
    "look_at_source": Text(
        en="Look at the source of the data first: missing, unknown, extreme or repeated values point to a fault in "
        "delivery. Do not retrain on them.",
        fr="Vérifiez d'abord la source des données : des valeurs manquantes, inconnues, extrêmes ou répétées indiquent "
        "un défaut de transmission. Ne réentraînez pas le modèle sur ces données.",
    ),
    "retrain": Text(
        en="The applicants changed. Train a challenger on recent applications and let the gate compare it with the "
        "model; until then check the decisions of the segments named.",
        fr="Les demandeurs ont changé. Entraînez un modèle challenger sur des demandes récentes et faites-le comparer "
        "par le contrôle de promotion ; d'ici là, vérifiez les décisions des segments cités.",
    ),
    "recalibrate": Text(
        en="Scores and decisions moved. Compare probabilities with the first outcomes by grade; recalibrate where they "
        "do not hold.",
        fr="Les scores et les décisions ont bougé. Comparez les probabilités aux premiers résultats par note ; "
        "recalibrez si elles ne tiennent pas.",
    ),
    "none": Text(
        en="Nothing to do: no change beyond chance is large enough to matter.",
        fr="Rien à faire : aucun changement au-delà du hasard n'est assez grand pour compter.",
    ),
}
SMALLEST_CHANGE = 0.0005  # of the risk, told as 0.1 %; a smaller one is not told as a number


def labelled(subject: str) -> Text:
    """Return a column, segment or figure in words."""
    if subject in SUBJECTS:
        en, fr = SUBJECTS[subject]
        return Text(en=en, fr=fr)
    if subject in HISTORIES:
        return Text(en=f"Rows in {subject}", fr=f"Lignes de {subject}")
    column = table(APPLICATION).columns.get(subject)
    return Text(en=column.en, fr=column.fr) if column else Text(en=subject, fr=subject)


def described(test: Test) -> Text:
    """Return what changed, with its size."""
    if test.detector in SHARES:
        en, fr = SHARES[test.detector]
        return _changed(en, fr, test, lambda share: f"{100 * share:.1f} %")
    if test.detector == "expected_cost":
        return _changed("Expected cost", "Coût attendu", test, lambda cost: f"{cost:.3f}")
    if test.detector == "segments":
        share = f"{100 * test.now:.1f} %"
        return Text(
            en=f"{share} of applications moved between groups",
            fr=f"{share.replace('.', ',')} des demandes ont changé de groupe",
        )
    en, fr = f"Distribution changed, PSI {test.size:.3f}", f"La répartition a changé, PSI {test.size:.3f}"
    if test.shift is not None and abs(test.shift) >= LEAST_SHIFT:
        higher = ("higher", "supérieure") if test.shift > 0 else ("lower", "inférieure")
        en += f", mean {abs(test.shift):.2f} standard deviations {higher[0]}"
        fr += f", moyenne {higher[1]} de {abs(test.shift):.2f} écart-type"
    if test.effect is not None:
        effect = _of_itself(test.effect)
        en, fr = f"{en}; by itself this {effect.en}", f"{fr} ; à lui seul, cela {effect.fr}"
    return Text(en=en, fr=fr.replace(".", ","))


def _of_itself(effect: float) -> Text:
    """Return in words what an effect, in log-odds, makes of a small risk: the odds and the risk change alike."""
    change = abs(math.expm1(effect))
    if change < SMALLEST_CHANGE:
        return Text(en="hardly changes the risk of default", fr="ne change guère le risque de défaut")
    way = ("raises", "augmente") if effect > 0 else ("lowers", "abaisse")
    return Text(
        en=f"{way[0]} the risk of default by about {100 * change:.1f} % of its value",
        fr=f"{way[1]} le risque de défaut d'environ {100 * change:.1f} % de sa valeur",
    )


def summarised(alarm: bool, acknowledged: bool, material: int, others: int) -> Text:
    """Return the verdict in one line."""
    en, fr = {
        (True, False): ("Drift alarm", "Alerte de dérive"),
        (False, True): ("Acknowledged drift", "Dérive confirmée"),
    }.get((alarm, acknowledged), ("No drift alarm", "Pas d'alerte de dérive"))
    return Text(
        en=f"{en}: {_counted(material, 'change matters', 'changes matter')}, {others} more beyond chance",
        fr=f"{fr} : {_counted(material, 'changement important', 'changements importants')},"
        f" {others} de plus au-delà du hasard",
    )


def _changed(en: str, fr: str, test: Test, number: Callable[[float], str]) -> Text:
    before, now = number(test.before), number(test.now)
    return Text(
        en=f"{en}: {before} before, {now} now",
        fr=f"{fr} : {before} avant, {now} maintenant".replace(".", ","),
    )


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
