"""Assess applicants: rows to features, probability, decision and reasons; the same code for one and for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from home_credit import policy
from home_credit.default_risk import artifacts, classifier, reasons
from home_credit.errors import OtherModelError
from home_credit.features.online import OnlineFeatures
from home_credit.schemas import Assessment, DecisionRecord, ModelFacts, Reason, Replay, Text
from home_credit.tables.bundle import ParsedBundle, parse_bundle
from home_credit.tables.schema import APPLICATION, ID, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from home_credit.config import Settings
    from home_credit.terms.model import TermModel


class Scorer:
    """A loaded model with its policy; safe to use from several threads."""

    def __init__(self, model: artifacts.Artifacts, costs: policy.Costs) -> None:
        self._model = model
        self._features = OnlineFeatures(model.terms)
        cut_off = model.manifest.policy.cut_off
        self.policy = policy.Policy(cut_off, policy.review_band(cut_off, costs))

    @classmethod
    def load(cls, models: Path, settings: Settings) -> Scorer:
        """Load the model in ``models``; raises :class:`ArtifactError` where there is none that can be trusted."""
        return cls(artifacts.load(models), policy.Costs.of(settings))

    @property
    def version(self) -> str:
        """The model version."""
        return self._model.version

    @property
    def terms(self) -> TermModel:
        """The model of the term that the features are made with."""
        return self._model.terms

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the model, in the order of its vector."""
        return self._model.preprocessor.features

    @property
    def facts(self) -> ModelFacts:
        """What can be said of the model to whoever asks."""
        manifest = self._model.manifest
        return ModelFacts(
            model_version=self.version,
            trained_at=manifest.trained_at,
            features=len(self.features),
            cut_off=self.policy.cut_off,
            review_band=self.policy.review_band,
            metrics=manifest.metrics.out_of_fold,
            training_data=manifest.training_data.model_dump(),
        )

    def assess(self, bundles: Sequence[ParsedBundle], *, simulation: bool = False) -> list[Assessment]:
        """Return one assessment per bundle, in order; each equals that of the bundle assessed alone."""
        return [
            assessment
            for wave in _disjoint_batches(bundles)
            for assessment in self._assess_batch(wave, simulation=simulation)
        ]

    def _assess_batch(self, bundles: Sequence[ParsedBundle], *, simulation: bool) -> Iterator[Assessment]:
        frames = {name: pl.concat([bundle.frames[name] for bundle in bundles]) for name in TABLES}
        rows = self._features.compute(frames)
        place = {applicant: row for row, applicant in enumerate(rows[ID])}
        rows = rows[[place[bundle.applicant_id] for bundle in bundles]]
        preprocessor = self._model.preprocessor
        matrix = preprocessor.transform(rows)
        probabilities, shares = self._probabilities(matrix), self._contributions(matrix)
        for row, (bundle, unseen) in enumerate(zip(bundles, preprocessor.unseen(rows), strict=True)):
            probability = float(probabilities[row])
            yield Assessment(
                SK_ID_CURR=bundle.applicant_id,
                probability_of_default=probability,
                cut_off=self.policy.cut_off,
                decision=self.policy.decide(probability),
                score=policy.score_points(probability),
                grade=policy.grade(probability),
                reasons=self._reasons(rows.row(row, named=True), shares[row]),
                warnings=[*bundle.warnings, *unseen],
                model_version=self.version,
                simulation=simulation,
            )

    def variants(self, bundle: ParsedBundle, replaced: pl.DataFrame) -> NDArray[np.float64]:
        """Return the probability of default of an applicant with each row of ``replaced`` in the application.

        ``replaced`` holds numbers of the application that are features as they stand, no two rows alike. The
        histories, which are the same for all, are aggregated once; every feature is computed for every row.
        """
        names = replaced.columns
        application = bundle.frames[APPLICATION]
        varied = application.drop(names).join(replaced, how="cross").select(application.columns)
        rows = self._features.compute({**bundle.frames, APPLICATION: varied})
        # All rows are of one applicant and come in any order: they are known by what was replaced.
        scored = rows.select(names).with_columns(probability=self._model.probability(rows))
        in_order = replaced.join(scored, on=names, how="left", nulls_equal=True, maintain_order="left")
        return in_order["probability"].to_numpy()

    def score_matrix(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the decision on each row of a feature matrix, with the codes of the strongest reasons."""
        matrix = self._model.preprocessor.transform(rows)
        probabilities, shares = self._probabilities(matrix).tolist(), self._contributions(matrix)
        named = [
            [
                effect.code
                for effect in reasons.reportable(reasons.effects(self.features, share))[: reasons.MAX_REASONS]
            ]
            for share in shares
        ]
        return pl.DataFrame(
            {
                ID: rows[ID],
                "probability_of_default": probabilities,
                "score": [policy.score_points(probability) for probability in probabilities],
                "grade": [policy.grade(probability) for probability in probabilities],
                "decision": [self.policy.decide(probability) for probability in probabilities],
                **{
                    f"reason_{n + 1}": pl.Series(
                        [codes[n] if n < len(codes) else None for codes in named], dtype=pl.String
                    )
                    for n in range(reasons.MAX_REASONS)
                },
                "model_version": [self.version] * len(rows),
            }
        )

    def infer(self, vectors: Sequence[Mapping[str, float | str | None]]) -> list[float]:
        """Return the probability of default of each of the model's own feature vectors; absent is missing."""
        categories = self._model.preprocessor.categories
        rows = pl.DataFrame(
            {name: [vector.get(name) for vector in vectors] for name in self.features},
            schema={name: pl.String if name in categories else pl.Float64 for name in self.features},
        )
        return [float(value) for value in self._model.probability(rows)]

    def _probabilities(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._model.calibration.probability(classifier.log_odds(self._model.booster, matrix))

    def _contributions(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each feature's share of the calibrated log-odds, without the base value."""
        return self._model.calibration.slope * classifier.contributions(self._model.booster, matrix)[:, :-1]

    def _reasons(self, values: Mapping[str, Any], share: NDArray[np.float64]) -> list[Reason]:
        codes = reasons.reason_codes()
        told = reasons.reportable(reasons.effects(self.features, share))
        return [
            Reason(
                code=effect.code,
                feature=effect.feature,
                value=values[effect.feature],
                contribution=effect.contribution,
                text=Text(
                    **dict(
                        zip(
                            ("en", "fr"),
                            codes[effect.code].against
                            if effect.contribution > 0
                            else codes[effect.code].favour,
                            strict=True,
                        )
                    )
                ),
            )
            for effect in told
        ]


def replay_record(scorer: Scorer, record: DecisionRecord) -> Replay:
    """Assess again what a recorded decision was made from, and compare every bit of the outcome.

    Raises :class:`OtherModelError` where another model version made the decision.
    """
    if record.decision.model_version != scorer.version:
        raise OtherModelError(record.decision.decision_id, record.decision.model_version, scorer.version)
    recorded = Assessment.model_validate(
        record.decision.model_dump(exclude={"decision_id", "recorded_at"}), strict=True
    )
    bundle = parse_bundle(record.bundle.model_dump())
    recomputed = scorer.assess([bundle], simulation=recorded.simulation)[0]
    differences = [
        name for name in Assessment.model_fields if getattr(recorded, name) != getattr(recomputed, name)
    ]
    return Replay(
        decision_id=record.decision.decision_id,
        identical=not differences,
        recorded=recorded,
        recomputed=recomputed,
        differences=differences,
    )


def _disjoint_batches(bundles: Sequence[ParsedBundle]) -> Iterator[list[ParsedBundle]]:
    """Split bundles into runs that share no applicant and no bureau credit, so that no rows mix."""
    wave: list[ParsedBundle] = []
    applicants: set[int] = set()
    bureau_credits: set[int] = set()
    for bundle in bundles:
        own = set(bundle.frames["bureau"]["SK_ID_BUREAU"])
        if bundle.applicant_id in applicants or not bureau_credits.isdisjoint(own):
            yield wave
            wave, applicants, bureau_credits = [], set(), set()
        wave.append(bundle)
        applicants.add(bundle.applicant_id)
        bureau_credits |= own
    if wave:
        yield wave
