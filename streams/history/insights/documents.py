"""An answer as other programs read it."""

from events.times import render_time
from streams.history.insights.question import Question
from streams.history.insights.series import Answer, Series
from streams.history.insights.shapes import InsightsDocument, Point, SeriesDocument


def document_of(question: Question, answer: Answer, as_of: int) -> InsightsDocument:
    """The answer to a question. `as_of`: ms since 1970."""
    return {
        "metric": question.metric,
        "by": question.by,
        "time_zone": question.zone,
        "from": render_time(question.span.since),
        "to": render_time(question.span.until),
        "only": {str(name): value for name, value in question.only.items()},
        "split": question.split,
        "as_of": render_time(as_of),
        "series": [_series(answer, one) for one in answer.series],
        "left_out": answer.left_out,
    }


def _series(answer: Answer, one: Series) -> SeriesDocument:
    points: list[Point] = [
        {"at": render_time(start), "value": value} for start, value in zip(answer.starts, one.values, strict=True)
    ]
    found: SeriesDocument = {"name": one.name, "total": one.total, "points": points}
    return found if one.currency is None else {**found, "currency": one.currency}
