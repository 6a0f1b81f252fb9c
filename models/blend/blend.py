"""The answer of the product: buy-till-you-die models and machine learning, mixed.

Each part errs in its own way: a buy-till-you-die model knows no rhythm, trees learn last
season's level by heart. So log odds are averaged, with weights learned from what the parts
said at earlier cutoffs; all parts are first brought to one level, see `models.blend.levels`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from models.blend.course import Course, faithful, growth
from models.blend.levels import (
    ExpectedError,
    expected_error,
    level_free_loss,
    shift_to_mean,
)
from models.blend.parts import LEARNED, PARTS, PRIOR, UNLEARNED, fitted
from models.blend.past import Past, past_cutoffs
from models.blend.ranges import Ranges
from models.blend.ways import BTYD, at_level, before_floor, expected, log_totals
from models.blend.weights import learned_weights, within_reach
from models.blend.witnesses import (
    Learned,
    money_factor,
    promised_money,
    reconciled_mean,
    some_rows,
)
from models.btyd.lifetime_value import month_ends
from models.contenders.btyd import BtydContender
from models.contenders.encoding import expit, logit
from models.contenders.protocol import Contender, answers
from models.explain.attribution import contributions, reference_customer
from models.explain.reasons import by_theme, reasons
from models.history import History, Longer, weights

FEW_CUSTOMERS = 2000
"""With fewer, an earlier cutoff that shows no gain from learned parts silences them."""

MOST_COMPARED = 5_000
"""So many customers tell where contributions begin."""

FURTHEST = 0.7
"""Trees move the total, in logarithms, as if they were no further off than this: a factor of two.
Where they contradict by more, they have not seen the like."""

SPEAKABLE = 0.01
"""A correction that moves totals by less than this share is not worth a note."""

VERY_FEW_CUSTOMERS = 500
"""With fewer, so does the lack of any earlier cutoff."""


class Blend:
    """Mean of log odds with learned weights; spend as the mean of three ways to expect it.

    Attributes
    ----------
    parts : dict
        The fitted contenders by name.
    weights : dict
        Weight of each part in the log odds; they sum to 1.
    ranges : Ranges
        How far outcomes may lie from the means.
    course : Course
        What changes with the horizon's end, and after it.
    notes : list of str
        What was decided and why, in sentences: parts left out, small data.
    """

    name = "blend"

    def __init__(self) -> None:
        self.parts: dict[str, Contender] = {}
        self.weights: dict[str, float] = {}
        self.notes: list[str] = []
        self._shifts: dict[str, float] = {}
        self._factors: dict[str, dict[str, float]] = {}
        self.ranges: Ranges | None = None
        self._reference: dict[str, float] = {}
        self.course = Course()
        self._average = 0.0

    # -- fit ------------------------------------------------------------------------------

    def fit(self, history: History) -> Self:
        """Fit the parts, learn their weights from earlier cutoffs, set the level."""
        past = past_cutoffs(history)
        # One thread each, two parts at a time: the sums must not depend on the machine.
        with threadpool_limits(limits=1):
            self.parts = self._fitted_parts(history, past)
            answered = self._tried_out(history, past)
            self.weights = self._learn(answered, history.n_customers)
            self._set_levels(history)
            self._set_course(history)
            shares = {name: self.weights[name] for name in self._churn_parts}
            self.ranges = Ranges.fit(
                history, [(one.rows, one.answers(shares, self._learns)) for one in answered]
            )
            self._lengthen(history.longer)
            self._reference = reference_customer(history.todays_customers)
            today = history.todays_customers
            self._average = self._beside_average(today.iloc[:: len(today) // MOST_COMPARED + 1])
        return self

    def _fitted_parts(self, history: History, past: list[date]) -> dict[str, Contender]:
        moments = [history, *(history.at(cutoff) for cutoff in past)]
        jobs = [(name, moment) for moment in moments for name in PARTS if moment.cutoffs]
        jobs += [(name, history) for name in UNLEARNED if not history.cutoffs]
        # The slowest first, so that no worker is left with it in the end.
        jobs.sort(key=lambda job: list(PARTS).index(job[0]), reverse=True)
        with ThreadPoolExecutor(max_workers=2) as pool:
            results = list(pool.map(lambda job: fitted(*job), jobs))
        parts = {}
        for (name, moment), result in zip(jobs, results, strict=True):
            if moment is not history:
                continue
            if isinstance(result, ValueError):
                self.notes.append(f"{name} is left out: {result}")
            else:
                parts[name] = result
        if not any(name in parts for name in PRIOR):
            raise ValueError(
                f"None of the blend's parts could be fitted. {self.notes[-1]} The contender "
                "base_rate still answers: everybody like the average customer."
            )
        if not any(name in parts for name in BTYD):
            self.notes.append("Without a buy-till-you-die model there is no clv: it stays empty.")
        return {name: parts[name] for name in PARTS if name in parts}

    def _tried_out(self, history: History, past: list[date]) -> list[Past]:
        """All parts at earlier cutoffs: those at which every one could be fitted."""
        tried = []
        for cutoff in past:
            found = {name: fitted(name, history.at(cutoff)) for name in self.parts}
            if not any(isinstance(part, ValueError) for part in found.values()):
                tried.append(Past.of(history.rows(cutoff), found))
        return tried

    def _learn(self, past: list[Past], n_customers: int) -> dict[str, float]:
        names = self._churn_parts
        evidence = [one.evidence(names) for one in past]
        prior = np.array([PRIOR[name] for name in names])
        prior = prior / prior.sum()
        learned = learned_weights(evidence, prior)
        learned_parts = np.isin(names, LEARNED)
        if learned_parts.all() or not learned_parts.any() or n_customers >= FEW_CUSTOMERS:
            return dict(zip(names, learned.tolist(), strict=True))
        alone = np.where(learned_parts, 0.0, prior) / prior[~learned_parts].sum()
        without = [one.evidence(names, learned=False) for one in past]
        gain = sum(level_free_loss(e, alone) for e in without)
        gain -= sum(level_free_loss(e, learned) for e in evidence)
        if gain > 0 or (not evidence and n_customers >= VERY_FEW_CUSTOMERS):
            return dict(zip(names, learned.tolist(), strict=True))
        self.notes.append(
            f"{n_customers:,} customers are few, and "
            + ("no earlier cutoff shows" if not evidence else "earlier cutoffs do not show")
            + " that machine learning helps: the buy-till-you-die models answer alone."
        )
        return dict(zip(names, alone.tolist(), strict=True))

    def _set_levels(self, history: History) -> None:
        """Shift the mean log odds, and scale each expected number, to one level."""
        today, error = history.todays_customers, expected_error(history)
        tried, w = self._learned_levels(history), weights(today)
        said = {name: part.predict(today) for name, part in self.parts.items()}
        odds = self._odds(said)
        # The first buy-till-you-die model that could be fitted knows the level.
        knowing = next((said[name]["p_churn"].to_numpy() for name in BTYD if name in said), None)
        mean = self._mean(odds, knowing, w, error, tried)
        self._shifts = {name: shift_to_mean(x, w, mean) for name, x in odds.items()}
        mixed = self._mix(odds)
        self._shifts["blend"] = shift_to_mean(mixed, w, mean)
        p_churn = expit(mixed + self._shifts["blend"])
        both = expected(self.parts, said, today, p_churn, self._learns)
        totals = {column: log_totals(ways, w) for column, ways in both.items()}
        moved = {"expected_purchases": self._moved(totals["expected_purchases"], error, tried)}
        moved["expected_spend"] = moved["expected_purchases"] + self._kept(history)
        for column, own in totals.items():
            total = own["btyd"] + moved[column] if "btyd" in own else np.mean(list(own.values()))
            self._factors[column] = {way: float(np.exp(total - t)) for way, t in own.items()}
        factors = self._factors["expected_purchases"]
        number = at_level(both["expected_purchases"], factors)
        left = before_floor(number, 1 - p_churn, w)
        self._factors["expected_purchases"] = {way: left * f for way, f in factors.items()}

    def _mean(
        self,
        odds: dict[str, np.ndarray],
        knowing: np.ndarray | None,
        weight: np.ndarray,
        error: ExpectedError,
        tried: Learned | None,
    ) -> float:
        """Probability of churn of all customers together."""
        if knowing is None:
            return float(np.average(expit(self._learned(odds)), weights=weight))
        level = float(logit(np.average(knowing, weights=weight))) - error.churn
        if tried is None:
            return float(expit(np.asarray(level)))
        learned = self._learned(odds) - error.unseen_churn
        return reconciled_mean(learned, weight, tried.churn_variance, level, error.churn_variance)

    def _moved(
        self, totals: dict[str, float], error: ExpectedError, tried: Learned | None
    ) -> float:
        """Add to the logarithm of what buy-till-you-die models expect of all; say why."""
        if "btyd" not in totals:
            return 0.0
        trees = tried.say(error.purchases_variance) if tried else 0.0
        ends = (1 - trees) * (error.purchases - error.lasting) + trees * error.unseen_purchases
        self.course = replace(self.course, passing=float(np.exp(-ends)))
        self._note(
            -error.purchases,
            f"A buy-till-you-die model expected too {'little' if error.purchases < 0 else 'much'} "
            "at earlier cutoffs like this one (lately, or in the same weeks of earlier years): "
            "that moves expected purchases and spend by {}.",
        )
        if not trees:
            return -error.purchases
        corrected = totals["btyd"] - error.purchases
        apart = totals["boosted"] - error.unseen_purchases - corrected
        agreed = trees * float(np.clip(apart, -FURTHEST, FURTHEST))
        self._note(
            agreed,
            "Boosted trees, which fitted the totals of past cutoffs, have a say of "
            f"{trees:.0%} in how much all customers together buy: it moves expected purchases and "
            "spend by {}.",
        )
        return agreed - error.purchases

    def _kept(self, history: History) -> float:
        """Add to the logarithm of expected spend: what past purchases brought in the end."""
        if history.panel.empty or not any(name in self.parts for name in BTYD):
            return 0.0
        kept = float(np.log(money_factor(*promised_money(history), history.horizon_days)))
        self._note(
            kept,
            "Purchases of earlier horizons did not bring what a purchase was worth until then "
            "(returns come later, prices change): that moves expected spend by {}.",
        )
        return kept

    def _set_course(self, history: History) -> None:
        """Learn how the error of buy-till-you-die models grows after the horizon; say so."""
        if not any(name in self.parts for name in BTYD):
            return
        self.course = replace(self.course, growth=growth(history))
        self._note(
            -self.course.growth,
            f"Customers came ever {'less' if self.course.growth > 0 else 'more'} often after "
            "earlier horizons than a buy-till-you-die model expects: that moves what clv holds of "
            "a month a year later by {}.",
        )

    def _lengthen(self, longer: Longer | None) -> None:
        """Learn how the spend of a longer period is distributed from one that is over."""
        if longer is None or self.ranges is None or not self._btyd:
            return
        said = self.predict(longer.rows)

        def valued(course: Course) -> np.ndarray:
            return self._value(longer.rows, said, longer.months, 0.0, longer.cutoff, course)

        own = said["expected_spend"].to_numpy()
        came = np.maximum(longer.rows["spend"].to_numpy(float), 0.0)
        if came.any():
            self.course = faithful(self.course, valued, own, came, weights(longer.rows))
        clv = valued(self.course)
        self.ranges = self.ranges.lengthened(longer, self._btyd[0], said, clv, self.course)

    def _note(self, moved: float, sentence: str) -> None:
        """Say what moves totals, if it moves them enough to be worth a sentence."""
        share = float(np.exp(moved)) - 1
        if abs(share) >= SPEAKABLE:
            self.notes.append(sentence.format(f"{share:+.0%}"))

    def _learned_levels(self, history: History) -> Learned | None:
        """How wrong the learned levels are at the cutoffs that they have learned from."""
        names = self._used(LEARNED)
        if "boosted_spend" not in self.parts or not self._learns:
            return None
        panel = some_rows(history.panel)
        odds = {
            name: logit(self.parts[name].predict(panel)["p_churn"].to_numpy()) for name in names
        }
        purchases = self.parts["boosted_spend"].predict(panel)["expected_purchases"].to_numpy()
        return Learned.measured(panel, history.horizon_days, self._learned(odds), purchases)

    def _learned(self, odds: dict[str, np.ndarray]) -> np.ndarray:
        """Mean of the learned parts' log odds, each at the level that it has learned."""
        names = self._used(LEARNED)
        shares = [self.weights[name] for name in names]
        return np.average([odds[name] for name in names], axis=0, weights=shares)

    # -- predict --------------------------------------------------------------------------

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Answer everything, with Pareto/NBD's (or MBG/NBD's) `p_alive` as a diagnostic."""
        said = {name: part.predict(customers) for name, part in self.parts.items()}
        p_churn = expit(self._mix(self._odds(said)) + self._shifts["blend"])
        ways = expected(self.parts, said, customers, p_churn, self._learns)
        purchases, spend = (
            at_level(ways[column], self._factors[column])
            for column in ("expected_purchases", "expected_spend")
        )
        # Whoever buys at all buys at least once.
        purchases = np.maximum(purchases, 1 - p_churn)
        alive = [said[name]["p_alive"].to_numpy() for name in reversed(BTYD) if name in said]
        if self.ranges is None:
            raise ValueError("The blend has not been fitted.")
        return answers(
            customers.index,
            p_churn,
            purchases,
            spend,
            p_alive=alive[0] if alive else np.full(len(customers), np.nan),
            **self.ranges.columns(customers, answers(customers.index, p_churn, purchases, spend)),
        )

    def contributions(self, customers: pd.DataFrame) -> pd.DataFrame:
        """What moves each customer's log odds of churn, by theme; positive raises churn.

        The weighted mean of the parts' contributions, see `explain.attribution`, measured from the
        average probability of churn.
        """
        said = {name: self.parts[name].predict(customers) for name in self._churn_parts}
        held = self._odds(said)
        total: dict[str, np.ndarray] = {"purchases": np.full(len(customers), self._average)}
        for name in self._used(tuple(PRIOR)):
            # What is beyond the learned parts' reach is of purchases: no other part goes there.
            beyond = held[name] - logit(said[name]["p_churn"].to_numpy())
            total["purchases"] = total["purchases"] + self.weights[name] * beyond
            themes = by_theme(contributions(self.parts[name], customers, self._reference))
            for theme in map(str, themes):
                own = self.weights[name] * themes[theme].to_numpy()
                total[theme] = total[theme] + own if theme in total else own
        return pd.DataFrame(total, index=customers.index)[sorted(total)]

    def _beside_average(self, today: pd.DataFrame) -> float:
        """What to add so that contributions, on average, lead from the average probability.

        They begin at each part's own typical customer. Where most have long left, that one is
        all but lost, and whoever is a little better would be said to stay.
        """
        w, p_churn = weights(today), self.predict(today)["p_churn"].to_numpy()
        moved = logit(p_churn) - float(logit(np.average(p_churn, weights=w)))
        return float(np.average(moved - self.contributions(today).sum(axis=1), weights=w))

    def reasons(self, customers: pd.DataFrame) -> pd.DataFrame:
        """`reason_1` to `reason_3` in words, by the size of their contribution."""
        return reasons(self.contributions(customers), customers)

    def clv(
        self,
        customers: pd.DataFrame,
        said: pd.DataFrame,
        months: int,
        monthly_discount_rate: float,
        start: date,
    ) -> np.ndarray:
        """Expected spend of the months from `start` on, discounted; shape (n_customers,), money.

        `said` is what `predict` answered. The course over the months is the buy-till-you-die
        models', corrected as past cutoffs ask for, the height is this blend's: theirs times its
        expected spend in the horizon over theirs. NaN where none of them could be fitted. A
        season does not outlast the horizon.
        """
        if not self._btyd:
            return np.full(len(customers), np.nan)
        return self._value(customers, said, months, monthly_discount_rate, start, self.course)

    def _value(
        self,
        customers: pd.DataFrame,
        said: pd.DataFrame,
        months: int,
        monthly_discount_rate: float,
        start: date,
        course: Course,
    ) -> np.ndarray:
        """`clv` by some course of what comes after the horizon."""
        said_by = [p.predict(customers)["expected_spend"].to_numpy(float) for p in self._btyd]
        theirs: np.ndarray = np.add.reduce(said_by)
        worth = sum(p.clv(customers, months, monthly_discount_rate, start) for p in self._btyd)
        own = said["expected_spend"].to_numpy()
        # Who expects nothing in the horizon expects nothing later either.
        length = np.divide(worth, theirs, out=np.zeros_like(own), where=theirs > 0)
        days = float(month_ends(months, start=start)[-1])
        left, whole = course.lengths(self._btyd[0], customers, days)
        later = np.divide(left - 1, whole - 1, out=np.ones_like(own), where=whole > 1)
        after = course.later(own, theirs) * np.maximum(length - 1.0, 0.0) * later
        return own * np.minimum(length, 1.0) + after

    def clv_range(
        self,
        customers: pd.DataFrame,
        said: pd.DataFrame,
        clv: np.ndarray,
        months: int,
        start: date,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end of the 80 % interval of `clv`, each of shape (n_customers,), money.

        `said` is what `predict` answered. NaN where the past held too few buyers.
        """
        if self.ranges is None:
            raise ValueError("The blend has not been fitted.")
        days = float(month_ends(months, start=start)[-1])
        btyd = next(iter(self._btyd), None)
        return self.ranges.of_period(customers, btyd, said, clv, days, self.course)

    def none_within(
        self, customers: pd.DataFrame, said: pd.DataFrame, months: int, start: date
    ) -> np.ndarray:
        """Probability of no purchase in the months from `start` on, as `clv_range` has it."""
        if self.ranges is None or not self._btyd:
            return np.full(len(customers), np.nan)
        days = float(month_ends(months, start=start)[-1])
        return self.ranges.none_within(customers, self._btyd[0], said, days, self.course)

    @property
    def _btyd(self) -> list[BtydContender]:
        return [p for name in BTYD if isinstance(p := self.parts.get(name), BtydContender)]

    @property
    def _churn_parts(self) -> list[str]:
        return [name for name in PRIOR if name in self.parts]

    @property
    def _learns(self) -> bool:
        return bool(self._used(LEARNED))

    def _used(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if self.weights.get(name, 0.0) > 0)

    def _odds(self, said: dict[str, pd.DataFrame]) -> dict[str, np.ndarray]:
        """Log odds of the parts, none far beyond the learned ones where these are heard."""
        odds = {name: logit(said[name]["p_churn"].to_numpy()) for name in self._churn_parts}
        return within_reach(odds, LEARNED) if self._learns else odds

    def _mix(self, odds: dict[str, np.ndarray]) -> np.ndarray:
        """Weighted mean of the parts' log odds, each at the common level."""
        return sum(
            (self.weights[name] * (x + self._shifts[name]) for name, x in odds.items()),
            start=np.zeros(len(next(iter(odds.values())))),
        )

    # -- state ----------------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        """Fitted state without the trees."""
        return {
            "parts": {name: part.parameters() for name, part in self.parts.items()},
            "weights": self.weights,
            "shifts": self._shifts,
            "factors": self._factors,
            "ranges": self.ranges.to_dict() if self.ranges else None,
            "reference": self._reference,
            "course": asdict(self.course),
            "average": self._average,
            "notes": self.notes,
        }

    def estimators(self) -> dict[str, BaseEstimator]:
        """Trees of all parts, named `part.estimator`."""
        return {
            f"{name}.{key}": estimator
            for name, part in self.parts.items()
            for key, estimator in part.estimators().items()
        }

    @classmethod
    def restore(cls, parameters: dict[str, Any], estimators: dict[str, BaseEstimator]) -> Self:
        """Build the fitted blend again."""
        blend = cls()
        for name, state in parameters["parts"].items():
            mine = {
                key.removeprefix(f"{name}."): estimator
                for key, estimator in estimators.items()
                if key.startswith(f"{name}.")
            }
            blend.parts[name] = type(PARTS[name]()).restore(state, mine)
        blend.weights = parameters["weights"]
        blend._shifts, blend._factors = parameters["shifts"], parameters["factors"]
        blend.ranges = Ranges.from_dict(parameters["ranges"])
        blend._reference, blend.course = parameters["reference"], Course(**parameters["course"])
        blend._average, blend.notes = parameters["average"], parameters["notes"]
        return blend
