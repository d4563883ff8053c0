"""Every place besides topics in which something of people may be: the one list from which all others are derived.

From it follow what `docs/privacy.md` says of such places and their part of the register of `harmonia register export`.
A test holds it to the settings: each that names a place is that of a store, or of a file with nobody in it.
"""

from dataclasses import dataclass
from typing import Literal

from streams.platform.settings import Settings

AS_PROFILES = "as `contact-state`"
WHILE_KEPT = "as long as you keep the directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSpec:
    """One place. Texts are Markdown of `docs/privacy.md`: links in them are left out elsewhere.

    `place`: where it is. `purpose`: what it is for. `people`: what of a person is in it; `stays`: for how long.
    `settings`: the settings that say where it is; where `is_optional`, there is none while these are not set.
    """

    place: str
    purpose: str
    people: str
    stays: str
    settings: tuple[str, ...] = ()
    is_optional: bool = False

    def use(self, settings: Settings) -> Literal["yes", "no", "unknown"]:
        """Whether there is one; of what a command makes where it is told to nobody knows."""
        if not self.settings:
            return "unknown"
        is_set = any(getattr(settings, name) is not None for name in self.settings)
        return "yes" if is_set or not self.is_optional else "no"


STORES = (
    StoreSpec(
        place="the lake ([lake.md](lake.md))",
        purpose="History: insights, reports, replays, rebuilds",
        people="as `interactions`, and profiles and links of each day's snapshot; a hash of the hash of each "
        "identifier that was erased; files are their owner's alone, unless `HARMONIA_LAKE_GROUP_READS`",
        stays="as long as you keep it; erased people until `harmonia lake erase` has run",
        settings=("lake",),
        is_optional=True,
    ),
    StoreSpec(
        place="the desk of the console ([console.md](console.md#the-desk))",
        purpose="What the console shows: lists, figures, who looked at whom",
        people="what lists need of profiles, what was said of them in the last days under keyed hashes and "
        "contact_ids, who looked at whom; a salted hash of each name that was erased; a file that is its owner's alone",
        stays="as `contact-state`, 48 hours, 90 days; erased people within seconds, also from the bytes of the file",
        settings=("desk",),
        is_optional=True,
    ),
    StoreSpec(
        place="Redis",
        purpose="Whatever is answered at once: permissions, profiles, members of segments",
        people="profile, marks and the index from hash to contact; in which segments somebody is",
        stays=AS_PROFILES,
        settings=("redis_url",),
    ),
    StoreSpec(
        place="PostgreSQL ([postgres.md](postgres.md))",
        purpose="Profiles, segments and results for tools that ask in SQL",
        people="profile, links, closed channels, segments",
        stays="as `contact-state`; the room of rows that are gone is freed each hour, see below",
        settings=("postgres",),
        is_optional=True,
    ),
    StoreSpec(
        place="`HARMONIA_STATE_DIR`",
        purpose="The workers' copy of their states",
        people="the state, as in the changelog",
        stays="as the changelog",
        settings=("state_dir",),
    ),
    StoreSpec(
        place="`harmonia backup`",
        purpose="To begin again after a loss",
        people="the state of each fragment, interactions that were not folded yet, and requests of people "
        "([rights.md](rights.md)); keyed hashes, no address of a contact, readable for their owner alone, not "
        "encrypted",
        stays=WHILE_KEPT,
    ),
    StoreSpec(
        place="`harmonia rebuild build DIR`",
        purpose="All of history folded anew, until it takes the place of what is shown",
        people="as a backup; `DIR/before` and `DIR/switched`, which `switch` writes, are two more",
        stays=WHILE_KEPT,
    ),
    StoreSpec(
        place="the file of `backup --erasures`",
        purpose="That no backup brings back who was erased",
        people="whom backups must not bring back: each identifier as it stands in `contact-suppressions`, keyed hash "
        "or contact_id",
        stays="as long as any backup that is older",
    ),
    StoreSpec(
        place="the folder `vendors` of `HARMONIA_HOME`, while a run of `harmonia vendors sync` "
        "([vendors.md](vendors.md)) is under way or was interrupted",
        purpose="How far a vendor's list is compared",
        people="the vendor's ids and keyed hashes of everybody on the vendor's list; a file that is its owner's alone",
        stays="until the run has ended; of one that nobody lets go on until you delete it",
        settings=("home",),
    ),
    StoreSpec(
        place="the file of `HARMONIA_CONSOLE_PEOPLE` ([console.md](console.md))",
        purpose="Who of the organisation may sign in to the console",
        people="no contact: names and roles of who may sign in, and hashes of their tokens",
        stays="until you take somebody out of the file",
        settings=("console_people",),
        is_optional=True,
    ),
    StoreSpec(
        place="the file of `HARMONIA_DELIVER` ([deliver.md](deliver.md))",
        purpose="Which endpoints are told what",
        people="no contact: e-mail addresses of who is sent digests of alerts",
        stays="until you take somebody out of the file",
        settings=("deliver",),
        is_optional=True,
    ),
    StoreSpec(
        place="files that commands and the console write (`permit` and `/send`, `audience export`, `segments export`, "
        "`suppressions export`, `assign`, `contact export` and `bundle`)",
        purpose="Lists for who sends, calls, prints or advertises; copies for people who ask what is held of them",
        people="rows of a list as they came, addresses included, with what was answered; contact_ids of members, and "
        "who is closed; of one person all that is held",
        stays="until you delete them, and until whoever was given them does",
    ),
    StoreSpec(
        place="logs and metrics", purpose="To see how processes are", people="nobody", stays="as long as you keep them"
    ),
)
WITHOUT_PEOPLE = frozenset({"policy", "teams", "gateway", "console_turfs"})
"""Settings that name a file in which nobody is: what holds, when teams work, whose hooks there are, outlines."""
