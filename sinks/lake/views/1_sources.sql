-- What lies in the lake. `harmonia lake views` fills in where that is.

CREATE OR REPLACE VIEW lake_interactions AS
SELECT * FROM {interactions};

-- Into whom a contact was merged, by the latest snapshot; who is not in it is a person by itself.
CREATE OR REPLACE VIEW lake_links AS
SELECT contact_id, merged_into
FROM {contact_links}
WHERE "date" = (SELECT max("date") FROM {contact_links});

-- The profile of each contact, by the latest snapshot.
CREATE OR REPLACE VIEW lake_profiles AS
SELECT contact_id, "version", first_seen, last_seen, "profile"
FROM {contact_state}
WHERE "date" = (SELECT max("date") FROM {contact_state});

-- Since when an identifier that was erased counts again, by the SHA-256 of its fragment.
CREATE OR REPLACE VIEW lake_erasures AS
SELECT fragment_sha256, max("until") AS "until"
FROM {erasures}
WHERE fragment_sha256 IS NOT NULL
GROUP BY fragment_sha256;
