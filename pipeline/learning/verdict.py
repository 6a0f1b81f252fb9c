"""The verdict in sentences: better than a naive rule or not, for whom, and where it loses."""

import numpy as np
import pandas as pd

from models.all_contenders import DEFAULT
from models.blend.blend import WITH_PART
from pipeline.learning.backtest import Backtest
from pipeline.markup import counted, words

POOR_COVERAGE = 0.76

NAMED = 3
"""So many groups are named; the report lists all."""


def sentences(result: Backtest, rule: str, races: pd.DataFrame, groups: pd.DataFrame) -> list[str]:
    """Say in a few sentences what the board shows, and where the answer loses."""
    means = result.means_at(result.shared(result.chosen, rule))
    best, floor = means.T[result.chosen], means.T[rule]
    compared = not races.empty and rule != result.chosen
    said = [_headline(result.chosen, best, floor, races) if compared else _alone(best)]
    said += _with_part(result) + _at_some(result, rule)
    everywhere = result.means_at(result.shared(result.chosen)).T[result.chosen]
    if not np.isnan(everywhere.buyer_lift_10):  # as it is where nobody bought
        said.append(
            "The tenth of customers it thinks most likely to buy holds "
            f"{everywhere.buyer_lift_10:.1f} times the average share of buyers."
        )
    said += _ahead(result)
    if compared:
        said += _by_activity(races) + _losses_told(groups)
    return said + _changed(result) + _level(result)


def who(group: str) -> str:
    """A group of `races` as a clause.

    >>> who("bought once"), who("silent for longer")
    ('who bought once', 'silent for longer')
    """
    return f"who {group}" if group.startswith("bought") else group


def _alone(best: pd.Series) -> str:
    return f"{best.name}: log loss {best.log_loss:.4f}{_auc(best)}."


def _headline(chosen: str, best: pd.Series, floor: pd.Series, races: pd.DataFrame) -> str:
    whole = races.iloc[0]
    # A loss cannot fall below 0; the interval is of a difference, whose draws do not know that.
    low, high = (max(whole[end] / floor.log_loss, -1) for end in ("low", "high"))
    return (
        f"{words(chosen)} is {whole['grade']}: log loss {best.log_loss:.4f} against "
        f"{floor.log_loss:.4f} ({best.log_loss / floor.log_loss - 1:+.1%}, 95 % interval "
        f"{low:+.1%} to {high:+.1%}){_auc(best, floor)}."
    )


def _with_part(result: Backtest) -> list[str]:
    """Why the blend does not answer alone; see `pipeline.learning.answer`."""
    part = result.chosen.removeprefix(WITH_PART)
    if part == result.chosen:
        return []
    alone, blend = (result.means.T[name].log_loss for name in (part, DEFAULT))
    return [
        f"{words(part)} alone was better than the {DEFAULT} at all {len(result.judged)} cutoffs, "
        f"beyond chance (log loss {alone:.4f} against {blend:.4f}): so the mean of both answers. "
        "It was chosen at these cutoffs, which flatters its figures there a little."
    ]


def _at_some(result: Backtest, rule: str) -> list[str]:
    """Of how many cutoffs the headline's figures are, where one of the two failed at others."""
    both = counted(result.shared(result.chosen, rule), result.cutoffs)
    failed: dict[str, list[str]] = {}
    for name in dict.fromkeys((result.chosen, rule)):
        days = [str(day) for day in result.cutoffs if day not in result.shared(name)]
        if days:
            failed.setdefault(", ".join(days), []).append(words(name))
    if not failed:
        return []
    why = " and ".join(
        f"{' and '.join(names)} could not be fitted at {days}" for days, names in failed.items()
    )
    return [f"These are figures of {both}: {why}."]


def _ahead(result: Backtest) -> list[str]:
    """The contender that was better at the cutoffs of both, half of the answer's or more.

    Of several it is one that shares the most: fewer cutoffs tell less.
    """
    gaps = result.gaps
    known = gaps[(2 * gaps["cutoffs"] >= gaps["cutoffs"].max()) & (gaps["gap"] < 0)]
    if known.empty:
        return []
    first = known.sort_values(["cutoffs", "gap"], ascending=[False, True]).iloc[0]
    cutoffs = len(result.cutoffs)
    some = f"At the {first['cutoffs']:.0f} of {cutoffs} cutoffs they share,"
    where = "On this log" if first["cutoffs"] == cutoffs else some
    return [f"{where} {words(str(first.name))} has a lower log loss still."]


def _auc(*rows: pd.Series) -> str:
    """AUC of one or two contenders; nothing where all customers fared alike."""
    shown = " against ".join(f"{row.roc_auc:.3f}" for row in rows)
    return "" if any(np.isnan(row.roc_auc) for row in rows) else f", AUC {shown}"


def _by_activity(races: pd.DataFrame) -> list[str]:
    """One-time buyers and recently active customers apart: an average can hide either."""
    asked = races["group"].isin(["bought once", "bought within the last horizon"])
    told = races[asked | ((races["group"] != "everybody") & (races["low"] > 0))]
    said = [f"those {who(row['group'])}: {row['grade']}" for _, row in told.iterrows()]
    return [f"Among {'; among '.join(said)}."] if said else []


def _losses_told(groups: pd.DataFrame) -> list[str]:
    """Groups that a naive rule serves better, beyond chance; and how many have a wrong level."""
    if groups.empty:
        return []
    lost = groups[groups["loses"] & (groups["kind"] != "activity")]  # told already
    said = [
        f"It loses to {words(row['rule'])} among customers with {row['kind']} {row['value']}."
        for _, row in lost.sort_values("difference", ascending=False).head(NAMED).iterrows()
    ]
    if len(lost) > NAMED:
        said.append(f"So it does in {len(lost) - NAMED} further groups.")
    off = int((groups["astray"] != 0).sum())
    if off:
        said.append(
            f"In {off} of {len(groups)} groups it expects too many or too few to leave, "
            "beyond chance; the report says in which."
        )
    return said


def _changed(result: Backtest) -> list[str]:
    """What the last days show, and the judged cutoffs little of."""
    if result.change is None:
        return []
    told = result.change.words
    return [
        f"{told[0].upper()}{told[1:]}. Past cutoffs show little of it, and whether it lasts "
        "cannot be told yet."
    ]


def _level(result: Backtest) -> list[str]:
    """How far totals and intervals were off, cutoff by cutoff: a mean would hide it."""
    rows = result.leaderboard[result.leaderboard["chosen"]].sort_values("cutoff")
    last = result.outcomes["cutoff"] == result.outcomes["cutoff"].max()
    known, said = result.outcomes[last], []
    p_churn = result.answers[result.chosen].loc[last, "p_churn"]
    if p_churn.notna().all():
        expected, left = (
            np.average(x, weights=known["weight"]) for x in (p_churn, known["churned"])
        )
        said.append(f"At the latest cutoff it expected {expected:.1%} to leave; {left:.1%} did.")
    said += _total_spend(rows)
    held = rows["spend_coverage_pit"].dropna()
    if len(held) and held.mean() < POOR_COVERAGE:
        said.append(f"Its 80 % intervals of spend held {held.mean():.0%} of the outcomes: too few.")
    return said + _value(rows)


def _value(rows: pd.DataFrame) -> list[str]:
    """How far off clv was over the longest period that is over by now."""
    known = rows.dropna(subset=["clv_bias"])
    if known.empty:
        return []
    row = known.sort_values("clv_months").iloc[-1]
    months, share = int(row["clv_months"]), row["clv_coverage_pit"]
    held = "" if np.isnan(share) else f"; its 80 % intervals held {share:.0%} of the outcomes"
    few = ": too few" if share < POOR_COVERAGE else ""
    return [
        f"The value of {months} month{'s' if months > 1 else ''}, asked for on {row['cutoff']}, "
        f"was off by {_off_by(row['clv_bias'])} in total{held}{few}."
    ]


def _total_spend(rows: pd.DataFrame) -> list[str]:
    """How far off the expected total was; where returns ate the money, that nobody can say."""
    bias, said = rows["spend_bias"], []
    if bias.notna().any():
        ends = dict.fromkeys(_off_by(off) for off in (bias.min(), bias.max()))
        last = bias.iloc[-1]
        latest = "" if np.isnan(last) else f", {_off_by(last)} at the latest cutoff"
        said.append(f"Expected total spend was off by {' to '.join(ends)}{latest}.")
    eaten = int((bias.isna() & rows["spend_gini"].notna()).sum())
    if eaten:
        said.append(
            f"At {eaten} of {len(rows)} cutoffs returns left hardly any money or none: by which "
            "share the expected total was off cannot be told there."
        )
    empty = int((bias.isna() & rows["spend_gini"].isna() & rows["log_loss"].notna()).sum())
    if empty and bias.notna().any():
        said.append(
            f"At {empty} of {len(rows)} cutoffs nothing at all came in: whatever it expected there "
            "was too much."
        )
    return said


def _off_by(share: float) -> str:
    """A signed percentage; nothing is -0%.

    >>> _off_by(-0.004), _off_by(-0.03)
    ('+0%', '-3%')
    """
    return f"{round(share, 2) + 0.0:+.0%}"
