"""What the config says of watching a model in use: what is an alarm, and what follows."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.section import Section

Factor = Annotated[float, Field(gt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class MonitoringConfig(Section):
    """From which value on a signal of `churn monitor` is an alarm; docs/operations.md explains it.

    Signals that chance moves must also lie so many standard errors, `chance`, from where they are
    expected.
    """

    chance: Annotated[float, Field(ge=1, description="Standard errors beyond which it is none")] = (
        4.0
    )
    last_order_days: Annotated[
        int | None,
        Field(ge=1, description="Age of the last order; default: twice the log's longest pause"),
    ] = None
    volume: Annotated[
        Factor, Field(description="Purchase days of the last week, times or part of the usual")
    ] = 1.7
    rows: Annotated[
        Factor, Field(description="Rows per purchase day of the last week, in the same way")
    ] = 1.5
    amount: Annotated[
        Factor, Field(description="Median amount of the last week, in the same way")
    ] = 1.4
    cusum: Annotated[
        float,
        Field(gt=0, description="Sum of the weeks since training, in standard deviations of one"),
    ] = 7.0
    category: Annotated[
        Factor, Field(description="A value's share of the last week, part of the usual")
    ] = 4.0
    unknown: Annotated[
        Share, Field(description="Share of new or missing values of an attribute, above training's")
    ] = 0.1
    set_aside: Annotated[
        Share, Field(description="Share set aside, anonymous or double of new rows, above before")
    ] = 0.05
    past: Annotated[
        Share, Field(description="Share of purchase days, or of scored customers, that are gone")
    ] = 0.01
    stability_index: Annotated[
        float, Field(gt=0, description="Population stability index of a feature that is named")
    ] = 0.25
    answer: Annotated[
        Share, Field(description="Mean p_churn that drift has moved since training, in shares")
    ] = 0.06
    level: Annotated[
        Share, Field(description="Share expected to leave less that which left, beyond promised")
    ] = 0.05
    total: Annotated[
        Share, Field(description="Expected purchases or spend over what came, beyond promised")
    ] = 0.25
    coverage: Annotated[
        Share, Field(description="Coverage of 80 % intervals off 80 %, beyond promised")
    ] = 0.08
    log_loss: Annotated[
        Share, Field(description="Log loss above the worst promised, as a share of it")
    ] = 0.15


class ScheduleConfig(Section):
    """What `churn run` does, and when."""

    train_every: Annotated[
        int | None,
        Field(
            ge=1,
            le=36_500,
            description="Days of the log after which to train again; null: on alarm only",
        ),
    ] = 90
    train_again_after: Annotated[
        int, Field(ge=1, description="An alarm trains again after so many days of the log")
    ] = 14
    on_data_alarm: Annotated[
        Literal["stop", "continue"],
        Field(description="stop: nothing is trained or scored until somebody looked"),
    ] = "stop"
    plan: Annotated[
        str | None, Field(description="One of `campaigns`, to be planned after each scoring")
    ] = None
    keep: Annotated[int, Field(ge=1, description="So many output folders are kept, the newest")] = (
        60
    )
