"""Explains the words of the field that stand on a page: each page shows those of its own text at its foot."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import unescape
from typing import NamedTuple

from streams.services.console.words import Language

Look = Callable[[str], re.Match[str] | None]


class ExplainedWord(NamedTuple):
    """A word and its meaning. `forms`: a regular expression of how the word stands in a text, in any case."""

    word: str
    forms: str
    meaning: str


EXPLAINED: Mapping[Language, Sequence[ExplainedWord]] = {
    "en": (
        ExplainedWord(
            "assignment", "assign(?:ed|ments?)", "A person is put into one variant of an experiment, by lot."
        ),
        ExplainedWord("cap", "caps?", "How often one person may be reached in a time, by all teams together."),
        ExplainedWord("canvass", "canvass(?:ing|ers?)?", "Knocking on doors and calling people to talk with them."),
        ExplainedWord("committee", "committees?", "The organisation that a gift is for; legal limits count for each."),
        ExplainedWord(
            "condition", "conditions?", "One thing that a segment asks of a person, such as a gift this year."
        ),
        ExplainedWord("contact id", "contact ids?", "The name by which Harmonia knows a person, without an address."),
        ExplainedWord("dead letter", "dead letters?", "A record that was refused. It is kept with the reason."),
        ExplainedWord("definition", "definitions?", "What a segment or an experiment is, as it was written down."),
        ExplainedWord("desk", "desk", "The console’s own store of what happened in the last days."),
        ExplainedWord(
            "discovery", "discovery", "A difference that stays sure with all experiments looked at together."
        ),
        ExplainedWord("endpoint", "endpoints?", "An address of another system that is told what changes."),
        ExplainedWord(
            "guardrail", "guardrails?", "A figure that an experiment must not make worse, such as unsubscribing."
        ),
        ExplainedWord(
            "hold", "on hold|(?:the|a|no) hold", "A campaign on hold reaches nobody until somebody lifts the hold."
        ),
        ExplainedWord("in two variants", "in two variants", "People to whom tools have given different variants."),
        ExplainedWord("judged", "judged", "It was looked at whether the conditions or rules let a person in."),
        ExplainedWord("Kafka", "kafka", "The system through which interactions come in and results go out."),
        ExplainedWord("lake", "lake", "The archive of all interactions, from the first day on."),
        ExplainedWord(
            "list of members", "list of members", "Who is in a segment, by contact id, for teams that may read it."
        ),
        ExplainedWord("met", "met", "Somebody spoke with the person, at the door or by telephone."),
        ExplainedWord("owner", "owners?", "Who answers for a segment or an experiment."),
        ExplainedWord("partition", "partitions?", "One of the equal parts into which a topic is cut."),
        ExplainedWord(
            "policy", "polic(?:y|ies)", "The rules of who may be reached, on which channel, when and how often."
        ),
        ExplainedWord(
            "quarantine", "quarantined?", "Records of a source that sent too many wait until it is quiet again."
        ),
        ExplainedWord("Redis", "redis", "The store in which other systems look people and permissions up."),
        ExplainedWord(
            "reserve", "reserv(?:e[ds]?|ing|ations?)", "Keep a person for one team for a time; other teams wait."
        ),
        ExplainedWord("sample", "samples?", "Some people who stand for all, so that a count takes seconds."),
        ExplainedWord("topic", "topics?", "A stream of records in Kafka, such as all donations."),
        ExplainedWord("transaction", "transaction", "A message about what the person did, such as a receipt."),
        ExplainedWord("turf", "turfs?", "The doors or telephone numbers that canvassers are sent out with."),
        ExplainedWord("variant", "variants?", "One of the ways that an experiment compares."),
        ExplainedWord("voter id", "voter ids?", "The number of a person in a register of voters, such as OH:123."),
        ExplainedWord("worker", "workers?", "The process that takes interactions in and keeps profiles."),
    ),
    "fr": (
        ExplainedWord(
            "affectation", "affect(?:ations?|ée?s?)", "Une personne est placée dans une variante, par tirage au sort."
        ),
        ExplainedWord(
            "plafond", "plafonds?|maximum", "Combien de fois une personne peut être jointe, toutes équipes réunies."
        ),
        ExplainedWord(
            "démarchage", "démarch(?:age|eurs?|euses?)", "Aller aux portes et appeler les gens pour leur parler."
        ),
        ExplainedWord(
            "comité", "comités?", "L’organisation à qui va un don ; les limites légales valent pour chacune."
        ),
        ExplainedWord("condition", "conditions?", "Ce qu’un segment demande d’une personne, comme un don cette année."),
        ExplainedWord(
            "identifiant de contact",
            "identifiants? de(?: l’un des| l’autre)? contacts?",
            "Le nom sous lequel Harmonia connaît une personne, sans adresse.",
        ),
        ExplainedWord("lettre morte", "lettres? mortes?", "Un enregistrement refusé. Il est gardé avec la raison."),
        ExplainedWord("définition", "définitions?", "Ce qu’est un segment ou une expérience, tel que c’est écrit."),
        ExplainedWord("base locale", "base locale", "Ce que la console garde elle-même des derniers jours."),
        ExplainedWord("découverte", "découverte", "Une différence qui reste sûre au regard de toutes les expériences."),
        ExplainedWord(
            "destinataire", "destinataires?", "L’adresse d’un autre système, à qui les changements sont dits."
        ),
        ExplainedWord("garde-fou", "garde-fous?", "Un chiffre qu’une expérience ne doit pas dégrader."),
        ExplainedWord(
            "suspension", "suspen(?:sions?|due?s?|dre)", "Une campagne suspendue ne joint personne jusqu’à sa reprise."
        ),
        ExplainedWord(
            "dans deux variantes", "dans deux variantes", "Personnes à qui des outils ont donné deux variantes."
        ),
        ExplainedWord(
            "jugé, examiné",
            "jugée?s?|examinée?s?|examen",
            "On a regardé si les conditions ou les règles admettent la personne.",
        ),
        ExplainedWord("Kafka", "kafka", "Le système par lequel arrivent les interactions et partent les résultats."),
        ExplainedWord("archive", "archive", "Toutes les interactions, depuis le premier jour."),
        ExplainedWord(
            "liste des membres",
            "listes? (?:de|des|ses) membres",
            "Qui est dans un segment, par identifiant, pour les équipes qui peuvent le lire.",
        ),
        ExplainedWord(
            "rencontré", "rencontr(?:e|ée?s?)", "Quelqu’un a parlé avec la personne, à la porte ou au téléphone."
        ),
        ExplainedWord("responsable", "responsables?", "Qui répond d’un segment ou d’une expérience."),
        ExplainedWord("partition", "partitions?", "Une des parts égales d’un topic."),
        ExplainedWord(
            "politique", "politiques?", "Les règles : qui peut être joint, par quel canal, quand et combien de fois."
        ),
        ExplainedWord(
            "quarantaine", "quarantaine", "Les enregistrements d’une source qui en envoie trop attendent son calme."
        ),
        ExplainedWord("Redis", "redis", "La base où d’autres systèmes cherchent personnes et autorisations."),
        ExplainedWord(
            "réserver", "réserv(?:er|ée?s?|ations?)", "Garder une personne pour une équipe ; les autres attendent."
        ),
        ExplainedWord(
            "échantillon", "échantillons?", "Quelques personnes qui valent pour toutes : le compte prend des secondes."
        ),
        ExplainedWord(
            "topic", "topics?|sujets? kafka", "Un flux d’enregistrements dans Kafka, par exemple tous les dons."
        ),
        ExplainedWord("transaction", "transaction", "Un message sur ce que la personne a fait, comme un reçu."),
        ExplainedWord("secteur", "secteurs?", "Les portes ou les numéros confiés aux démarcheurs."),
        ExplainedWord("variante", "variantes?", "Une des façons que compare une expérience."),
        ExplainedWord(
            "numéro d’électeur",
            "(?:numéros?|identifiants?) d’électeur",
            "Le numéro dans un registre d’électeurs, comme OH:123.",
        ),
        ExplainedWord(
            "processus de traitement",
            "(?:processus de )?traitement",
            "Le programme qui reçoit les interactions et tient les profils.",
        ),
    ),
}
_TAG = re.compile(r"<[^>]*>")


def explained_words(html: str, language: Language) -> list[ExplainedWord]:
    """The words of a page's text that are explained, in the order of `EXPLAINED`."""
    text = unescape(_TAG.sub(" ", html))
    return [word for word, stands in _looks(language) if stands(text)]


@cache
def _looks(language: Language) -> Sequence[tuple[ExplainedWord, Look]]:
    return [(word, re.compile(rf"\b(?:{word.forms})\b", re.IGNORECASE).search) for word in EXPLAINED[language]]
