"""Remarks on answers about history."""

from collections.abc import Mapping

from streams.domain.messages.fields import Template

INSIGHTS: Mapping[str, Template] = {
    "insights.unknown_campaign": "nothing is known of campaign {name}",
    "insights.unknown_campaign_near": "nothing is known of campaign {name}; did you mean {near}?",
    "insights.unknown_team": "nothing is known of team {name}",
    "insights.unknown_team_near": "nothing is known of team {name}; did you mean {near}?",
    "insights.no_interaction": "there is no interaction at all",
    "insights.known_range": "the first interaction is of {first:words}, the latest of {latest:words}",
    "insights.no_lake": (
        "no lake is set (HARMONIA_LAKE): this is what the topic interactions still holds, of at most {days} days; "
        "what is older is left out"
    ),
}
