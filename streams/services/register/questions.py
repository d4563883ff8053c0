"""What of a register and of an impact assessment (DPIA) no program knows: questions to a human, with blanks.

English, as keys of the catalogues.
"""

OF_THE_CONTROLLER = (
    "Representative in the Union, and joint controllers, if there are any",
    "Processors (those who run servers, tools and vendors for the controller), and the contracts with them",
)
OF_PURPOSES = (
    "On which basis of article 6 each purpose rests, and which legitimate interest, where it is that",
    "On which ground of article 9 (2) opinions are processed, supposed ones too: support, tags, segments by them",
)
OF_RECIPIENTS = (
    "Transfers to countries outside the Union: where to, and under which safeguards (articles 44 to 49)",
    "To whom files are given: platforms for ads, printers, callers, other teams",
    "Who among people reads what: canvassers, volunteers, staff of other tools",
)
OF_RETENTION = (
    "Until when each source may be kept, and who has it forgotten then (`harmonia retention run`)",
    "How long the lake, backups, exports and what others copied are kept, and who deletes them",
)
OF_THE_DPIA = (
    "Is the processing necessary for its purposes, or would less data do?",
    "Would people expect it, given where their data come from and what they were told?",
    "What would it mean for a person if their supposed opinion became known: to an employer, a neighbour, a state?",
    "Who could read the database unlawfully, from within or without, and how would that be noticed?",
    "What if data were changed: a yes that nobody gave, a no that is lost, two people taken for one?",
    "What if data were gone: could people still be heard who had said no?",
    "Does anybody decide about people by a score or a segment alone, and can they object and be heard by a human?",
    "Are there people who need more protection: minors, staff, people who fled?",
    "Were people or those who represent them asked, and the data protection officer, and what did they say?",
    "Which risks remain high after all measures, so that the authority has to be asked first (article 36)?",
    "Who approved it, when, and when is it looked at again?",
)
ALL = OF_THE_CONTROLLER + OF_PURPOSES + OF_RECIPIENTS + OF_RETENTION + OF_THE_DPIA
